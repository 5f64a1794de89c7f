-- Sites whose figures may be incomplete: one of their nodes has not pushed for longer than the threshold ($4 is the reference
-- time minus the threshold). Everything is evaluated as of the reference time, so that a question about the past always has
-- the same answer.
with pushed as (
    select distinct node_id from ingest_batch where tenant_id = $1 and received_at > $4 and first_position <= $2
)
select distinct n.site_id
from node n
where n.tenant_id = $1 and n.site_id is not null and n.created_at <= $4
  and not exists (select from pushed p where p.node_id = n.node_id)
  and exists (
      select from api_key k
      where k.tenant_id = n.tenant_id and k.node_id = n.node_id and k.created_at <= $3
        and (k.revoked_at is null or k.revoked_at > $3) and (k.expires_at is null or k.expires_at > $3)
  )
order by n.site_id
