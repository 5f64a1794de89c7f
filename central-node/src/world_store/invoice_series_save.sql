insert into invoice_series (tenant_id, version, document, site_id, year, last_number)
select $1, $2, r.document, r.site_id, r.year, r.last_number
from unnest($3::text[], $4::uuid[], $5::smallint[], $6::bigint[]) as r (document, site_id, year, last_number)
on conflict (tenant_id, version, document, site_id, year) do update set last_number = excluded.last_number
