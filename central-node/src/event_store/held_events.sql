-- The condition is that of the index event_id_counts_once. `lateral` and `offset 0` give one index probe per id.
select e.*
from unnest($2::uuid[]) as k (event_id)
cross join lateral (
    select e.event_id, e.node_seq, e.chain, e.record, e.decision
    from event e
    where e.tenant_id = $1 and e.event_id = k.event_id
      and e.verdict <> 'DUPLICATE' and e.code is distinct from 'EVENT_ID_REUSED'
    offset 0
) e
