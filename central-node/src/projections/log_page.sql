-- A stretch of a tenant's log, in the only order there is. `before` is what the records before one weigh: a page ends at a number of
-- positions or at a number of bytes, whichever comes first.
select position, entity_type, entity_id, action, chain, decision, record
from (
    select position, entity_type, entity_id, action, chain, decision, record,
           sum(octet_length(record)) over (order by position rows unbounded preceding) - octet_length(record) as before
    from event
    where tenant_id = $1 and position > $2 and position <= $3
      and verdict = any ($4)
      and ($5::text[] is null or action = any ($5))
) page
where before < $6::bigint
order by position
