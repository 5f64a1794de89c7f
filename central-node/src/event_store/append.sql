-- All rows of a transaction at once. No `on conflict`: accept() and the look-up of known ids let nothing through that is held already,
-- so a violation is a defect or a race that the tenant's lock should have prevented, and must undo the transaction.
insert into event (tenant_id, position, node_seq, received_at, effective_at, occurred_at, event_id, node_id, epoch, entity_type,
                   entity_id, action, verdict, code, chain, decision, record)
select $1, r.*
from unnest($2::bigint[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::uuid[], $8::uuid[], $9::int[],
            $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::bytea[], $16::bytea[], $17::bytea[])
     as r (position, node_seq, received_at, effective_at, occurred_at, event_id, node_id, epoch, entity_type, entity_id, action,
           verdict, code, chain, decision, record)
