select count(*) as syncs,
       count(*) filter (where status = 'SUCCESS') as succeeded,
       count(*) filter (where status = 'PARTIAL') as partial,
       count(*) filter (where status = 'FAILED') as failed,
       count(distinct client) as clients,
       coalesce(sum(events_count), 0)::bigint as events,
       coalesce(sum(conflicts_count), 0)::bigint as conflicts,
       coalesce(round(avg(extract(epoch from completed_at - started_at)) * 1000), 0)::bigint as mean_duration,
       max(started_at) as last_at
from sync_log
where tenant_id = $1
  and ($2::text is null or client = $2)
  and ($3::text is null or status = $3)
