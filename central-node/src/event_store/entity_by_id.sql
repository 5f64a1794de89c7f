-- The key is looked up first, alone; the joins then apply to the row found.
select e.*, v.decision as updated_decision, substring(v.record for $5) as updated_record
from (
    select e.entity_type, e.entity_id, e.entity_version, e.deleted, e.fields::text as fields, e.open_conflicts::text as open_conflicts
    from entity e
    where e.tenant_id = $1 and e.version = $2 and e.entity_type = $3 and e.entity_id = $4
    offset 0
) e
left join lateral (                                           -- who changed it last
    select v.decision, v.record from event v where v.tenant_id = $1 and v.position = e.entity_version offset 0
) v on true
where e.entity_version > 0                                     -- version 0: only an open conflict knows of it
