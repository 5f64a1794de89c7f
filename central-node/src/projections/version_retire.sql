-- Retires the active version. A deciding version is complete to the head, but its row does not say so while it is active. The
-- position is written here, so that the version can be caught up later.
update projection_version
set state = 'retired', position = case when $3 then $4 else position end,
    owner_epoch = owner_epoch + 1, owned_until = '-infinity'
where tenant_id = $1 and projection = $2 and state = 'active'
returning version
