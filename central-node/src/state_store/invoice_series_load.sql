select s.*
from unnest($3::text[], $4::uuid[], $5::smallint[]) as k (document, site_id, year)
cross join lateral (
    select s.document, s.site_id, s.year, s.last_number, s.skipped
    from invoice_series s
    where s.tenant_id = $1 and s.version = $2 and s.document = k.document and s.site_id = k.site_id and s.year = k.year
    offset 0
) s
