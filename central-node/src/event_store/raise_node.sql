-- An epoch's row is created with its first record. The response to a push is built from the returned rows.
insert into node_head (tenant_id, node_id, epoch, epoch_id, last_seq, last_chain, frozen, last_push_at)
select h.tenant_id, unnest($2::uuid[]), unnest($3::int[]), unnest($4::uuid[]), unnest($5::bigint[]), unnest($6::bytea[]),
       unnest($7::boolean[]), $8::timestamptz
from tenant_head h
where h.tenant_id = $1
on conflict (tenant_id, node_id, epoch) do update
set last_seq = excluded.last_seq, last_chain = excluded.last_chain, frozen = excluded.frozen, last_push_at = excluded.last_push_at
returning node_id, epoch, epoch_id, last_seq, last_chain, frozen
