-- The version that was read until now. A deciding version is complete to the head, which its row does not say while it is active; it is written here, so
-- that it can be caught up from there one day.
update projection_version
set state = 'retired', position = case when $3 then $4 else position end,
    owner_epoch = owner_epoch + 1, owned_until = '-infinity'
where tenant_id = $1 and projection = $2 and state = 'active'
returning version
