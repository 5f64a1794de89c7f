//! `comptoir migrate`: brings central's database to what this program expects. `serve` and `up` do it by themselves.

use std::path::PathBuf;

use clap::Args;

use crate::central;
use crate::failure::Failure;
use crate::lang::say;
use crate::output::Output;
use crate::settings::Secret;

/// Which database.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  comptoir migrate --data-dir /var/lib/comptoir")]
pub struct MigrateArgs {
    /// Central's data directory: its own Postgres lives there
    #[arg(long, env = "DATA_DIR", default_value = "./comptoir-data")]
    data_dir: PathBuf,
    /// The database to use instead
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
}

/// Migrates, and says so.
pub async fn run(args: MigrateArgs, output: Output) -> Result<(), Failure> {
    let url = args.database_url.map(Secret::new);
    central::beside(&args.data_dir, url.as_ref()).await?.shutdown().await;
    if !output.is_json() {
        eprintln!("{}", say("La base est à jour.", "The database is up to date."));
    }
    Ok(())
}
