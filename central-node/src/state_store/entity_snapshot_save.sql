insert into entity_snapshot (tenant_id, version, entity_type, entity_id, entity_version, deleted, fields, provenance)
select h.tenant_id, $2, unnest($3::text[]), unnest($4::text[]), unnest($5::bigint[]), unnest($6::boolean[]), unnest($7::text[]::json[]),
       unnest($8::text[]::json[])
from tenant_head h
where h.tenant_id = $1
