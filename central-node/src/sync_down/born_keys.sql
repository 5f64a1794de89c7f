-- The rows of a scope that came to be behind $6 and up to $7, or may have: deliveries, invoices and stock for certain; entities that live
-- and have changed since behind $7 where the stretch has a change of them, whose reader knows where they came to be.
-- $1 tenant; $2..$5 versions of entities, deliveries, invoices, stock; $8 the site, null where there is none.
with written as materialized (
    select distinct coalesce(o.action, v.action) as action, coalesce(o.entity_type, v.entity_type) as entity_type,
           coalesce(o.entity_id, v.entity_id) as entity_id
    from event v
    -- What was set apart took effect where it was released.
    left join event o on o.tenant_id = v.tenant_id and o.verdict = 'QUARANTINED' and o.code is distinct from 'EVENT_ID_REUSED'
        and o.event_id = case when v.action = 'QUARANTINE_RELEASED' and v.entity_id ~ '^[0-9a-f-]{36}$' then v.entity_id::uuid end
    where v.tenant_id = $1 and v.position > $6 and v.position <= $7 and v.verdict = 'ACCEPTED'
      and v.action in ('CREATE', 'UPDATE', 'CONFLICT_RESOLVED', 'DELIVERY_CREATED', 'INVOICE_CREATED', 'QUARANTINE_RELEASED')
)
select k.kind, k.entity_type, k.entity_id, k.site_id, k.position, k.bytes,
       (select e.received_at from event e where e.tenant_id = $1 and e.position = k.position) as received_at
from (
    select 0::smallint as kind, w.entity_type, w.entity_id, '00000000-0000-0000-0000-000000000000'::uuid as site_id,
           e.entity_version as position, octet_length(e.fields::text) as bytes
    from (select distinct w.entity_type, w.entity_id from written w
          where w.action in ('CREATE', 'UPDATE', 'CONFLICT_RESOLVED')) w
    join entity e on e.tenant_id = $1 and e.version = $2 and e.entity_type = w.entity_type and e.entity_id = w.entity_id
        and e.entity_version > $7 and not e.deleted
    union all
    select 1::smallint, 'DELIVERY', d.delivery_id, '00000000-0000-0000-0000-000000000000'::uuid, d.position, 300
    from written w
    join delivery d on d.tenant_id = $1 and d.version = $3 and d.delivery_id = w.entity_id
    where w.action = 'DELIVERY_CREATED'
    union all
    select 2::smallint, 'INVOICE', i.invoice_id, '00000000-0000-0000-0000-000000000000'::uuid, i.position, 300
    from written w
    join invoice i on i.tenant_id = $1 and i.version = $4 and i.invoice_id = w.entity_id and i.site_id = $8::uuid
    where w.action = 'INVOICE_CREATED'
    union all
    select 3::smallint, 'STOCK', s.product, s.site_id, s.position, 150
    from stock_item s
    where s.tenant_id = $1 and s.version = $5 and s.position > $6 and s.first_position > $6 and s.first_position <= $7
      and (s.site_id = $8::uuid or s.site_id = '00000000-0000-0000-0000-000000000000')
) k
order by k.position, k.kind, k.entity_type collate "C", k.entity_id collate "C", k.site_id
