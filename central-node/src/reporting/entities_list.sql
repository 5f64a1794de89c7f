select entity_type, entity_id, entity_version, deleted, fields::text as fields, open_conflicts::text as open_conflicts
from entity
where tenant_id = $1 and version = $2 and entity_type = $3
  and entity_version > 0 and not deleted                   -- version 0: only an open conflict knows of it
  and ($4::text is null or entity_id collate "C" > $4::text collate "C")
order by entity_id collate "C"
limit $5
