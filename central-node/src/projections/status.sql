select v.projection, v.version, v.state, v.position, count(p.position) as parked
from projection_version v
left join projection_parked p on p.tenant_id = v.tenant_id and p.projection = v.projection and p.version = v.version
where v.tenant_id = $1
group by v.projection, v.version, v.state, v.position
order by v.projection, v.version
