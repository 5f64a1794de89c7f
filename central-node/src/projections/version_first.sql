-- The first reader of a tenant's log finds no version that is read: the first one is made. Should another make it at the same moment, its
-- row stands.
insert into projection_version (tenant_id, projection, version, state)
select h.tenant_id, $2, 1, 'active'
from tenant_head h
where h.tenant_id = $1
  and not exists (select from projection_version where tenant_id = $1 and projection = $2 and state = 'active')
on conflict on constraint projection_version_pkey do nothing
