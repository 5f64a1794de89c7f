-- Pull: what changed after a position, for one site. The rows themselves are the read models'; these indexes give them in the order of
-- their last change, and bootstrap in the order of their keys.

create index entity_by_change on entity (tenant_id, version, entity_version);
create index delivery_by_change on delivery (tenant_id, version, position);
-- A node sees its own site's documents and stock: the site leads, so that other sites' sales cost it nothing.
create index invoice_by_change on invoice (tenant_id, version, site_id, position);
create index invoice_of_site on invoice (tenant_id, version, site_id, invoice_id);
create index stock_by_change on stock_item (tenant_id, version, site_id, position);

-- What was decided later about an event that had been set apart or was in conflict: few among many.
create index event_notice on event (tenant_id, position) where action in ('QUARANTINE_RELEASED', 'CONFLICT_RESOLVED');

-- Each node's last contact, with the offset of its clock.
create index ingest_batch_of_node on ingest_batch (tenant_id, node_id, first_position);

-- When a node last pulled, and up to where it had everything: written once a minute at most, so that quiet nodes cost no writes.
create table node_pull (
    tenant_id    uuid not null,
    node_id      uuid not null,
    last_pull_at timestamptz not null,
    pulled_to    bigint not null,
    primary key (tenant_id, node_id),
    constraint node_pull_of_node foreign key (tenant_id, node_id) references node (tenant_id, node_id)
) with (fillfactor = 50);
alter table node_pull enable row level security;
alter table node_pull force row level security;
create policy one_tenant on node_pull to comptoir_service, comptoir_owner
    using (tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid));
grant select, insert, update on node_pull to comptoir_service;
