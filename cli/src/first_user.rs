//! The first administrator. No user has a default password: until an administrator has set one, each start prints a one-time
//! link.
//!
//! A start may be the first after a restore, before its window was opened, and then nothing may be written: an event would
//! take a place that the lost part of the log had. So `serve` issues a link only in a tenant that nobody has used. Elsewhere
//! a valid link is shown again, or the command that issues one is named.

use comptoir_central::Central;
use comptoir_central::accounts::{AccountError, ChangedBy, LINK_HOURS, NewUser};
use comptoir_central::identity;
use comptoir_core::access::{ADMIN, Role, RoleAt};
use comptoir_core::id::TenantId;

use crate::failure::Failure;
use crate::output::Output;

/// The login of the first administrator.
const LOGIN: &str = "admin";

/// In which tenants a start may issue a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IssueLinks {
    /// `comptoir up`: the machine is somebody's first look.
    Everywhere,
    /// `comptoir serve`.
    WhereUnused,
}

/// Prints a link for each tenant that has no administrator with a password. `address` is central's.
pub async fn print_setup_links(
    central: &Central,
    address: &str,
    issue: IssueLinks,
    output: Output,
) -> Result<(), Failure> {
    let tenants = identity::tenants(central.database()).await;
    for tenant in tenants.map_err(|error| Failure::Unavailable(error.to_string()))? {
        let (id, name) = (tenant.tenant, &tenant.name);
        match first_login(central, id, issue).await.map_err(failed)? {
            FirstLogin::Done => {}
            FirstLogin::Link(path) => output.note(&format!(
                "\nNo administrator of {name} has a password yet. The user {LOGIN:?} sets one here, within {LINK_HOURS} h:\n  \
                 {address}{path}\n"
            )),
            FirstLogin::Command(command) => output.note(&format!(
                "\nNo administrator of {name} has a password yet. This prints a one-time code for one (after a restore: first open its \
                 window):\n  {command}\n"
            )),
        }
    }
    Ok(())
}

/// How the first administrator gets a password.
enum FirstLogin {
    /// One has a password, or is not wanted.
    Done,
    /// With this path at central.
    Link(String),
    /// With what this command prints.
    Command(String),
}

async fn first_login(central: &Central, tenant: TenantId, issue: IssueLinks) -> Result<FirstLogin, AccountError> {
    let (accounts, by) = (central.accounts(), ChangedBy::Console);
    let role = Role::new(ADMIN)?;
    if accounts.has_user_with(tenant, &role).await? {
        return Ok(FirstLogin::Done);
    }
    let user = match accounts.find_user(tenant, LOGIN).await {
        Ok(user) if user.disabled_at.is_some() => return Ok(FirstLogin::Done),
        Ok(user) => Some(user.user),
        Err(AccountError::NoUser { .. }) => None,
        Err(error) => return Err(error),
    };
    if let Some(user) = user
        && let Some(link) = accounts.valid_link(tenant, user).await?
    {
        return Ok(FirstLogin::Link(link.path()));
    }
    if issue == IssueLinks::WhereUnused && !central.is_unused(tenant).await? {
        return Ok(FirstLogin::Command(match user {
            Some(_) => format!("comptoir admin user reset --tenant {tenant} --user {LOGIN}"),
            None => format!(
                "comptoir admin user create --tenant {tenant} --login {LOGIN} --name Administrator --role {ADMIN}"
            ),
        }));
    }
    let link = match user {
        Some(user) => accounts.reset_user(tenant, user, &by).await?,
        None => {
            let roles = vec![RoleAt { role, site: None }];
            let new = NewUser { login: LOGIN.to_owned(), name: "Administrator".to_owned(), roles };
            accounts.create_user(tenant, &new, &by).await?.link
        }
    };
    Ok(FirstLogin::Link(link.path()))
}

fn failed(error: AccountError) -> Failure {
    match error {
        AccountError::Store(error) => Failure::Unavailable(error.to_string()),
        other => Failure::Refused(other.to_string()),
    }
}
