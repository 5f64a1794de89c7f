insert into stock_count (tenant_id, version, event_id, site_id, lines, accepted)
select $1, $2, r.event_id, r.site_id, r.lines::json, r.accepted
from unnest($3::uuid[], $4::uuid[], $5::text[], $6::boolean[]) as r (event_id, site_id, lines, accepted)
on conflict (tenant_id, version, event_id) do update set accepted = excluded.accepted
