//! `comptoir migrate`: brings central's database to what this program expects. `serve` and `up` do it by themselves.

use clap::Args;

use crate::central::{self, DatabaseArgs};
use crate::failure::Failure;
use crate::output::Output;

/// Which database.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comptoir migrate --data-dir /var/lib/comptoir
  comptoir migrate --create-roles --admin-url postgres://postgres@db/postgres --database-url postgres://shop@db/comptoir")]
pub struct MigrateArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// First make the roles and the database on the server that DATABASE_URL names
    #[arg(long, requires = "admin_url")]
    create_roles: bool,
    /// How a superuser of that server connects; used for this alone, and kept nowhere
    #[arg(long, env = "ADMIN_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    admin_url: Option<String>,
}

/// Migrates, and says so.
pub async fn migrate_database(args: MigrateArgs, output: Output) -> Result<(), Failure> {
    if let Some(admin_url) = args.admin_url.as_ref().filter(|_| args.create_roles) {
        central::prepare_server(&args.database, admin_url).await?;
    }
    central::beside(&args.database).await?.shutdown().await;
    if !output.is_json() {
        eprintln!("The database is up to date.");
    }
    Ok(())
}
