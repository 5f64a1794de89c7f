//! `comptoir migrate`: migrates central's database to the schema of this version. `serve` and `up` do so when they start.

use clap::Args;

use crate::central::{self, DatabaseArgs};
use crate::failure::Failure;
use crate::output::Output;

/// Arguments of `migrate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comptoir migrate --data-dir /var/lib/comptoir
  comptoir migrate --create-roles --admin-url postgres://postgres@db/postgres --database-url postgres://shop@db/comptoir")]
pub struct MigrateArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// First create the roles and the database on the server of DATABASE_URL
    #[arg(long, requires = "admin_url")]
    create_roles: bool,
    /// Connection string of a superuser of that server; used only for --create-roles and stored nowhere
    #[arg(long, env = "ADMIN_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    admin_url: Option<String>,
}

/// Migrates the database, after preparing its server if asked to.
pub async fn migrate_database(args: MigrateArgs, output: Output) -> Result<(), Failure> {
    if let Some(admin_url) = args.admin_url.as_ref().filter(|_| args.create_roles) {
        central::prepare_server(&args.database, admin_url).await?;
    }
    central::open_for_command(&args.database).await?.shutdown().await;
    if !output.is_json() {
        eprintln!("The database is up to date.");
    }
    Ok(())
}
