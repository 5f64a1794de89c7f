//! Checks a role and its server before central writes anything through it.

use tokio_postgres::Client;

use super::{StoreError, UnfitRole};

/// Refuses a connection whose role bypasses row-level security, or whose server could lose a commit.
pub(super) async fn check(client: &Client) -> Result<(), StoreError> {
    let role = client
        .query_one(
            "select current_user::text as role, rolsuper, rolbypassrls,
                    exists (select from pg_class where relowner = r.oid) as owner,
                    coalesce((select pg_has_role(r.oid, o.oid, 'member') from pg_roles o where o.rolname = 'comptoir_owner'),
                             false) as member
             from pg_roles r where r.rolname = current_user",
            &[],
        )
        .await?;
    let powers = [
        ("rolsuper", "superuser"),
        ("rolbypassrls", "bypassrls"),
        ("owner", "owner of tables"),
        ("member", "member of comptoir_owner"),
    ];
    for (column, what) in powers {
        if role.try_get(column)? {
            return Err(UnfitRole::TooPowerful { role: role.try_get("role")?, what: what.to_owned() }.into());
        }
    }
    let settings = "select name, setting from pg_settings
                    where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off'";
    if let Some(row) = client.query_opt(settings, &[]).await? {
        return Err(UnfitRole::NotDurable { setting: row.try_get(0)?, value: row.try_get(1)? }.into());
    }
    match client.query_opt("select from pg_settings where name = 'lock_timeout' and setting = '0'", &[]).await? {
        Some(_) => Err(UnfitRole::NoLockTimeout.into()),
        None => Ok(()),
    }
}
