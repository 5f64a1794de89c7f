-- The arrays are unnested in the select list, which streams them: see append.sql.
insert into entity (tenant_id, version, entity_type, entity_id, entity_version, deleted, fields, provenance, open_conflicts, conflicts_at)
select h.tenant_id, $2, unnest($3::text[]), unnest($4::text[]), unnest($5::bigint[]), unnest($6::boolean[]), unnest($7::text[]::json[]),
       unnest($8::text[]::json[]), unnest($9::text[]::json[]), unnest($10::bigint[])
from tenant_head h
where h.tenant_id = $1
on conflict (tenant_id, version, entity_type, entity_id) do update
set entity_version = excluded.entity_version, deleted = excluded.deleted, fields = excluded.fields,
    provenance = excluded.provenance, open_conflicts = excluded.open_conflicts, conflicts_at = excluded.conflicts_at
