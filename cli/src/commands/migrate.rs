//! `comptoir migrate`: brings central's database to what this program expects. `serve` and `up` do it by themselves.

use clap::Args;

use crate::central::{self, DatabaseArgs};
use crate::failure::Failure;
use crate::lang::say;
use crate::output::Output;

/// Which database.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  comptoir migrate --data-dir /var/lib/comptoir")]
pub struct MigrateArgs {
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Migrates, and says so.
pub async fn run(args: MigrateArgs, output: Output) -> Result<(), Failure> {
    central::beside(&args.database).await?.shutdown().await;
    if !output.is_json() {
        eprintln!("{}", say("La base est à jour.", "The database is up to date."));
    }
    Ok(())
}
