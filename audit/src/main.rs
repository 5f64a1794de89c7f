//! `comptoir-audit`, a program that auditors run on their own machine. It reads files and prints; it writes no file and opens no
//! socket.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use comptoir_audit::commands::{AuditCommand, PrintOptions, run_audit};
use comptoir_audit::exit;
use comptoir_messages::Language;

/// Verify exported logs of nodes and central from their files alone.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "\
Examples:
  comptoir-audit verify shop.bundle
  comptoir-audit verify january.bundle february.bundle --known-head 9f2c...
  comptoir-audit compare shop.bundle central.bundle --json
  comptoir-audit replay central.bundle --redecide

Ends with 0 when everything holds, 1 when a break, a contradiction or a difference was found, 2 when nothing can be said."
)]
struct Arguments {
    #[command(subcommand)]
    command: AuditCommand,
    /// Print one line of JSON instead of text
    #[arg(long, global = true)]
    json: bool,
}

fn main() -> ExitCode {
    let Arguments { command, json } = Arguments::parse();
    let progress = !json && io::stderr().is_terminal();
    let done = run_audit(
        &command,
        PrintOptions { json, language: Language::of_locale(|name| std::env::var(name).ok()), progress },
    );
    ExitCode::from(done.unwrap_or_else(|error| {
        let _ = writeln!(io::stderr().lock(), "{error}");
        exit::UNREADABLE
    }))
}
