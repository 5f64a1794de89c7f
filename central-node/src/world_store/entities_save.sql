insert into entity (tenant_id, version, entity_type, entity_id, entity_version, deleted, fields, provenance, open_conflicts)
select $1, $2, r.entity_type, r.entity_id, r.entity_version, r.deleted, r.fields::json, r.provenance::json, r.open_conflicts::json
from unnest($3::text[], $4::text[], $5::bigint[], $6::boolean[], $7::text[], $8::text[], $9::text[])
     as r (entity_type, entity_id, entity_version, deleted, fields, provenance, open_conflicts)
on conflict (tenant_id, version, entity_type, entity_id) do update
set entity_version = excluded.entity_version, deleted = excluded.deleted, fields = excluded.fields,
    provenance = excluded.provenance, open_conflicts = excluded.open_conflicts
