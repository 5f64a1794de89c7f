insert into stock_count (tenant_id, version, event_id, site_id, lines, accepted)
select h.tenant_id, $2, unnest($3::uuid[]), unnest($4::uuid[]), unnest($5::text[]::json[]), unnest($6::boolean[])
from tenant_head h
where h.tenant_id = $1
on conflict (tenant_id, version, event_id) do update set accepted = excluded.accepted
