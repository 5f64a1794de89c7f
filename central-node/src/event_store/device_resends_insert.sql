-- $1 tenant; $2..$5 nodes, positions, types and ids of the rows. Nodes with a log of their own need none of them: they receive an
-- entity whenever a conflict about it is closed.
insert into device_resend (tenant_id, node_id, position, entity_type, entity_id)
select d.tenant_id, d.node_id, k.position, k.entity_type, k.entity_id
from unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[]) k (node_id, position, entity_type, entity_id)
join device d on d.node_id = k.node_id
where d.tenant_id = $1 and d.contract = 'desktop'
on conflict (tenant_id, node_id, position, entity_type, entity_id) do nothing
