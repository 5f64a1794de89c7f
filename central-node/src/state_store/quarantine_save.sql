insert into quarantine (tenant_id, version, event_id, position, released)
select $1, $2, r.event_id, r.position, r.released
from unnest($3::uuid[], $4::bigint[], $5::boolean[]) as r (event_id, position, released)
on conflict (tenant_id, version, event_id) do update set released = excluded.released
