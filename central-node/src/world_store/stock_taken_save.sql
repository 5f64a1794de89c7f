insert into stock_taken (tenant_id, version, site_id, sale, lines)
select $1, $2, r.site_id, r.sale, r.lines::json
from unnest($3::uuid[], $4::text[], $5::text[]) as r (site_id, sale, lines)
on conflict (tenant_id, version, site_id, sale) do update set lines = excluded.lines
