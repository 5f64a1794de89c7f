-- A new owner raises the epoch, which stops the old one at its next batch. An owner at work is left alone, unless a person takes over.
update projection_version
set owner_epoch = owner_epoch + 1, owner = $4, owned_until = now() + interval '15 seconds'
where tenant_id = $1 and projection = $2 and version = $3 and ($5 or owner = $4 or owned_until < now())
returning position, owner_epoch
