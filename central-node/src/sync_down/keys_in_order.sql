-- The rows of one kind ($7) of a scope behind the key $8..$10, in the order of their keys, at most $11 of them: the branches of the other
-- kinds are never entered. Parameters else as in changed_keys.sql.
select k.kind, k.entity_type, k.entity_id, k.site_id, k.position, k.bytes,
       (select e.received_at from event e where e.tenant_id = $1 and e.position = k.position) as received_at
from (
    (select 0::smallint as kind, e.entity_type collate "C" as entity_type, e.entity_id collate "C" as entity_id,
            '00000000-0000-0000-0000-000000000000'::uuid as site_id,
            case when $12::boolean then greatest(e.entity_version, e.conflicts_at) else e.entity_version end as position,
            octet_length(e.fields::text) as bytes
     from entity e
     where $7::smallint = 0 and e.tenant_id = $1 and e.version = $2 and e.entity_version > 0
       and (e.entity_type collate "C", e.entity_id collate "C") > ($8::text collate "C", $9::text collate "C")
     order by e.entity_type collate "C", e.entity_id collate "C"
     limit $11)
    union all
    (select 1::smallint, 'DELIVERY' collate "C", d.delivery_id collate "C", '00000000-0000-0000-0000-000000000000'::uuid,
            d.position, 300
     from delivery d
     where $7::smallint = 1 and d.tenant_id = $1 and d.version = $3 and d.delivery_id collate "C" > $9::text collate "C"
     order by d.delivery_id collate "C"
     limit $11)
    union all
    (select 2::smallint, 'INVOICE' collate "C", i.invoice_id collate "C", '00000000-0000-0000-0000-000000000000'::uuid,
            i.position, 300
     from invoice i
     where $7::smallint = 2 and i.tenant_id = $1 and i.version = $4 and i.site_id = $6::uuid
       and i.invoice_id collate "C" > $9::text collate "C"
     order by i.invoice_id collate "C"
     limit $11)
    union all
    (select 3::smallint, 'STOCK' collate "C", s.product collate "C", s.site_id, s.position, 150
     from stock_item s
     where $7::smallint = 3 and s.tenant_id = $1 and s.version = $5 and s.site_id = $6::uuid
       and s.product collate "C" >= $9::text collate "C"
       and (s.product collate "C", s.site_id) > ($9::text collate "C", $10::uuid)
     order by s.product collate "C"
     limit $11)
    union all
    (select 3::smallint, 'STOCK' collate "C", s.product collate "C", s.site_id, s.position, 150
     from stock_item s
     where $7::smallint = 3 and s.tenant_id = $1 and s.version = $5 and s.site_id = '00000000-0000-0000-0000-000000000000'
       and s.product collate "C" >= $9::text collate "C"
       and (s.product collate "C", s.site_id) > ($9::text collate "C", $10::uuid)
     order by s.product collate "C"
     limit $11)
) k
order by k.kind, k.entity_type collate "C", k.entity_id collate "C", k.site_id
limit $11
