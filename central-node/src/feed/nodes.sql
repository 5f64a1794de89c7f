-- The nodes of a tenant: what is held of their logs, their clocks at their last push, their last pull.
select n.node_id, n.site_id, n.name, h.epoch, h.last_seq, h.frozen, h.last_push_at, b.clock_offset_micros,
       p.last_pull_at, p.pulled_to, n.revoked_at, n.wiped_at, (n.wipe_proof ->> 'unsent')::bigint as unsent,
       exists (select from restore_window b where b.tenant_id = $1 and b.node_id = n.node_id) as restore_pending
from node n
left join lateral (
    select h.epoch, h.last_seq, h.frozen, h.last_push_at from node_head h
    where h.tenant_id = $1 and h.node_id = n.node_id order by h.epoch desc limit 1
) h on true
left join lateral (
    select b.clock_offset_micros from ingest_batch b
    where b.tenant_id = $1 and b.node_id = n.node_id order by b.first_position desc limit 1
) b on true
left join node_pull p on p.tenant_id = $1 and p.node_id = n.node_id
where n.tenant_id = $1
order by n.name, n.node_id
