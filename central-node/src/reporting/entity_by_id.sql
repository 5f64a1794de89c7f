select e.entity_type, e.entity_id, e.entity_version, e.deleted, e.fields::text as fields, e.open_conflicts::text as open_conflicts,
       v.node_id as updated_node, v.effective_at as updated_at, substring(v.record for $5) as updated_record
from entity e
left join event v on v.tenant_id = $1 and v.position = e.entity_version    -- who changed it last
where e.tenant_id = $1 and e.version = $2 and e.entity_type = $3 and e.entity_id = $4
  and e.entity_version > 0                                   -- version 0: only an open conflict knows of it
