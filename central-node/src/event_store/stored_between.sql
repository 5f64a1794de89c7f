-- Returns nothing for a push of new records only, whose range starts after the stored records.
select k.range, e.node_seq, e.chain, e.decision
from unnest($2::uuid[], $3::int[], $4::bigint[], $5::bigint[]) with ordinality as k (node_id, epoch, first, last, range)
cross join lateral (
    select e.node_seq, e.chain, e.decision
    from event e
    where e.tenant_id = $1 and e.node_id = k.node_id and e.epoch = k.epoch and e.node_seq between k.first and k.last
    offset 0
) e
order by k.range, e.node_seq
