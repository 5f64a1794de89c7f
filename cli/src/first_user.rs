//! The first administrator. No user has a default password: until an administrator has set one, each start prints a one-time
//! link.

use comptoir_central::Central;
use comptoir_central::accounts::{AccountError, ChangedBy, LINK_HOURS, NewUser};
use comptoir_central::identity;
use comptoir_core::access::{ADMIN, Role, RoleAt};
use comptoir_core::id::TenantId;

use crate::failure::Failure;
use crate::output::Output;

/// The login of the first administrator.
const LOGIN: &str = "admin";

/// Prints a link for each tenant that has no administrator with a password. `address` is central's.
pub async fn print_setup_links(central: &Central, address: &str, output: Output) -> Result<(), Failure> {
    let tenants = identity::tenants(central.database()).await;
    for tenant in tenants.map_err(|error| Failure::Unavailable(error.to_string()))? {
        if let Some(path) = setup_path(central, tenant.tenant).await.map_err(failed)? {
            output.note(&format!(
                "\nNo administrator of {} has a password yet. The user {LOGIN:?} sets one here, within {LINK_HOURS} h:\n  \
                 {address}{path}\n",
                tenant.name
            ));
        }
    }
    Ok(())
}

/// The path with a new code; `None` if an administrator has a password.
async fn setup_path(central: &Central, tenant: TenantId) -> Result<Option<String>, AccountError> {
    let (accounts, by) = (central.accounts(), ChangedBy::Console);
    let role = Role::new(ADMIN)?;
    if accounts.has_user_with(tenant, &role).await? {
        return Ok(None);
    }
    let link = match accounts.find_user(tenant, LOGIN).await {
        Ok(user) if user.disabled_at.is_some() => return Ok(None),
        Ok(user) => match accounts.valid_link(tenant, user.user).await? {
            Some(link) => link,
            None => accounts.reset_user(tenant, user.user, &by).await?,
        },
        Err(AccountError::NoUser { .. }) => {
            let roles = vec![RoleAt { role, site: None }];
            let new = NewUser { login: LOGIN.to_owned(), name: "Administrator".to_owned(), roles };
            accounts.create_user(tenant, &new, &by).await?.link
        }
        Err(error) => return Err(error),
    };
    Ok(Some(link.path()))
}

fn failed(error: AccountError) -> Failure {
    match error {
        AccountError::Store(error) => Failure::Unavailable(error.to_string()),
        other => Failure::Refused(other.to_string()),
    }
}
