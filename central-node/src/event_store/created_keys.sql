-- The rows of a scope created after $6 and up to $7, in the order of creation, at most $10 of them: deliveries, invoices and
-- stock, and the entities that still exist and have changed since. Each branch reads the log in order and stops. Rows are
-- looked up by precomputed equal keys: with row-level security no other comparison uses the index, and each event would read
-- all rows of the tenant.
-- $1 tenant; $2..$5 versions of entities, deliveries, invoices, stock; $8 the site, null if there is none; $9 the types, null
-- for all.
select k.kind, k.entity_type, k.entity_id, k.site_id, k.position, k.bytes, k.created, k.created_decision,
       (select e.decision from event e where e.tenant_id = $1 and e.position = k.position) as decision
from (
    (select 0::smallint as kind, e.entity_type collate "C" as entity_type, e.entity_id collate "C" as entity_id,
            '00000000-0000-0000-0000-000000000000'::uuid as site_id, e.entity_version as position, e.bytes,
            v.position as created, v.decision as created_decision
     from event v
     -- A quarantined event took effect at its release.
     left join lateral (
         select o.entity_type, o.entity_id, o.node_id, o.epoch, o.node_seq
         from event o
         where v.action = 'QUARANTINE_RELEASED' and o.tenant_id = $1 and o.verdict = 'QUARANTINED'
           and o.code is distinct from 'EVENT_ID_REUSED'
           and o.event_id = case when v.entity_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then v.entity_id::uuid end
         offset 0
     ) o on true
     cross join lateral (
         select coalesce(o.entity_type, v.entity_type) as entity_type, coalesce(o.entity_id, v.entity_id) as entity_id offset 0
     ) w
     cross join lateral (
         select e.entity_type, e.entity_id, e.entity_version, e.deleted, e.provenance -> 'created' as created,
                octet_length(e.fields::text) as bytes
         from entity e
         where e.tenant_id = $1 and e.version = $2
           and e.entity_type = w.entity_type and e.entity_id = w.entity_id
         offset 0
     ) e
     where v.tenant_id = $1 and v.position > $6 and v.position <= $7 and v.verdict = 'ACCEPTED'
       and v.action in ('CREATE', 'UPDATE', 'CONFLICT_RESOLVED', 'QUARANTINE_RELEASED')
       and ($9::text[] is null or e.entity_type = any ($9)) and e.entity_version > v.position and not e.deleted
       and case when e.created ->> 3 is null
           -- An entity without a CREATE: its first change.
           then v.position = (select min(f.position) from event f
                              where f.tenant_id = $1 and f.entity_type = e.entity_type and f.entity_id = e.entity_id
                                and f.verdict = 'ACCEPTED'
                                and f.action in ('CREATE', 'UPDATE', 'DELETE', 'CONFLICT_RESOLVED', 'QUARANTINE_RELEASED'))
           else (e.created ->> 1)::uuid = coalesce(o.node_id, v.node_id) and (e.created ->> 2)::int = coalesce(o.epoch, v.epoch)
               and (e.created ->> 3)::bigint = coalesce(o.node_seq, v.node_seq) end
     order by v.position
     limit $10)
    union all
    (select d.kind, d.entity_type collate "C", d.entity_id collate "C", '00000000-0000-0000-0000-000000000000'::uuid, d.position, 300,
            v.position, v.decision
     from event v
     left join lateral (
         select o.action, o.entity_id
         from event o
         where v.action = 'QUARANTINE_RELEASED' and o.tenant_id = $1 and o.verdict = 'QUARANTINED'
           and o.code is distinct from 'EVENT_ID_REUSED'
           and o.event_id = case when v.entity_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then v.entity_id::uuid end
         offset 0
     ) o on true
     cross join lateral (
         select coalesce(o.action, v.action) as action, coalesce(o.entity_id, v.entity_id) as entity_id offset 0
     ) w
     cross join lateral (
         (select 1::smallint as kind, 'DELIVERY' as entity_type, d.delivery_id as entity_id, d.position, null::uuid as site_id
          from delivery d
          where w.action = 'DELIVERY_CREATED' and d.tenant_id = $1 and d.version = $3
            and d.delivery_id = w.entity_id
          offset 0)
         union all
         (select 2::smallint, 'INVOICE', i.invoice_id, i.position, i.site_id
          from invoice i
          where w.action = 'INVOICE_CREATED' and i.tenant_id = $1 and i.version = $4
            and i.invoice_id = w.entity_id
          offset 0)
     ) d
     where v.tenant_id = $1 and v.position > $6 and v.position <= $7 and v.verdict = 'ACCEPTED'
       and v.action in ('DELIVERY_CREATED', 'INVOICE_CREATED', 'QUARANTINE_RELEASED')
       and (d.kind = 1 or d.site_id = $8::uuid)
       and ($9::text[] is null or d.entity_type = any ($9))
     order by v.position
     limit $10)
    union all
    (select 3::smallint, 'STOCK' collate "C", s.product collate "C", s.site_id, s.position, 150, s.first_position, v.decision
     from stock_item s
     cross join lateral (select v.decision from event v where v.tenant_id = $1 and v.position = s.first_position offset 0) v
     where s.tenant_id = $1 and s.version = $5 and s.first_position > $6 and s.first_position <= $7
       and (s.site_id = $8::uuid or s.site_id = '00000000-0000-0000-0000-000000000000')
       and ($9::text[] is null or 'STOCK' = any ($9))
     order by s.first_position
     limit $10)
) k
order by k.created, k.kind, k.entity_type, k.entity_id, k.site_id
limit $10
