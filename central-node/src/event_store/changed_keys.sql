-- The rows of a scope that changed after ($7, key $8..$11), in the order of (position, key), at most $12 of them. The nil
-- site is the tenant's own. Each branch reads its index in order and stops; the outer query merges a few sorted lists.
-- $1 tenant; $2..$5 versions of entities, deliveries, invoices, stock; $6 the site, null if there is none; $13 whether the reader
-- sees open conflicts: then an entity is ordered by the last opening or closing of a conflict, if later than its own change; $14
-- the types that are wanted, null for all; $15 the node whose own invoices of no site are included, null if there is none.
select k.kind, k.entity_type, k.entity_id, k.site_id, k.position, k.bytes,
       (select e.decision from event e where e.tenant_id = $1 and e.position = k.position) as decision
from (
    (select 0::smallint as kind, e.entity_type collate "C" as entity_type, e.entity_id collate "C" as entity_id,
            '00000000-0000-0000-0000-000000000000'::uuid as site_id, e.entity_version as position,
            octet_length(e.fields::text) as bytes
     from entity e
     where not $13::boolean and e.tenant_id = $1 and e.version = $2 and e.entity_version >= $7
       and e.entity_version > 0                                     -- version 0: only an open conflict knows of it
       and ($14::text[] is null or e.entity_type = any ($14))
       and (e.entity_version > $7
            or (0::smallint, e.entity_type collate "C", e.entity_id collate "C")
               > ($8::smallint, $9::text collate "C", $10::text collate "C"))
     order by e.entity_version, e.entity_type, e.entity_id
     limit $12)
    union all
    (select 0::smallint, e.entity_type collate "C", e.entity_id collate "C", '00000000-0000-0000-0000-000000000000'::uuid,
            greatest(e.entity_version, e.conflicts_at), octet_length(e.fields::text)
     from entity e
     where $13::boolean and e.tenant_id = $1 and e.version = $2 and greatest(e.entity_version, e.conflicts_at) >= $7
       and e.entity_version > 0
       and ($14::text[] is null or e.entity_type = any ($14))
       and (greatest(e.entity_version, e.conflicts_at) > $7
            or (0::smallint, e.entity_type collate "C", e.entity_id collate "C")
               > ($8::smallint, $9::text collate "C", $10::text collate "C"))
     order by greatest(e.entity_version, e.conflicts_at), e.entity_type, e.entity_id
     limit $12)
    union all
    (select 1::smallint, 'DELIVERY' collate "C", d.delivery_id collate "C", '00000000-0000-0000-0000-000000000000'::uuid,
            d.position, 300
     from delivery d
     where d.tenant_id = $1 and d.version = $3 and d.position >= $7 and ($14::text[] is null or 'DELIVERY' = any ($14))
       and (d.position > $7 or (1::smallint, d.delivery_id collate "C") > ($8::smallint, $10::text collate "C"))
     order by d.position, d.delivery_id
     limit $12)
    union all
    (select 2::smallint, 'INVOICE' collate "C", i.invoice_id collate "C", '00000000-0000-0000-0000-000000000000'::uuid,
            i.position, 300
     from invoice i
     where i.tenant_id = $1 and i.version = $4 and i.site_id = $6::uuid and i.position >= $7
       and ($14::text[] is null or 'INVOICE' = any ($14))
       and (i.position > $7 or (2::smallint, i.invoice_id collate "C") > ($8::smallint, $10::text collate "C"))
     order by i.position, i.invoice_id
     limit $12)
    union all
    (select 2::smallint, 'INVOICE' collate "C", i.invoice_id collate "C", '00000000-0000-0000-0000-000000000000'::uuid,
            i.position, 300
     from invoice i
     where $15::uuid is not null and ($14::text[] is null or 'INVOICE' = any ($14))
       and i.tenant_id = $1 and i.version = $4 and i.site_id = '00000000-0000-0000-0000-000000000000' and i.position >= $7
       and (i.position > $7 or (2::smallint, i.invoice_id collate "C") > ($8::smallint, $10::text collate "C"))
       and exists (select from event o
                   where o.tenant_id = $1 and o.event_id = i.event_id and o.node_id = $15
                     and o.verdict <> 'DUPLICATE' and o.code is distinct from 'EVENT_ID_REUSED')
     order by i.position, i.invoice_id
     limit $12)
    union all
    (select 3::smallint, 'STOCK' collate "C", s.product collate "C", s.site_id, s.position, 150
     from stock_item s
     where s.tenant_id = $1 and s.version = $5 and s.site_id = $6::uuid and s.position >= $7
       and ($14::text[] is null or 'STOCK' = any ($14))
       and (s.position > $7
            or (3::smallint, s.product collate "C", s.site_id) > ($8::smallint, $10::text collate "C", $11::uuid))
     order by s.position, s.product
     limit $12)
    union all
    (select 3::smallint, 'STOCK' collate "C", s.product collate "C", s.site_id, s.position, 150
     from stock_item s
     where s.tenant_id = $1 and s.version = $5 and s.site_id = '00000000-0000-0000-0000-000000000000' and s.position >= $7
       and ($14::text[] is null or 'STOCK' = any ($14))
       and (s.position > $7
            or (3::smallint, s.product collate "C", s.site_id) > ($8::smallint, $10::text collate "C", $11::uuid))
     order by s.position, s.product
     limit $12)
) k
order by k.position, k.kind, k.entity_type collate "C", k.entity_id collate "C", k.site_id
limit $12
