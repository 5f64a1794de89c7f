-- $1 tenant, $2 version of the entities, $3 and $4 types and ids, $5 the node of the client that asks.
select e.entity_type, e.entity_id,
       coalesce((select max(by.value::bigint) from json_each_text(coalesce(e.provenance -> 'changed_by', '{}')) by
                 where by.key <> $5::text), 0) as changed_by_others,
       e.provenance -> 'created' ->> 1 = $5::text as created_by_client,
       -- The CREATE by which it lives; one that waited in quarantine took effect when it was released. Else the first change there was.
       coalesce(
           (select case when v.verdict = 'ACCEPTED' then v.position else coalesce(
                (select min(r.position) from event r
                 where r.tenant_id = $1 and r.entity_type = 'QUARANTINE' and r.entity_id = v.event_id::text
                   and r.action = 'QUARANTINE_RELEASED' and r.verdict = 'ACCEPTED'), e.entity_version) end
            from event v
            where v.tenant_id = $1 and v.node_id = (e.provenance -> 'created' ->> 1)::uuid
              and v.epoch = (e.provenance -> 'created' ->> 2)::int and v.node_seq = (e.provenance -> 'created' ->> 3)::bigint),
           (select min(v.position)
            from event v
            where v.tenant_id = $1 and v.entity_type = e.entity_type and v.entity_id = e.entity_id and v.verdict = 'ACCEPTED'
              and v.action in ('CREATE', 'UPDATE', 'DELETE', 'CONFLICT_RESOLVED', 'QUARANTINE_RELEASED'))) as created_at
from unnest($3::text[], $4::text[]) as k (entity_type, entity_id)
join entity e on e.tenant_id = $1 and e.version = $2 and e.entity_type = k.entity_type and e.entity_id = k.entity_id
