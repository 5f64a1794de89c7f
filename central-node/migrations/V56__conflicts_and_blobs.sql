-- Conflicts are read from what is there already: which are open stands with their entities, who edited what stands in the log. These
-- indexes make both cheap to find. Sales, receptions and validations are in none of them.

-- What was written about an entity made of fields: its history, and the edits that wait or waited for a person.
create index event_of_entity on event (tenant_id, entity_type, entity_id, position)
    where action in ('CREATE', 'UPDATE', 'DELETE', 'CONFLICT_RESOLVED', 'QUARANTINE_RELEASED');

-- What people decided.
create index event_resolution on event (tenant_id, position) where action = 'CONFLICT_RESOLVED' and verdict = 'ACCEPTED';

-- Entities about which a conflict is open: few among many.
create index entity_in_conflict on entity (tenant_id, version, entity_type, entity_id) where open_conflicts::text <> '{}';

-- Signatures and photos, by the BLAKE3 of their bytes, in chunks: in the database, so that every central process has them and one backup
-- holds the events and the files they name. All chunks of a file are written in one transaction, so a file is there whole or not at all.
create table blob (
    tenant_id uuid not null references tenant (tenant_id),
    hash      bytea not null check (length(hash) = 32),
    chunk     int not null check (chunk >= 0),
    bytes     bytea not null,
    primary key (tenant_id, hash, chunk)
);
-- Photos are compressed already.
alter table blob alter column bytes set storage external;
alter table blob enable row level security;
alter table blob force row level security;
create policy one_tenant on blob to comptoir_service, comptoir_owner
    using (tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid));
-- A file never changes: its name is its hash.
grant select, insert on blob to comptoir_service;
