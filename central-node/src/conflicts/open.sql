-- Which edit opened each conflict that waits, oldest first. The entities in conflict are few, and have an index of their own.
select v.position, c.event_id::uuid as event_id
from entity e
cross join lateral json_each_text(e.open_conflicts) as c (node_id, event_id)
join event v on v.tenant_id = e.tenant_id and v.event_id = c.event_id::uuid
    and v.verdict <> 'DUPLICATE' and v.code is distinct from 'EVENT_ID_REUSED'
where e.tenant_id = $1 and e.version = $2 and e.open_conflicts::text <> '{}'
  and ($3::text is null or e.entity_type = $3)
  and ($4::text is null or e.entity_id = $4)
  and ($5::uuid is null or v.node_id = $5)
  and v.position > $6
order by v.position
limit $7
