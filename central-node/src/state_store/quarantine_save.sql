insert into quarantine (tenant_id, version, event_id, position, released)
select h.tenant_id, $2, unnest($3::uuid[]), unnest($4::bigint[]), unnest($5::boolean[])
from tenant_head h
where h.tenant_id = $1
on conflict (tenant_id, version, event_id) do update set released = excluded.released
