-- The last position received by a time. The batches narrow the search; in the batch that contains the time, each event's
-- receipt decides.
with before as (
    select last_position from ingest_batch where tenant_id = $1 and received_at <= $2 order by received_at desc limit 1
), after as (
    select last_position from ingest_batch where tenant_id = $1 and received_at > $2 order by received_at limit 1
)
select coalesce(max(position), (select last_position from before), 0)
from event
where tenant_id = $1 and received_at <= $2
  and position > coalesce((select last_position from before), 0)
  and position <= coalesce((select last_position from after), $3)
