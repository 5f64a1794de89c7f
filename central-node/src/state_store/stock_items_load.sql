-- Items by key. Numbers come as text, with the digits they were written with.
-- `lateral` and `offset 0`, here and in every look-up by keys: one probe of the index per key, whatever the planner believes of a table
-- that was empty when it planned. Left to itself it has read the whole table once per key.
select s.*
from unnest($3::uuid[], $4::text[]) as k (site_id, product)
cross join lateral (
    select s.site_id, s.product, s.position, s.backordered::text as backordered, s.last_cost::text as last_cost,
           s.consumed_quantity::text as consumed_quantity, s.consumed_cost::text as consumed_cost, s.lots::text as lots, s.first_position
    from stock_item s
    where s.tenant_id = $1 and s.version = $2 and s.site_id = k.site_id and s.product = k.product
    offset 0
) s
