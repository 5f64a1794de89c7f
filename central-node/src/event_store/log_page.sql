-- A part of a tenant's log in the order of positions, as stored. `before` is the size of the records before one: a page ends
-- at a number of positions or of bytes, whichever comes first.
select e.position, e.node_id, e.epoch, h.epoch_id, e.node_seq, e.event_id, e.entity_type, e.entity_id, e.action, e.site_id, e.verdict, e.code,
       e.occurred_at, e.effective_at, e.received_at, e.chain, e.decision, e.record
from (
    select e.*, sum(octet_length(e.record)) over (order by e.position rows unbounded preceding) - octet_length(e.record) as before
    from event e
    where e.tenant_id = $1 and e.position > $2 and e.position <= $3
) e
left join node_head h on h.tenant_id = e.tenant_id and h.node_id = e.node_id and h.epoch = e.epoch
where e.before < $4::bigint
order by e.position
