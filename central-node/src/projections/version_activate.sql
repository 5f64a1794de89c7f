update projection_version set state = 'active', owner_epoch = owner_epoch + 1, owned_until = '-infinity'
where tenant_id = $1 and projection = $2 and version = $3
