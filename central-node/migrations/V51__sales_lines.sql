-- Projection `sales`, which follows the log: one row per line of an accepted sale, refund, write-off or adjustment. Rows are only ever
-- added, so the lines up to a position are the same for ever.

create table sales_line (
    tenant_id    uuid not null,
    version      int not null,
    position     bigint not null,                    -- of the event, or of the release that let it take effect
    line         int not null,                       -- which line of the event, from 0
    kind         text not null check (kind in ('SALE', 'REFUND', 'WRITE_OFF', 'ADJUSTMENT')),
    day          date not null,                      -- in the tenant's zone; never later than receipt
    site_id      uuid,
    product      text collate "C",
    country      text collate "C",
    customer     text collate "C",
    user_name    text collate "C",
    entity_id    text not null collate "C",
    quantity     numeric not null,                   -- negative where goods came back; what was written off is positive
    amount       numeric not null,                   -- major units, tax included, unrounded; negative where money went back
    amount_minor bigint not null,                    -- minor units, rounded as the line was printed
    currency     text not null collate "C",
    primary key (tenant_id, version, position, line)
);
-- Reports ask for days, and lines come nearly in the order of their days: a few pages of block ranges do what a tree of every line would.
create index sales_line_by_day on sales_line using brin (tenant_id, version, day) with (autosummarize = on);

alter table sales_line enable row level security;
alter table sales_line force row level security;
create policy one_tenant on sales_line to comptoir_service, comptoir_owner
    using (tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid));
create policy own_tenants on sales_line for select to comptoir_readonly
    using (tenant_id = any (array(select r.tenant_id from reader r where r.role_name = current_user)));
grant select on sales_line to comptoir_readonly;
-- A version can be thrown away; a row is never changed.
grant select, insert, delete on sales_line to comptoir_service;
