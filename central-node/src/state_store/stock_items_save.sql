-- The whole item is written, including its lots: it was loaded and changed under the tenant's lock. The first position never
-- changes.
-- The arrays are unnested in the select list, which streams them: see append.sql.
insert into stock_item (tenant_id, version, site_id, product, position, backordered, last_cost, consumed_quantity, consumed_cost, lots,
                        first_position)
select h.tenant_id, $2, unnest($3::uuid[]), unnest($4::text[]), unnest($5::bigint[]), unnest($6::text[]::numeric[]),
       unnest($7::text[]::numeric[]), unnest($8::text[]::numeric[]), unnest($9::text[]::numeric[]), unnest($10::text[]::json[]),
       unnest($11::bigint[])
from tenant_head h
where h.tenant_id = $1
on conflict (tenant_id, version, site_id, product) do update
set position = excluded.position, backordered = excluded.backordered, last_cost = excluded.last_cost,
    consumed_quantity = excluded.consumed_quantity, consumed_cost = excluded.consumed_cost, lots = excluded.lots
