-- Inserts many rows at once. There is no `on conflict`, since accept() rejects a place that is already taken: a violation is
-- a defect, or a race that the tenant's lock should have prevented. An id that is already counted also rolls the transaction
-- back; the batch is then repeated with the ids looked up first (see ingest/batch.rs).
-- The arrays are unnested in the select list, which streams them: `from unnest(a, b, ...)` would first materialise each one.
insert into event (tenant_id, position, node_seq, received_at, effective_at, occurred_at, event_id, node_id, epoch, entity_type,
                   entity_id, action, site_id, verdict, code, chain, decision, record)
select h.tenant_id, unnest($2::bigint[]), unnest($3::bigint[]), unnest($4::timestamptz[]), unnest($5::timestamptz[]),
       unnest($6::timestamptz[]), unnest($7::uuid[]), unnest($8::uuid[]), unnest($9::int[]), unnest($10::text[]),
       unnest($11::text[]), unnest($12::text[]), unnest($13::uuid[]), unnest($14::text[]), unnest($15::text[]),
       unnest($16::bytea[]), unnest($17::bytea[]), unnest($18::bytea[])
from tenant_head h
where h.tenant_id = $1
