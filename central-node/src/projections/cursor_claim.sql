-- A new owner raises the epoch, which stops the old one at its next batch. A follower ($5 is false) claims the active version
-- and leaves a working owner alone; a builder claims any other version at once.
update projection_version
set owner_epoch = owner_epoch + 1, owner = $4, owned_until = now() + interval '15 seconds'
where tenant_id = $1 and projection = $2 and version = $3
  and ($5 and state <> 'active' or not $5 and state = 'active' and (owner = $4 or owned_until < now()))
returning position, owner_epoch
