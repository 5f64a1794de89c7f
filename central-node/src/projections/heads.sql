-- How far every tenant is, in one query: the watcher may read this of all tenants, but no event.
select h.tenant_id, h.head, coalesce(v.position, 0) as projected
from tenant_head h
left join projection_version v on v.tenant_id = h.tenant_id and v.projection = 'sales' and v.state = 'active'
