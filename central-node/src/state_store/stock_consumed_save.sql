-- The arrays are unnested in the select list, which streams them: see append.sql.
insert into stock_consumed (tenant_id, version, site_id, sale, lines)
select h.tenant_id, $2, unnest($3::uuid[]), unnest($4::text[]), unnest($5::text[]::json[])
from tenant_head h
where h.tenant_id = $1
on conflict (tenant_id, version, site_id, sale) do update set lines = excluded.lines
