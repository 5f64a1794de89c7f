-- Quantities as a node may know them: no lots, no costs.
select s.*
from unnest($3::uuid[], $4::text[]) as k (site_id, product)
cross join lateral (
    select s.site_id, s.product, s.position, s.backordered::text as backordered,
           (coalesce((select sum((lot ->> 'quantity')::numeric) from json_array_elements(s.lots) lot), 0) - s.backordered)::text as quantity
    from stock_item s
    where s.tenant_id = $1 and s.version = $2 and s.site_id = k.site_id and s.product = k.product
    offset 0
) s
