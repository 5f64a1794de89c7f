//! The `comptoir` program: parse, call, print. [`main`] is the binary's entry; [`run`] calls one file per command in
//! [`commands`].

pub mod args;
mod causes;
pub mod central;
pub mod commands;
pub mod demo;
pub mod exit;
pub mod failure;
pub mod first_user;
pub mod import;
pub mod output;
pub mod port_holder;
pub mod process;
pub mod remote;
pub mod run;
pub mod server;
pub mod settings;
pub mod supervise;
pub mod up_file;

use std::process::ExitCode;

use clap::Parser as _;

/// Parses and runs the command line, prints a failure, and returns one of [`exit`]'s codes.
pub fn main() -> ExitCode {
    let cli = args::Cli::parse();
    let output = output::Output::new(cli.json);
    match run::run_command(cli.command, output) {
        Ok(()) => ExitCode::from(exit::OK),
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
