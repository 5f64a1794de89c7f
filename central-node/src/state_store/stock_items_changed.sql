-- Items that changed after a position, with their lots. Numbers are returned as text, with their original digits.
select site_id, product, position, backordered::text as backordered, last_cost::text as last_cost, consumed_quantity::text as consumed_quantity,
       consumed_cost::text as consumed_cost, lots::text as lots, first_position
from stock_item
where tenant_id = $1 and version = $2
  and position > $3
  and ($4::uuid is null or site_id = $4)
  and ($5::text is null or product = $5)
order by site_id, product collate "C"
limit $6
