//! `comptoir admin`: tenants, sites, nodes, users, roles, keys and readers, on the machine of the central node.

mod accounts;
mod ca;
mod devices;
mod facts;
mod ingest_file;
mod registry;
mod restore_window;
mod security;
mod store_check;

use clap::{Args, Subcommand};
use comptoir_central::Central;
use comptoir_central::database::{Database, StoreError};
use comptoir_central::identity::{self, IdentityError};
use comptoir_core::id::TenantId;
use uuid::Uuid;

use crate::central::{self, DatabaseArgs};
use crate::failure::Failure;
use crate::output::Output;
use accounts::{RoleCommand, SigningKeyCommand, UserCommand};
use ca::CaCommand;
use devices::DeviceCommand;
use registry::{KeyCommand, NodeCommand, ReaderCommand, SiteCommand, TenantCommand};
use restore_window::RestoreWindowCommand;
use security::SecurityCommand;

/// What to administer, and in which database.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comptoir admin tenant create --name 'Les Halles' --zone Europe/Paris --currency EUR
  comptoir admin site create --tenant TENANT --code PARIS1 --name 'Rue de Rivoli'
  comptoir admin site allow-name --tenant TENANT --site SITE --name rivoli.local
  comptoir admin ca create --name 'Les Halles'
  comptoir admin node create --tenant TENANT --site SITE --name till-1
  comptoir admin node revoke --tenant TENANT --node NODE --reason 'stolen on Monday'
  comptoir admin node ingest-file shop.bundle
  comptoir admin device enrol --tenant TENANT --user amelie --site S1 --role driver --url https://central.example.org
  comptoir admin device revoke --tenant TENANT --device phone-1
  comptoir admin device move --tenant TENANT --device phone-1 --site SITE
  comptoir admin user create --tenant TENANT --login amelie --name 'Amélie Poulain' --role cashier --site SITE
  comptoir admin role list --tenant TENANT
  comptoir admin key list --tenant TENANT
  comptoir admin key rotate --tenant TENANT --key KEY_ID
  comptoir admin key revoke --tenant TENANT --key KEY_ID
  comptoir admin security list --tenant TENANT
  comptoir admin reader grant --tenant TENANT --role bi_tool
  comptoir admin restore-window open --reason 'disk failed on Monday, copy of Sunday night'
  comptoir admin check

Keys and tokens are shown once. Only a hash of each is stored.")]
pub struct AdminArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Manage the certificate authority for the shops' networks
    #[command(subcommand)]
    Ca(CaCommand),
    #[command(flatten)]
    InDatabase(DatabaseCommand),
}

/// What is administered in central's database.
#[derive(Debug, Subcommand)]
enum DatabaseCommand {
    /// Manage tenants: companies or schools
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Manage sites: the shops of a tenant
    #[command(subcommand)]
    Site(SiteCommand),
    /// Manage nodes, each of which writes its own log
    #[command(subcommand)]
    Node(NodeCommand),
    /// Manage the phones and desktops whose logs central keeps
    #[command(subcommand)]
    Device(DeviceCommand),
    /// Manage the persons who log in, and their roles
    #[command(subcommand)]
    User(UserCommand),
    /// Manage what each role may do
    #[command(subcommand)]
    Role(RoleCommand),
    /// Manage the keys that sign access tokens
    #[command(subcommand)]
    SigningKey(SigningKeyCommand),
    /// Manage the credentials of nodes and administrators
    #[command(subcommand)]
    Key(KeyCommand),
    /// What looks like fraud or an attack
    #[command(subcommand)]
    Security(SecurityCommand),
    /// Manage database logins that read reports
    #[command(subcommand)]
    Reader(ReaderCommand),
    /// After a restore of central: wait for the decisions that nodes have already received
    #[command(subcommand)]
    RestoreWindow(RestoreWindowCommand),
    /// Check that the stored log has no gap and that its chains lead to its heads
    #[command(after_help = "\
Example:
  comptoir admin check --json

Ends with 0 if every log is intact, 1 if one is damaged, 4 if the database cannot be reached, 5 if the tenant is unknown.")]
    Check {
        /// Tenant id; all tenants when absent
        #[arg(long)]
        tenant: Option<Uuid>,
    },
}

/// Carries out one administrative command on central's database.
pub async fn administer(args: AdminArgs, output: Output) -> Result<(), Failure> {
    let AdminArgs { database, command } = args;
    let command = match command {
        AdminCommand::Ca(command) => return ca::manage_ca(database.data_dir(), command, output),
        AdminCommand::InDatabase(command) => command,
    };
    let central = central::open_for_command(&database).await?;
    let done = dispatch(&central, command, output).await;
    central.shutdown().await;
    done
}

async fn dispatch(central: &Central, command: DatabaseCommand, output: Output) -> Result<(), Failure> {
    let db = central.database();
    match command {
        DatabaseCommand::Tenant(command) => registry::manage_tenants(central, command, output).await,
        DatabaseCommand::Site(command) => registry::manage_sites(db, command, output).await,
        DatabaseCommand::Node(NodeCommand::IngestFile { file }) => {
            ingest_file::ingest_file(central, &file, output).await
        }
        DatabaseCommand::Node(NodeCommand::Create { tenant, site, name }) => {
            registry::create_node(central, (tenant, site), &name, output).await
        }
        DatabaseCommand::Node(NodeCommand::Revoke { tenant, node, reason }) => {
            registry::revoke_node(central, (tenant, node), reason.as_deref(), output).await
        }
        DatabaseCommand::Node(NodeCommand::List { tenant }) => registry::list_nodes(db, tenant, output).await,
        DatabaseCommand::Device(command) => devices::manage_devices(central, command, output).await,
        DatabaseCommand::User(command) => accounts::manage_users(central, command, output).await,
        DatabaseCommand::Role(command) => accounts::manage_roles(central, command, output).await,
        DatabaseCommand::SigningKey(command) => accounts::manage_signing_keys(central, command, output).await,
        DatabaseCommand::Key(command) => registry::manage_keys(db, command, output).await,
        DatabaseCommand::Security(command) => security::manage_security(db, command, output).await,
        DatabaseCommand::Reader(command) => registry::manage_readers(db, command, output).await,
        DatabaseCommand::RestoreWindow(command) => restore_window::manage_window(db, &command, output).await,
        DatabaseCommand::Check { tenant } => {
            store_check::check_stores(db, &one_or_all(db, tenant).await?, output).await
        }
    }
}

/// The named tenant, or every tenant.
async fn one_or_all(db: &Database, tenant: Option<Uuid>) -> Result<Vec<TenantId>, Failure> {
    match tenant {
        Some(tenant) => Ok(vec![known(db, tenant).await?]),
        None => Ok(identity::tenants(db).await.map_err(unavailable)?.into_iter().map(|row| row.tenant).collect()),
    }
}

/// Refuses an unknown tenant, whose lists would look as if they were empty.
async fn known(db: &Database, tenant: Uuid) -> Result<TenantId, Failure> {
    let tenant = TenantId::new(tenant);
    let tenants = identity::tenants(db).await.map_err(unavailable)?;
    let unknown = || {
        Failure::Refused(format!(
            "central has no tenant {tenant}: `comptoir admin tenant list` shows the tenants it has"
        ))
    };
    tenants.iter().any(|row| row.tenant == tenant).then_some(tenant).ok_or_else(unknown)
}

fn refused(error: IdentityError) -> Failure {
    match error {
        IdentityError::Store(error) => unavailable(error),
        other => Failure::Refused(other.to_string()),
    }
}

fn unavailable(error: StoreError) -> Failure {
    Failure::Unavailable(error.to_string())
}
