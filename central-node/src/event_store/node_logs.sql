-- The requested nodes and central's own, with every epoch of each; one row without an epoch before a node's first push.
select n.node_id, n.public_key, n.revoked_position, h.epoch, h.epoch_id, h.last_seq, h.last_chain, h.frozen
from node n
left join node_head h on h.tenant_id = n.tenant_id and h.node_id = n.node_id
where n.tenant_id = $1
  and n.node_id = any ($2::uuid[] || (select t.central_node from tenant t where t.tenant_id = $1))
order by n.node_id, h.epoch
