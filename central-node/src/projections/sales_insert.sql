-- One statement for all lines of a page. Numbers travel as text, so that no digit is lost on the way.
insert into sales_line (tenant_id, version, position, line, kind, day, site_id, product, country, customer, user_name, entity_id,
                        quantity, amount, amount_minor, currency)
select $1, $2, position, line, kind, day::date, site_id, product, country, customer, user_name, entity_id,
       quantity::numeric, amount::numeric, amount_minor, currency
from unnest($3::bigint[], $4::int[], $5::text[], $6::text[], $7::uuid[], $8::text[], $9::text[], $10::text[], $11::text[],
            $12::text[], $13::text[], $14::text[], $15::bigint[], $16::text[])
    as row (position, line, kind, day, site_id, product, country, customer, user_name, entity_id,
            quantity, amount, amount_minor, currency)
