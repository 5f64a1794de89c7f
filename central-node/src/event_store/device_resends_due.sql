-- $1 tenant, $2 node; due after $3 and up to $4; $5 the types, null for all; $6 the most rows. The event of the last position may
-- not exist yet.
select r.entity_type, r.entity_id, r.position, v.decision
from device_resend r
left join lateral (select v.decision from event v where v.tenant_id = $1 and v.position = r.position offset 0) v on true
where r.tenant_id = $1 and r.node_id = $2 and r.position > $3 and r.position <= $4
  and ($5::text[] is null or r.entity_type = any ($5))
order by r.position
limit $6
