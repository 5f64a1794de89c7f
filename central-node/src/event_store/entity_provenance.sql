-- $1 tenant; $2 version of the entities; $3 and $4 types and ids; $5 the node of the requesting client; $6 the position up to
-- which the client has everything.
-- Values for conditions on the log are computed beforehand: with row-level security a condition that reads JSON cannot use
-- the index.
select e.entity_type, e.entity_id,
       coalesce((select max(by.value::bigint) from json_each_text(coalesce(e.provenance -> 'changed_by', '{}')) by
                 where by.key <> $5::uuid::text), 0) as changed_by_others,
       e.created_node = $5 as created_by_client,
       (e.provenance -> 'changed_by' ->> $5::uuid::text) is not null as changed_by_client,
       -- A removed field has no value, but a stamp of its removal.
       array(select json_object_keys(e.provenance -> 'stamps') except select json_object_keys(e.fields)) as removed,
       -- Not `exists`, which may be planned as one scan of the whole log.
       coalesce((select min(v.position) from event v
                 where v.tenant_id = $1 and v.entity_type = e.entity_type and v.entity_id = e.entity_id and v.verdict = 'ACCEPTED'
                   and v.action in ('CREATE', 'UPDATE', 'DELETE', 'CONFLICT_RESOLVED', 'QUARANTINE_RELEASED')) <= $6, false) as was_there,
       -- It created the entity too, with the same content.
       (select count(*) from event v
        where v.tenant_id = $1 and v.entity_type = e.entity_type and v.entity_id = e.entity_id and v.verdict = 'SUPERSEDED'
          and v.action = 'CREATE' and v.node_id = $5) > 0 as created_too,
       w.edits > 0 as waited, w.deleted_at,
       -- The entity's CREATE; a quarantined one took effect at its release. Without a CREATE, the first change.
       coalesce(
           case when v.verdict = 'ACCEPTED' then v.position
                when v.position is not null then coalesce(
                    (select min(r.position) from event r
                     where r.tenant_id = $1 and r.entity_type = 'QUARANTINE' and r.entity_id = v.event_name
                       and r.action = 'QUARANTINE_RELEASED' and r.verdict = 'ACCEPTED'), e.entity_version) end,
           (select min(v.position)
            from event v
            where v.tenant_id = $1 and v.entity_type = e.entity_type and v.entity_id = e.entity_id and v.verdict = 'ACCEPTED'
              and v.action in ('CREATE', 'UPDATE', 'DELETE', 'CONFLICT_RESOLVED', 'QUARANTINE_RELEASED'))) as created_at
from unnest($3::text[], $4::text[]) as k (entity_type, entity_id)
cross join lateral (
    select e.entity_type, e.entity_id, e.entity_version, e.fields, e.provenance, (e.provenance -> 'created' ->> 1)::uuid as created_node,
           (e.provenance -> 'created' ->> 2)::int as created_epoch, (e.provenance -> 'created' ->> 3)::bigint as created_seq
    from entity e
    where e.tenant_id = $1 and e.version = $2 and e.entity_type = k.entity_type and e.entity_id = k.entity_id
    offset 0
) e
left join lateral (
    select v.verdict, v.position, v.event_id::text as event_name
    from event v
    where v.tenant_id = $1 and v.node_id = e.created_node and v.epoch = e.created_epoch and v.node_seq = e.created_seq
    offset 0
) v on true
-- The client's own edits of the entity that are or were in conflict.
cross join lateral (
    select count(*) as edits, max(v.position) filter (where v.action = 'DELETE') as deleted_at
    from event v
    where v.tenant_id = $1 and v.entity_type = e.entity_type and v.entity_id = e.entity_id and v.verdict = 'CONFLICT'
      and v.action in ('CREATE', 'UPDATE', 'DELETE') and v.node_id = $5
) w
