-- Entities as they were, now and then: about one accepted change of 128 is kept with what it made of the entity. Whoever asks how an entity
-- stood at a position (a conflict shows what its node had) goes on from the last such row instead of reading its whole history.
-- A row never changes and says nothing that the log does not say: a rebuild writes its own.
create table entity_past (
    tenant_id      uuid not null,
    version        int not null,
    entity_type    text collate "C" not null,
    entity_id      text collate "C" not null,
    entity_version bigint not null,                  -- the accepted change after which it stood so
    deleted        boolean not null,
    fields         json not null,
    provenance     json not null,
    primary key (tenant_id, version, entity_type, entity_id, entity_version)
);
alter table entity_past enable row level security;
alter table entity_past force row level security;
create policy one_tenant on entity_past to comptoir_service, comptoir_owner
    using (tenant_id = (select nullif(current_setting('app.tenant', true), '')::uuid));
grant select, insert, delete on entity_past to comptoir_service;

-- What else a conflict is read from, by entity: resolutions, the edits that wait or waited, and edits that were set apart and may have been
-- released. All three are few among many.
create index event_resolution_of_entity on event (tenant_id, entity_type, entity_id, position)
    where action = 'CONFLICT_RESOLVED' and verdict = 'ACCEPTED';
create index event_in_conflict on event (tenant_id, entity_type, entity_id, position)
    where verdict = 'CONFLICT' and action in ('CREATE', 'UPDATE', 'DELETE');
create index event_set_apart on event (tenant_id, entity_type, entity_id, position)
    where verdict = 'QUARANTINED' and action in ('CREATE', 'UPDATE', 'DELETE');

-- Entities with a long history begin with how they stand now. The owner sees rows of every tenant for this one statement.
alter table entity no force row level security;
alter table event no force row level security;
alter table entity_past no force row level security;
insert into entity_past (tenant_id, version, entity_type, entity_id, entity_version, deleted, fields, provenance)
select e.tenant_id, e.version, e.entity_type, e.entity_id, e.entity_version, e.deleted, e.fields, e.provenance
from entity e
where e.entity_version > 0
  and exists (select from event v
              where v.tenant_id = e.tenant_id and v.entity_type = e.entity_type and v.entity_id = e.entity_id
                and v.action in ('CREATE', 'UPDATE', 'DELETE', 'CONFLICT_RESOLVED', 'QUARANTINE_RELEASED')
              order by v.position offset 128 limit 1);
alter table entity_past force row level security;
alter table event force row level security;
alter table entity force row level security;
