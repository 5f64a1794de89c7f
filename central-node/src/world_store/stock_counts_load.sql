select c.event_id, c.site_id, c.lines::text as lines, c.accepted
from unnest($3::uuid[]) as k (event_id)
join stock_count c on c.tenant_id = $1 and c.version = $2 and c.event_id = k.event_id
