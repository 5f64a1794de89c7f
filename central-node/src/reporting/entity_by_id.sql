select entity_type, entity_id, entity_version, deleted, fields::text as fields, open_conflicts::text as open_conflicts
from entity
where tenant_id = $1 and version = $2 and entity_type = $3 and entity_id = $4
  and entity_version > 0                                   -- version 0: only an open conflict knows of it
