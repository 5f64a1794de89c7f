//! From the command line to the command's file.

use clap::CommandFactory as _;

use crate::args::{Cli, CliCommand};
use crate::commands::{
    admin, audit, completions, demo, doctor, events, import, migrate, projections, queue, serve, up,
};
use crate::failure::Failure;
use crate::output::Output;

/// Runs a command to its end.
pub fn run_command(command: CliCommand, output: Output) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Internal(format!("no threads: {error}")))?;
    runtime.block_on(async {
        match command {
            CliCommand::Up(args) => up::run_up(&args, output).await,
            CliCommand::Demo(args) => demo::run_demo(&args, output).await,
            CliCommand::Serve(args) => serve::run_server(&args).await,
            CliCommand::Migrate(args) => migrate::run_migrate(args, output).await,
            CliCommand::Admin(args) => admin::run_admin(args, output).await,
            CliCommand::Import(args) => import::run_import(&args, output).await,
            CliCommand::Events(command) => events::run_events(command, output).await,
            CliCommand::Audit(command) => audit::run_audit_command(command, output).await,
            CliCommand::Queue(args) => queue::run_queue(&args, output).await,
            CliCommand::Projections(args) => projections::run_projections(args, output).await,
            CliCommand::Doctor(args) => doctor::run_doctor(&args, output).await,
            CliCommand::Completions(args) => completions::print_completions(&args, Cli::command()),
        }
    })
}
