-- The whole item is written, lots and all: it was loaded and changed under the tenant's lock.
insert into stock_item (tenant_id, version, site_id, product, position, short, last_cost, taken_quantity, taken_cost, lots)
select $1, $2, r.site_id, r.product, r.position, r.short::numeric, r.last_cost::numeric, r.taken_quantity::numeric,
       r.taken_cost::numeric, r.lots::json
from unnest($3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
     as r (site_id, product, position, short, last_cost, taken_quantity, taken_cost, lots)
on conflict (tenant_id, version, site_id, product) do update
set position = excluded.position, short = excluded.short, last_cost = excluded.last_cost,
    taken_quantity = excluded.taken_quantity, taken_cost = excluded.taken_cost, lots = excluded.lots
