-- Items by key. Numbers are returned as text, with their original digits.
-- `lateral` and `offset 0`, here and in every lookup by keys: one index probe per key, even if the plan was made while the
-- table was empty. Otherwise the planner has scanned the whole table once per key.
select s.*
from unnest($3::uuid[], $4::text[]) as k (site_id, product)
cross join lateral (
    select s.site_id, s.product, s.position, s.backordered::text as backordered, s.last_cost::text as last_cost,
           s.consumed_quantity::text as consumed_quantity, s.consumed_cost::text as consumed_cost, s.lots::text as lots, s.first_position
    from stock_item s
    where s.tenant_id = $1 and s.version = $2 and s.site_id = k.site_id and s.product = k.product
    offset 0
) s
