select t.site_id, t.sale, t.product, t.quantity::text as quantity, t.cost::text as cost
from unnest($3::uuid[], $4::text[], $5::text[]) as k (site_id, sale, product)
join stock_taken t on t.tenant_id = $1 and t.version = $2
                  and t.site_id = k.site_id and t.sale = k.sale and t.product = k.product
