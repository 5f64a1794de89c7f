-- The position of the last change in each of some scopes, of the tenant's last notice, of its rulebook and of its users, read
-- from the ends of the indexes that pull uses. The conditions `> 0` are those of the indexes (see the migration).
-- $1 tenant; $2..$5 versions of entities, deliveries, invoices, stock; $6 the sites, the nil one for a scope without a site.
select k.site_id,
       greatest(
           shared.position,
           (select i.position from invoice i
            where i.tenant_id = $1 and i.version = $4 and i.site_id = k.site_id and k.site_id <> '00000000-0000-0000-0000-000000000000'
              and i.position > 0
            order by i.position desc limit 1),
           (select s.position from stock_item s
            where s.tenant_id = $1 and s.version = $5 and s.site_id = k.site_id and s.position > 0 order by s.position desc limit 1)) as position
from unnest($6::uuid[]) as k (site_id)
cross join (
    select greatest(
        0::bigint,
        (select r.position from rulebook r where r.tenant_id = $1),
        (select h.identity_position from tenant_head h where h.tenant_id = $1),
        (select greatest(e.entity_version, e.conflicts_at) from entity e
         where e.tenant_id = $1 and e.version = $2 and greatest(e.entity_version, e.conflicts_at) > 0
         order by greatest(e.entity_version, e.conflicts_at) desc limit 1),
        (select d.position from delivery d where d.tenant_id = $1 and d.version = $3 and d.position > 0 order by d.position desc limit 1),
        (select s.position from stock_item s
         where s.tenant_id = $1 and s.version = $5 and s.site_id = '00000000-0000-0000-0000-000000000000' and s.position > 0
         order by s.position desc limit 1),
        (select e.position from event e
         where e.tenant_id = $1 and e.action in ('QUARANTINE_RELEASED', 'CONFLICT_RESOLVED')
         order by e.position desc limit 1)) as position
) shared
