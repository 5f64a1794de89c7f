//! Calls the command that the command line names.

use clap::CommandFactory as _;

use crate::args::{Cli, CliCommand};
use crate::commands::{
    admin, audit, completions, demo, doctor, events, import, key, migrate, node, projections, serve, status, up,
};
use crate::failure::Failure;
use crate::output::Output;

/// Runs a command to its end.
pub fn run_command(command: CliCommand, output: Output) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Internal(format!("no threads: {error}")))?;
    runtime.block_on(async {
        match command {
            CliCommand::Up(args) => up::serve_everything(&args, output).await,
            CliCommand::Demo(args) => demo::set_connection(&args, output).await,
            CliCommand::Serve(args) => serve::serve_until_stopped(&args).await,
            CliCommand::Migrate(args) => migrate::migrate_database(args, output).await,
            CliCommand::Admin(args) => admin::administer(args, output).await,
            CliCommand::Import(args) => import::import_table(&args, output).await,
            CliCommand::Events(command) => events::read_log(command, output).await,
            CliCommand::Audit(command) => audit::audit_files(command, output).await,
            CliCommand::Key(args) => key::manage_keys(args, output).await,
            CliCommand::Node(command) => node::change_node(command, output).await,
            CliCommand::Status(args) => status::print_status(&args, output).await,
            CliCommand::Projections(args) => projections::manage_projections(args, output).await,
            CliCommand::Doctor(args) => doctor::check_machine(&args, output).await,
            CliCommand::Completions(args) => completions::print_completions(&args, Cli::command()),
        }
    })
}
