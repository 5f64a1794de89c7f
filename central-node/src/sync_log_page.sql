select tenant_id, sync_id, client, direction, events_count, conflicts_count, failed_count, status, contract, batch_id, started_at,
       completed_at, clock_offset_micros, error
from sync_log
where tenant_id = $1
  and ($2::text is null or client = $2)
  and ($3::text is null or status = $3)
  and ($4::timestamptz is null or (started_at, sync_id) < ($4, $5::uuid))
order by started_at desc, sync_id desc
limit $6
