//! The command line.

use clap::{Parser, Subcommand};

use crate::commands::{completions, doctor, events, import, queue};
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
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Turn the rows of a table into events, through a node's API
    Import(import::ImportArgs),
    /// Read the log of a node or of central
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Show what waits at a node, and what needs a person
    Queue(queue::QueueArgs),
    /// Look for what would keep this machine from working
    Doctor(doctor::DoctorArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}
