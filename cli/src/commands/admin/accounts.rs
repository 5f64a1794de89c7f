//! `comptoir admin user`, `role` and `signing-key`.

use clap::{Args, Subcommand};
use comptoir_central::Central;
use comptoir_central::accounts::{AccountError, ChangedBy, NewUser, OneTimeLink, UserRow};
use comptoir_core::access::{AccessOperation, AccessScope, Permission, Role, RoleAt};
use comptoir_core::id::{Name, SiteId, TenantId, UserId};
use comptoir_proto::instant;
use uuid::Uuid;

use super::facts::{Facts, FactsRow};
use super::{known, unavailable};
use crate::failure::Failure;
use crate::output::Output;

pub(super) const BY: ChangedBy = ChangedBy::Console;

/// A user of a tenant.
#[derive(Debug, Args)]
pub(super) struct OneUser {
    /// Tenant id
    #[arg(long)]
    tenant: Uuid,
    /// The user's login or id
    #[arg(long)]
    user: String,
}

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Create a user; prints a one-time code with which the user sets a password
    #[command(after_help = "\
Examples:
  comptoir admin user create --tenant TENANT --login amelie --name 'Amélie Poulain' --role cashier --site SITE
  comptoir admin user create --tenant TENANT --login chef --name 'Head office' --role admin

Open setup_path on central's address in a browser, or send the code to POST /api/v1/auth/setup.")]
    Create {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
        /// What the user types to log in
        #[arg(long)]
        login: String,
        /// The user's name
        #[arg(long)]
        name: String,
        /// Role; may be repeated
        #[arg(long)]
        role: Vec<String>,
        /// Site of the roles; every site when absent
        #[arg(long)]
        site: Option<Uuid>,
    },
    /// List a tenant's users, one a line
    List {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
    },
    /// Change a user's name
    Rename {
        #[command(flatten)]
        user: OneUser,
        /// The new name
        #[arg(long)]
        name: String,
    },
    /// Remove a user's password and end all logins; prints a one-time code for a new password
    Reset {
        #[command(flatten)]
        user: OneUser,
    },
    /// Disable a user at once: open logins end
    Disable {
        #[command(flatten)]
        user: OneUser,
    },
    /// Enable a disabled user
    Enable {
        #[command(flatten)]
        user: OneUser,
    },
    /// Erase a user's login, name and password for good; the log keeps the user's id
    Erase {
        #[command(flatten)]
        user: OneUser,
    },
    /// Give a user a role
    Assign {
        #[command(flatten)]
        user: OneUser,
        /// The role
        #[arg(long)]
        role: String,
        /// Site; every site when absent
        #[arg(long)]
        site: Option<Uuid>,
    },
    /// Take a role from a user
    Remove {
        #[command(flatten)]
        user: OneUser,
        /// The role
        #[arg(long)]
        role: String,
        /// Site; the role at every site when absent
        #[arg(long)]
        site: Option<Uuid>,
    },
}

