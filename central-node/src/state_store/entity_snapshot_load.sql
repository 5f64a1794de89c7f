-- The entity at a position or some changes earlier; the log has the rest. A snapshot has no conflicts.
select entity_type, entity_id, entity_version, deleted, fields::text as fields, provenance::text as provenance,
       '{}' as open_conflicts, 0::bigint as conflicts_at
from entity_snapshot
where tenant_id = $1 and version = $2 and entity_type = $3 and entity_id = $4 and entity_version <= $5
order by entity_version desc
limit 1
