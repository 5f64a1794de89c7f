insert into invoice_series (tenant_id, version, document, site_id, year, last_number, skipped)
-- An array of arrays is a matrix, not a list of lists, so each list is passed as text.
select h.tenant_id, $2, r.document, r.site_id, r.year, r.last_number, r.skipped::bigint[]
from tenant_head h
cross join unnest($3::text[], $4::uuid[], $5::smallint[], $6::bigint[], $7::text[]) as r (document, site_id, year, last_number, skipped)
where h.tenant_id = $1
on conflict (tenant_id, version, document, site_id, year) do update
set last_number = excluded.last_number, skipped = excluded.skipped
