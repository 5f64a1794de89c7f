-- The version that is being built, or the next number. The first number is reserved for the runner that follows the log.
-- The fence starts at a random number: a dropped version number may be assigned again, and cached answers from its first rows
-- must not be mistaken for answers from its second.
with building as (
    select version from projection_version
    where tenant_id = $1 and projection = $2 and state = 'building'
    order by version desc limit 1
), made as (
    insert into projection_version (tenant_id, projection, version, state, owner_epoch)
    select h.tenant_id, $2, coalesce((select max(version) from projection_version where tenant_id = $1 and projection = $2), 1) + 1, 'building',
           floor(random() * 1e18)::bigint
    from tenant_head h
    where h.tenant_id = $1 and not exists (select from building)
    returning version
)
select version from building union all select version from made
