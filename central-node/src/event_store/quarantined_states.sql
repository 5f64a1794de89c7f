select e.*
from unnest($3::uuid[]) as k (event_id)
cross join lateral (
    select q.event_id, q.released, q.position
    from quarantine q
    where q.tenant_id = $1 and q.version = $2 and q.event_id = k.event_id
    offset 0
) q
cross join lateral (
    select q.event_id, q.released, e.record, e.decision
    from event e
    where e.tenant_id = $1 and e.position = q.position
    offset 0
) e
