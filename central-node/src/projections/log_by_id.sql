-- Events that a release names. An id counts once: one row at most for each.
select position, entity_type, entity_id, action, chain, decision, record
from event
where tenant_id = $1 and event_id = any ($2) and verdict = 'QUARANTINED'
