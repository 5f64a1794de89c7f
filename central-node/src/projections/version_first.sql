-- The first reader of a tenant's log finds no active version and creates the first one. Of two concurrent inserts one row
-- remains.
insert into projection_version (tenant_id, projection, version, state)
select h.tenant_id, $2, 1, 'active'
from tenant_head h
where h.tenant_id = $1
  and not exists (select from projection_version where tenant_id = $1 and projection = $2 and state = 'active')
on conflict on constraint projection_version_pkey do nothing
