-- Items by key. Numbers come as text, with the digits they were written with.
select s.site_id, s.product, s.position, s.short::text as short, s.last_cost::text as last_cost,
       s.taken_quantity::text as taken_quantity, s.taken_cost::text as taken_cost, s.lots::text as lots
from unnest($3::uuid[], $4::text[]) as k (site_id, product)
join stock_item s on s.tenant_id = $1 and s.version = $2 and s.site_id = k.site_id and s.product = k.product
