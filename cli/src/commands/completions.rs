//! `comptoir completions SHELL`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::args::Cli;
use crate::failure::Failure;

/// Which shell.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  comptoir completions bash > /etc/bash_completion.d/comptoir")]
pub struct CompletionsArgs {
    /// The shell to complete in
    shell: Shell,
}

/// Prints the script.
pub fn print_completions(args: &CompletionsArgs) -> Result<(), Failure> {
    clap_complete::generate(args.shell, &mut Cli::command(), "comptoir", &mut std::io::stdout());
    Ok(())
}
