select q.event_id, q.released, e.node_id, e.record, e.decision
from unnest($3::uuid[]) as k (event_id)
join quarantine q on q.tenant_id = $1 and q.version = $2 and q.event_id = k.event_id
join event e on e.tenant_id = $1 and e.position = q.position
