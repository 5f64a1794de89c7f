-- Every node that can still come: one whose keys were all revoked or have run out is not waited for.
insert into restore_window (tenant_id, node_id)
select distinct k.tenant_id, k.node_id
from api_key k
where k.tenant_id = $1 and k.scope = 'node' and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
  and not exists (select from device d where d.tenant_id = k.tenant_id and d.node_id = k.node_id)
on conflict (tenant_id, node_id) do nothing
