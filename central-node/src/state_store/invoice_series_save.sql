insert into invoice_series (tenant_id, version, document, site_id, year, last_number, skipped)
-- A list of lists is no array, so each list travels as text.
select h.tenant_id, $2, r.document, r.site_id, r.year, r.last_number, r.skipped::bigint[]
from tenant_head h
cross join unnest($3::text[], $4::uuid[], $5::smallint[], $6::bigint[], $7::text[]) as r (document, site_id, year, last_number, skipped)
where h.tenant_id = $1
on conflict (tenant_id, version, document, site_id, year) do update
set last_number = excluded.last_number, skipped = excluded.skipped
