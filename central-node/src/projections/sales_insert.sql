-- One statement for all lines of a page. Numbers are passed as text, so that no digit is lost.
-- The arrays are unnested in the select list, which streams them: see append.sql.
insert into sales_line (tenant_id, version, position, line, kind, day, site_id, product, country, customer, user_name, entity_id,
                        quantity, amount, amount_minor, currency, time_unsure)
select h.tenant_id, $2, unnest($3::bigint[]), unnest($4::int[]), unnest($5::text[]), unnest($6::text[]::date[]), unnest($7::uuid[]),
       unnest($8::text[]), unnest($9::text[]), unnest($10::text[]), unnest($11::text[]), unnest($12::text[]),
       unnest($13::text[]::numeric[]), unnest($14::text[]::numeric[]), unnest($15::bigint[]), unnest($16::text[]),
       unnest($17::boolean[])
from tenant_head h
where h.tenant_id = $1
