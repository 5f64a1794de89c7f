//! The `comptoir` program: parse, call, print. `main` here is the binary's; [`run`] leads to one file per command in [`commands`].

pub mod args;
pub mod central;
pub mod commands;
pub mod demo;
pub mod exit;
pub mod failure;
pub mod french;
pub mod import;
pub mod lang;
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

use clap::{CommandFactory as _, FromArgMatches as _};

/// Parses the command line, runs it, says what went wrong, and answers with one of [`exit`]'s codes.
pub fn main() -> ExitCode {
    let cli = parse();
    let output = output::Output::new(cli.json);
    match run::run_command(cli.command, output) {
        Ok(()) => ExitCode::from(exit::OK),
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Ends the process with a message where the command line cannot be used, or where help was asked for.
fn parse() -> args::Cli {
    let command = args::Cli::command();
    let mut command = if lang::french() { french::Table::load().translated(command) } else { command };
    let matches = command.clone().try_get_matches().unwrap_or_else(|error| {
        match french::error(&error).filter(|_| lang::french()) {
            Some(text) => {
                eprint!("{text}");
                std::process::exit(error.exit_code())
            }
            None => error.exit(),
        }
    });
    args::Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit())
}
