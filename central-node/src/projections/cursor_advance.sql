-- Only the owner moves the cursor, and only from the position where it left it.
update projection_version set position = $5, owned_until = now() + interval '15 seconds'
where tenant_id = $1 and projection = $2 and version = $3 and position = $4 and owner_epoch = $6
