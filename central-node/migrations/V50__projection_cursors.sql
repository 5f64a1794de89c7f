-- Who moves a projection's cursor, and what a projection could not apply.
--
-- A version is one complete set of a projection's rows. A rebuild fills a new version beside the one that is read; a switch changes which
-- one is read. Reporting projections and rebuilds move their cursor in the transaction that writes their rows.

alter table projection_version
    -- Up to where this version is complete. Deciding projections, while active, are complete to the head, and leave it at 0.
    add column position bigint not null default 0,
    -- The fence: raised by every new owner. Whoever finds another number here has lost the cursor and stops.
    add column owner_epoch bigint not null default 0,
    add column owner uuid,
    -- Until then nobody else tries. It saves work; the fence, not this time, keeps two owners apart.
    add column owned_until timestamptz not null default '-infinity';
-- Room for HOT updates: a cursor moves with every batch.
alter table projection_version set (fillfactor = 50);
-- A version that was dropped leaves no trace.
grant delete on projection_version to comptoir_service;

-- An event that could not be applied, and the later events of its entity, which wait behind it.
create table projection_parked (
    tenant_id   uuid not null,
    projection  text collate "C" not null,
    version     int not null,
    position    bigint not null,
    entity_type text not null collate "C",
    entity_id   text not null collate "C",
    reason      text not null,
    parked_at   timestamptz not null default now(),
    primary key (tenant_id, projection, version, position)
);
create index projection_parked_by_entity on projection_parked (tenant_id, projection, version, entity_type, entity_id);

alter table projection_parked enable row level security;
alter table projection_parked force row level security;
create policy one_tenant on projection_parked to comptoir_service, comptoir_owner
    using (tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid));
grant select, insert, delete on projection_parked to comptoir_service;
