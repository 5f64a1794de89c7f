-- The requested stock items of a tenant, by the bytes of site and product; the nil site is the tenant's own.
select site_id, product, position
from stock_item
where tenant_id = $1 and version = $2
  and ($3::uuid is null or site_id = $3)
  and ($4::text is null or product = $4)
  and ($5::uuid is null or (site_id, product collate "C") > ($5::uuid, $6::text collate "C"))
order by site_id, product collate "C"
limit $7
