-- $1 tenant; $2..$4 types, ids on the client and the ids that central assigned instead; $5 the position up to which the
-- client has everything.
select k.entity_type, k.entity_id, f.first_position,
       (select e.decision from event e
        where e.tenant_id = $1 and e.entity_type = k.entity_type and e.entity_id = k.own_id
          and e.action in ('CREATE', 'UPDATE', 'DELETE', 'CONFLICT_RESOLVED', 'QUARANTINE_RELEASED') and e.position <= $5
        order by e.position limit 1) as own_decision
from unnest($2::text[], $3::text[], $4::text[]) k (entity_type, entity_id, own_id)
-- Not `exists`, which may be planned as one scan of the whole log.
cross join lateral (
    select min(e.position) as first_position from event e
    where e.tenant_id = $1 and e.entity_type = k.entity_type and e.entity_id = k.entity_id
      and e.action in ('CREATE', 'UPDATE', 'DELETE', 'CONFLICT_RESOLVED', 'QUARANTINE_RELEASED') and e.verdict = 'ACCEPTED'
) f
where f.first_position <= $5
