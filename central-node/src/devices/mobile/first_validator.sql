-- A company that keeps entities of type USER names its drivers there; else the name is that of the login.
select asked.id, coalesce(entity.fields ->> 'name', app_user.name)
from unnest($3::text[]) as asked (id)
left join entity on entity.tenant_id = $1 and entity.version = $2 and entity.entity_type = 'USER'
    and entity.entity_id = asked.id collate "C" and not entity.deleted
left join app_user on app_user.tenant_id = $1 and app_user.user_id::text = asked.id
