-- What was decided after $2 and up to $3 about events that had been set apart or were in conflict. What was rejected, set apart
-- itself (its payload may not even read) or a duplicate changed nothing.
select e.position, e.record, e.decision
from event e
where e.tenant_id = $1 and e.action in ('QUARANTINE_RELEASED', 'CONFLICT_RESOLVED')
  and e.verdict not in ('REJECTED', 'QUARANTINED', 'DUPLICATE')
  and e.position > $2 and e.position <= $3
order by e.position
limit $4
