//! `comptoir completions`: scripts for shells.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::failure::Failure;

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  comptoir completions bash > /etc/bash_completion.d/comptoir")]
pub struct CompletionsArgs {
    /// The shell that will run the script
    shell: Shell,
}

/// Prints the script for the whole command line.
pub fn print_completions(args: &CompletionsArgs, mut command: Command) -> Result<(), Failure> {
    clap_complete::generate(args.shell, &mut command, "comptoir", &mut std::io::stdout());
    Ok(())
}
