select e.*, v.decision as updated_decision, substring(v.record for $4) as updated_record
from (
    select entity_type, entity_id, entity_version, deleted, fields::text as fields, open_conflicts::text as open_conflicts
    from entity
    where tenant_id = $1 and version = $2 and entity_type = $3
      and entity_version > 0 and not deleted                   -- version 0: only an open conflict knows of it
      and ($5::text is null or entity_id collate "C" > $5::text collate "C")
    order by entity_id collate "C"
    limit $6
) e
left join lateral (                                           -- who changed it last
    select v.decision, v.record from event v where v.tenant_id = $1 and v.position = e.entity_version offset 0
) v on true
order by e.entity_id collate "C"
