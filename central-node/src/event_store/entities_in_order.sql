-- A tenant's entities ($1, version $2) after the key $3, $4, whole and in key order: at most $5 of them, and at most $6 bytes
-- of fields together, but always one. $7: whether the reader sees open conflicts. The author is in the first $8 bytes of the
-- record of the last change, which is nearly always the record at the row's position.
select k.entity_type, k.entity_id, k.entity_version, k.deleted, k.fields, k.open_conflicts, k.position,
       case when k.position = k.entity_version then v.decision
            else (select e.decision from event e where e.tenant_id = $1 and e.position = k.position) end as decision,
       v.decision as updated_decision, substring(v.record for $8) as updated_record
from (
    select e.*, sum(e.bytes) over (order by e.entity_type collate "C", e.entity_id collate "C" rows unbounded preceding) as bytes_so_far
    from (
        select e.entity_type, e.entity_id, e.entity_version, e.deleted, e.fields::text as fields, e.open_conflicts::text as open_conflicts,
               case when $7::boolean then greatest(e.entity_version, e.conflicts_at) else e.entity_version end as position,
               octet_length(e.fields::text) as bytes
        from entity e
        where e.tenant_id = $1 and e.version = $2 and e.entity_version > 0
          and (e.entity_type collate "C", e.entity_id collate "C") > ($3::text collate "C", $4::text collate "C")
        order by e.entity_type collate "C", e.entity_id collate "C"
        limit $5
    ) e
) k
left join lateral (
    select v.decision, v.record from event v where v.tenant_id = $1 and v.position = k.entity_version offset 0
) v on true
where k.bytes_so_far <= $6::bigint or k.bytes_so_far = k.bytes
order by k.entity_type collate "C", k.entity_id collate "C"
