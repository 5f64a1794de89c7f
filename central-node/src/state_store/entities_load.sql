select e.*
from unnest($3::text[], $4::text[]) as k (entity_type, entity_id)
cross join lateral (
    select e.entity_type, e.entity_id, e.entity_version, e.deleted, e.fields::text as fields, e.provenance::text as provenance,
           e.open_conflicts::text as open_conflicts, e.conflicts_at
    from entity e
    where e.tenant_id = $1 and e.version = $2 and e.entity_type = k.entity_type and e.entity_id = k.entity_id
    offset 0
) e
