-- After a restore: until the nodes that are waited for have handed back, nothing new is decided that could take what one of them was
-- promised. The flag stands in the row that each ingest transaction locks anyway.
alter table tenant_head add column handing_back boolean not null default false;

-- Whom it waits for. The last one to leave ends the window.
create table handing_back (
    tenant_id uuid not null,
    node_id   uuid not null,
    since     timestamptz not null default now(),
    primary key (tenant_id, node_id),
    constraint handing_back_of_node foreign key (tenant_id, node_id) references node (tenant_id, node_id)
);
alter table handing_back enable row level security;
alter table handing_back force row level security;
create policy one_tenant on handing_back to comptoir_service, comptoir_owner
    using (tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid));
grant select, insert, delete on handing_back to comptoir_service;