/// A row of the table of roles.
#[derive(Debug, Args)]
pub(super) struct PermissionArgs {
    /// Tenant id
    #[arg(long)]
    tenant: Uuid,
    /// The role
    #[arg(long)]
    role: String,
    /// read, report, record, sync, decide_conflict, release_quarantine, audit, export or administer
    #[arg(long)]
    operation: String,
    /// With record: only this action, such as GOODS_RECEIVED; any when absent
    #[arg(long)]
    action: Option<String>,
    /// Only this entity type, such as RECEPTION; any when absent
    #[arg(long)]
    entity_type: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum RoleCommand {
    /// List what each role may do, one permission a line
    List {
        /// Tenant id
        #[arg(long)]
        tenant: Uuid,
    },
    /// Let a role do something
    #[command(after_help = "\
Example:
  comptoir admin role allow --tenant TENANT --role manager --operation record --action GOODS_RECEIVED --entity-type RECEPTION")]
    Allow {
        #[command(flatten)]
        permission: PermissionArgs,
        /// own_site or tenant
        #[arg(long, default_value = "own_site")]
        scope: String,
    },
    /// Take a permission from a role
    Deny {
        #[command(flatten)]
        permission: PermissionArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum SigningKeyCommand {
    /// Replace the key that signs access tokens; tokens of the old key stay valid for a week
    Rotate {
        /// Refuse tokens of the old key at once, because it was stolen
        #[arg(long)]
        at_once: bool,
    },
    /// List the keys whose tokens are accepted, one a line
    List,
}

pub(super) async fn manage_users(central: &Central, command: UserCommand, output: Output) -> Result<(), Failure> {
    let accounts = central.accounts();
    match command {
        UserCommand::Create { tenant, login, name, role, site } => {
            let tenant = known(central.database(), tenant).await?;
            let roles = role.iter().map(|role| held(role, site)).collect::<Result<_, _>>()?;
            let created = accounts.create_user(tenant, &NewUser { login, name, roles }, &BY).await.map_err(failed)?;
            output.print(&link_facts(created.user, &created.link))
        }
        UserCommand::List { tenant } => {
            let tenant = known(central.database(), tenant).await?;
            let rows = accounts.users(tenant).await.map_err(failed)?;
            rows.into_iter().try_for_each(|row| output.print(&FactsRow(user_facts(row))))
        }
        UserCommand::Rename { user, name } => {
            let (tenant, user) = found(central, &user).await?;
            accounts.rename_user(tenant, user, &name, &BY).await.map_err(failed)?;
            shown(central, (tenant, user), output).await
        }
        UserCommand::Reset { user } => {
            let (tenant, user) = found(central, &user).await?;
            let link = accounts.reset_user(tenant, user, &BY).await.map_err(failed)?;
            output.print(&link_facts(user, &link))
        }
        UserCommand::Disable { user } => {
            let (tenant, user) = found(central, &user).await?;
            accounts.set_user_disabled(tenant, user, true, &BY).await.map_err(failed)?;
            shown(central, (tenant, user), output).await
        }
        UserCommand::Enable { user } => {
            let (tenant, user) = found(central, &user).await?;
            accounts.set_user_disabled(tenant, user, false, &BY).await.map_err(failed)?;
            shown(central, (tenant, user), output).await
        }
        UserCommand::Erase { user } => {
            let (tenant, user) = found(central, &user).await?;
            accounts.erase_user(tenant, user, &BY).await.map_err(failed)?;
            shown(central, (tenant, user), output).await
        }
        UserCommand::Assign { user, role, site } => {
            let (tenant, user) = found(central, &user).await?;
            accounts.assign_role(tenant, user, &held(&role, site)?, &BY).await.map_err(failed)?;
            shown(central, (tenant, user), output).await
        }
        UserCommand::Remove { user, role, site } => {
            let (tenant, user) = found(central, &user).await?;
            accounts.remove_role(tenant, user, &held(&role, site)?, &BY).await.map_err(failed)?;
            shown(central, (tenant, user), output).await
        }
    }
}

pub(super) async fn manage_roles(central: &Central, command: RoleCommand, output: Output) -> Result<(), Failure> {
    let accounts = central.accounts();
    match command {
        RoleCommand::List { tenant } => {
            let tenant = known(central.database(), tenant).await?;
            let rows = accounts.permissions(tenant).await.map_err(failed)?;
            rows.iter().try_for_each(|row| output.print(&FactsRow(permission_facts(row))))
        }
        RoleCommand::Allow { permission, scope } => {
            let tenant = known(central.database(), permission.tenant).await?;
            let permission = permission_of(permission, &scope)?;
            accounts.allow(tenant, &permission, &BY).await.map_err(failed)?;
            output.print(&permission_facts(&permission))
        }
        RoleCommand::Deny { permission } => {
            let tenant = known(central.database(), permission.tenant).await?;
            let permission = permission_of(permission, AccessScope::OwnSite.as_str())?;
            if accounts.deny(tenant, &permission, &BY).await.map_err(failed)? {
                return output.print(&Facts::new([("denied", permission.role.to_string())]));
            }
            Err(Failure::Refused(format!("role {} has no such permission", permission.role)))
        }
    }
}

pub(super) async fn manage_signing_keys(
    central: &Central,
    command: SigningKeyCommand,
    output: Output,
) -> Result<(), Failure> {
    let accounts = central.accounts();
    match command {
        SigningKeyCommand::Rotate { at_once } => {
            let rotated = accounts.rotate_signing_key(at_once, &BY).await.map_err(failed)?;
            let until = instant::format(rotated.accepted_until);
            output.print(&Facts::new([
                ("kid", rotated.added),
                ("retired", rotated.retired.join(" ")),
                ("retired_accepted_until", until),
            ]))
        }
        SigningKeyCommand::List => {
            let keys = accounts.published_keys().await.map_err(failed)?;
            keys.into_iter().try_for_each(|key| {
                let facts = Facts::new([("kid", key.kid)]).with("accepted_until", key.retires_at.map(instant::format));
                output.print(&FactsRow(facts))
            })
        }
    }
}

async fn found(central: &Central, wanted: &OneUser) -> Result<(TenantId, UserId), Failure> {
    let tenant = known(central.database(), wanted.tenant).await?;
    let row = central.accounts().find_user(tenant, &wanted.user).await.map_err(failed)?;
    Ok((tenant, row.user))
}

async fn shown(central: &Central, (tenant, user): (TenantId, UserId), output: Output) -> Result<(), Failure> {
    let row = central.accounts().find_user(tenant, &user.to_string()).await.map_err(failed)?;
    output.print(&user_facts(row))
}

fn held(role: &str, site: Option<Uuid>) -> Result<RoleAt, Failure> {
    let role = Role::new(role).map_err(|error| Failure::Usage(error.to_string()))?;
    Ok(RoleAt { role, site: site.map(SiteId::new) })
}

fn permission_of(args: PermissionArgs, scope: &str) -> Result<Permission, Failure> {
    let usage = |text: String| Failure::Usage(text);
    let name = |text: Option<String>| text.map(Name::new).transpose().map_err(|error| usage(error.to_string()));
    let words = AccessOperation::ALL.map(AccessOperation::as_str).join(", ");
    let operation = AccessOperation::parse(&args.operation);
    Ok(Permission {
        role: Role::new(&args.role).map_err(|error| usage(error.to_string()))?,
        operation: operation.ok_or_else(|| usage(format!("{:?} is no operation: {words}", args.operation)))?,
        action: name(args.action)?,
        entity_type: name(args.entity_type)?,
        scope: AccessScope::parse(scope).ok_or_else(|| usage(format!("{scope:?} is no scope: own_site or tenant")))?,
    })
}

fn link_facts(user: UserId, link: &OneTimeLink) -> Facts {
    Facts::new([
        ("user_id", user.to_string()),
        ("setup_code", link.code.clone()),
        ("setup_path", link.path()),
        ("expires_at", instant::format(link.expires_at)),
    ])
}

fn user_facts(row: UserRow) -> Facts {
    let roles = row.roles.iter().map(|held| match held.site {
        Some(site) => format!("{}@{site}", held.role),
        None => held.role.to_string(),
    });
    // The name is last because it may contain blanks.
    Facts::new([("user_id", row.user.to_string()), ("roles", roles.collect::<Vec<_>>().join(","))])
        .with("login", row.login)
        .with("has_password", Some(row.has_password.to_string()))
        .with("disabled_at", row.disabled_at.map(instant::format))
        .with("erased_at", row.erased_at.map(instant::format))
        .with("name", row.name)
}

fn permission_facts(permission: &Permission) -> Facts {
    let name = |name: &Option<Name>| name.as_ref().map(|name| name.as_str().to_owned());
    Facts::new([("role", permission.role.to_string()), ("operation", permission.operation.as_str().to_owned())])
        .with("action", name(&permission.action))
        .with("entity_type", name(&permission.entity_type))
        .with("scope", Some(permission.scope.as_str().to_owned()))
}

pub(super) fn failed(error: AccountError) -> Failure {
    match error {
        AccountError::Store(error) => unavailable(error),
        other => Failure::Refused(other.to_string()),
    }
}
