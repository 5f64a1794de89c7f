-- With the first $5 bytes of the record of each entity's last change, which contain its author: one more row of the log per
-- entity.
select e.*, v.decision as updated_decision, substring(v.record for $5) as updated_record
from unnest($3::text[], $4::text[]) as k (entity_type, entity_id)
cross join lateral (
    select e.entity_type, e.entity_id, e.entity_version, e.deleted, e.fields::text as fields, e.open_conflicts::text as open_conflicts,
           greatest(e.entity_version, e.conflicts_at) as touched
    from entity e
    where e.tenant_id = $1 and e.version = $2 and e.entity_type = k.entity_type and e.entity_id = k.entity_id
    offset 0
) e
left join lateral (
    select v.decision, v.record from event v where v.tenant_id = $1 and v.position = e.entity_version offset 0
) v on true
