-- Records of the branches that arrived second, with what the log has at their place. `offset 0` gives one index probe per record.
select f.node_id, n.name, f.epoch, h.epoch_id as held_epoch_id, f.epoch_id, f.node_seq, f.chain, f.record, f.received_at,
       o.epoch as open_epoch, e.position as held_position, e.chain as held_chain
from fork_record f
join node n on n.tenant_id = f.tenant_id and n.node_id = f.node_id
join node_head h on h.tenant_id = f.tenant_id and h.node_id = f.node_id and h.epoch = f.epoch
join lateral (
    select o.epoch from node_head o
    where o.tenant_id = $1 and o.node_id = f.node_id order by o.epoch desc limit 1
) o on true
left join lateral (
    select e.position, e.chain from event e
    where e.tenant_id = $1 and e.node_id = f.node_id and e.epoch = f.epoch and e.node_seq = f.node_seq
    offset 0
) e on true
where f.tenant_id = $1 and (f.node_id, f.epoch, f.epoch_id, f.node_seq, f.chain) > ($2, $3, $4, $5, $6)
order by f.node_id, f.epoch, f.epoch_id, f.node_seq, f.chain
limit $7
