//! From the command line to the command's file.

use crate::args::Command;
use crate::commands::{
    admin, audit, completions, demo, doctor, events, import, migrate, projections, queue, serve, up,
};
use crate::failure::Failure;
use crate::output::Output;

/// Runs a command to its end.
pub fn run(command: Command, output: Output) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Internal(format!("no threads: {error}")))?;
    runtime.block_on(async {
        match command {
            Command::Up(args) => up::run(&args, output).await,
            Command::Demo(args) => demo::run(&args, output).await,
            Command::Serve(args) => serve::run(&args).await,
            Command::Migrate(args) => migrate::run(args, output).await,
            Command::Admin(args) => admin::run(args, output).await,
            Command::Import(args) => import::run(&args, output).await,
            Command::Events(command) => events::run(command, output).await,
            Command::Audit(command) => audit::run(command, output).await,
            Command::Queue(args) => queue::run(&args, output).await,
            Command::Projections(args) => projections::run(args, output).await,
            Command::Doctor(args) => doctor::run(&args, output).await,
            Command::Completions(args) => completions::run(&args),
        }
    })
}
