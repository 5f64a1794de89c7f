-- An epoch's row appears with its first record. The answer to a push is built from what comes back.
insert into node_head (tenant_id, node_id, epoch, epoch_id, last_seq, last_chain, frozen, last_push_at)
select $1, r.*, $8
from unnest($2::uuid[], $3::int[], $4::uuid[], $5::bigint[], $6::bytea[], $7::boolean[])
     as r (node_id, epoch, epoch_id, last_seq, last_chain, frozen)
on conflict (tenant_id, node_id, epoch) do update
set last_seq = excluded.last_seq, last_chain = excluded.last_chain, frozen = excluded.frozen, last_push_at = excluded.last_push_at
returning node_id, epoch, epoch_id, last_seq, last_chain, frozen
