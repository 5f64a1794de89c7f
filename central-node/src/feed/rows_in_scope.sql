-- How many rows a scope has, for a progress bar.
select (select count(*) from entity where tenant_id = $1 and version = $2 and entity_version > 0)
     + (select count(*) from delivery where tenant_id = $1 and version = $3)
     + (select count(*) from invoice where tenant_id = $1 and version = $4 and site_id = $6::uuid)
     + (select count(*) from stock_item
        where tenant_id = $1 and version = $5 and site_id in ($6::uuid, '00000000-0000-0000-0000-000000000000'))
