insert into stock_taken (tenant_id, version, site_id, sale, product, quantity, cost)
select $1, $2, r.site_id, r.sale, r.product, r.quantity::numeric, r.cost::numeric
from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[]) as r (site_id, sale, product, quantity, cost)
on conflict (tenant_id, version, site_id, sale, product) do update
set quantity = excluded.quantity, cost = excluded.cost
