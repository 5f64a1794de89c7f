-- A sale's row contains all its products.
select t.*
from unnest($3::uuid[], $4::text[]) as k (site_id, sale)
cross join lateral (
    select t.site_id, t.sale, t.lines::text as lines
    from stock_consumed t
    where t.tenant_id = $1 and t.version = $2 and t.site_id = k.site_id and t.sale = k.sale
    offset 0
) t
