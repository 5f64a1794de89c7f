-- The rows of one kind ($6: deliveries, invoices or stock) of a scope after the key $7, $8, in key order, at most $9 of them.
-- The branches of the other kinds are never executed. $1 tenant; $2..$4 versions of deliveries, invoices, stock; $5 the site.
select k.kind, k.entity_type, k.entity_id, k.site_id, k.position, k.bytes,
       (select e.decision from event e where e.tenant_id = $1 and e.position = k.position) as decision
from (
    (select 1::smallint as kind, 'DELIVERY' collate "C" as entity_type, d.delivery_id collate "C" as entity_id,
            '00000000-0000-0000-0000-000000000000'::uuid as site_id, d.position as position, 300 as bytes
     from delivery d
     where $6::smallint = 1 and d.tenant_id = $1 and d.version = $2 and d.delivery_id collate "C" > $7::text collate "C"
     order by d.delivery_id collate "C"
     limit $9)
    union all
    (select 2::smallint, 'INVOICE' collate "C", i.invoice_id collate "C", '00000000-0000-0000-0000-000000000000'::uuid,
            i.position, 300
     from invoice i
     where $6::smallint = 2 and i.tenant_id = $1 and i.version = $3 and i.site_id = $5::uuid
       and i.invoice_id collate "C" > $7::text collate "C"
     order by i.invoice_id collate "C"
     limit $9)
    union all
    (select 3::smallint, 'STOCK' collate "C", s.product collate "C", s.site_id, s.position, 150
     from stock_item s
     where $6::smallint = 3 and s.tenant_id = $1 and s.version = $4 and s.site_id = $5::uuid
       and s.product collate "C" >= $7::text collate "C"
       and (s.product collate "C", s.site_id) > ($7::text collate "C", $8::uuid)
     order by s.product collate "C"
     limit $9)
    union all
    (select 3::smallint, 'STOCK' collate "C", s.product collate "C", s.site_id, s.position, 150
     from stock_item s
     where $6::smallint = 3 and s.tenant_id = $1 and s.version = $4 and s.site_id = '00000000-0000-0000-0000-000000000000'
       and s.product collate "C" >= $7::text collate "C"
       and (s.product collate "C", s.site_id) > ($7::text collate "C", $8::uuid)
     order by s.product collate "C"
     limit $9)
) k
order by k.kind, k.entity_type collate "C", k.entity_id collate "C", k.site_id
limit $9
