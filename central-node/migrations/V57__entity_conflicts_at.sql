-- When a conflict about an entity was last opened or closed: a node that is shown open conflicts pulls the entity again, although it did
-- not change and its version stays. Zero where there never was one.
alter table entity add column conflicts_at bigint not null default 0;

-- What the log says of the conflicts so far, as a rebuild would find it. The owner sees rows of every tenant for this one statement.
alter table entity no force row level security;
alter table event no force row level security;
with happened as (
    select v.tenant_id, v.entity_type, v.entity_id, v.position
    from event v
    where v.action = 'CONFLICT_RESOLVED' and v.verdict = 'ACCEPTED'
    union all
    -- What opened those that are open: the edit, or its release from quarantine. Of a closed one the closing came later.
    select e.tenant_id, e.entity_type, e.entity_id, v.position
    from entity e
    cross join lateral json_each_text(e.open_conflicts) c (node_id, event_id)
    join event v on v.tenant_id = e.tenant_id and v.verdict = 'CONFLICT'
        and (v.event_id = c.event_id::uuid
             or (v.action = 'QUARANTINE_RELEASED' and v.entity_type = 'QUARANTINE' and v.entity_id = c.event_id))
    where e.open_conflicts::text <> '{}'
)
update entity e
set conflicts_at = h.position
from (select tenant_id, entity_type, entity_id, max(position) as position from happened group by 1, 2, 3) h
where h.tenant_id = e.tenant_id and h.entity_type = e.entity_type and h.entity_id = e.entity_id;
alter table event force row level security;
alter table entity force row level security;

-- Devices are not shown conflicts and go on by entity_by_change.
create index entity_by_touch on entity (tenant_id, version, greatest(entity_version, conflicts_at));
