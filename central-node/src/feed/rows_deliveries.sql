select d.*
from unnest($3::text[]) as k (delivery_id)
cross join lateral (
    select d.*
    from delivery d
    where d.tenant_id = $1 and d.version = $2 and d.delivery_id = k.delivery_id
    offset 0
) d
