//! The command line.

use clap::{Parser, Subcommand};

use crate::commands::{
    admin, audit, completions, demo, doctor, events, import, migrate, projections, queue, serve, up,
};
use crate::exit;

/// Offline-first, event-sourced synchronisation for shops, drivers and schools.
#[derive(Debug, Parser)]
#[command(name = "comptoir", version, after_help = exit::HELP, propagate_version = true)]
pub struct Cli {
    /// Print results as JSON, one value a line
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do
    #[command(subcommand)]
    pub command: CliCommand,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Start everything on this machine: a private Postgres, central, one shop's node, and one real day of data
    Up(up::UpArgs),
    /// Cut the shop of a running `comptoir up` from central, and join it again
    Demo(demo::DemoArgs),
    /// Serve as central or as a shop's node, as APP_MODE says
    Serve(serve::ServeArgs),
    /// Bring central's database to what this program expects
    Migrate(migrate::MigrateArgs),
    /// Make and list tenants, sites, nodes and keys
    Admin(admin::AdminArgs),
    /// Turn the rows of a table into events, through a node's API
    Import(import::ImportArgs),
    /// Read the log of a node or of central
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Prove from files alone that nothing was altered
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Show what waits at a node, and what needs a person
    Queue(queue::QueueArgs),
    /// Show read models, build them anew beside those that are read, switch
    Projections(projections::ProjectionsArgs),
    /// Look for what would keep this machine from working
    Doctor(doctor::DoctorArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn no_command_contradicts_itself() {
        Cli::command().debug_assert();
    }
}
