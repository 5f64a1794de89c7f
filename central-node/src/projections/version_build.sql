-- The version that is being built, or the next number. The first is left to whoever follows the log.
with building as (
    select version from projection_version
    where tenant_id = $1 and projection = $2 and state = 'building'
    order by version desc limit 1
), made as (
    insert into projection_version (tenant_id, projection, version, state)
    select $1, $2, coalesce((select max(version) from projection_version where tenant_id = $1 and projection = $2), 1) + 1, 'building'
    where not exists (select from building)
    returning version
)
select version from building union all select version from made
