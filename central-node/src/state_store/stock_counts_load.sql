select c.*
from unnest($3::uuid[]) as k (event_id)
cross join lateral (
    select c.event_id, c.site_id, c.lines::text as lines, c.accepted
    from stock_count c
    where c.tenant_id = $1 and c.version = $2 and c.event_id = k.event_id
    offset 0
) c
