-- The edit that opened each open conflict, oldest first. The entities in conflict are few, and have their own index.
-- An event is looked up by a precomputed value: with row-level security a condition that reads JSON cannot use the index.
select v.position, c.event_id
from entity e
cross join lateral (
    select c.event_id::uuid as event_id from json_each_text(e.open_conflicts) as c (node_id, event_id) offset 0
) c
cross join lateral (
    select v.position, v.node_id, v.site_id
    from event v
    where v.tenant_id = $1 and v.event_id = c.event_id and v.verdict <> 'DUPLICATE' and v.code is distinct from 'EVENT_ID_REUSED'
    offset 0
) v
where e.tenant_id = $1 and e.version = $2 and e.open_conflicts::text <> '{}'
  and ($3::text is null or e.entity_type = $3)
  and ($4::text is null or e.entity_id = $4)
  and ($5::uuid is null or v.node_id = $5)
  and ($8::uuid[] is null or v.site_id = any($8))
  and v.position > $6
order by v.position
limit $7
