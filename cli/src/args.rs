//! The command line.

use clap::{Parser, Subcommand};

use crate::commands::{
    admin, audit, completions, demo, doctor, events, import, key, migrate, node, projections, serve, status, up,
};
use crate::exit;

/// Offline-first, event-sourced synchronisation for shops, drivers and schools.
#[derive(Debug, Parser)]
#[command(name = "comptoir", version, after_help = exit::HELP, propagate_version = true)]
pub struct Cli {
    /// Print results as JSON, one value per line
    #[arg(long, global = true)]
    pub json: bool,
    /// The command to run
    #[command(subcommand)]
    pub command: CliCommand,
}

/// The commands of `comptoir`.
#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Start everything on this machine: a private Postgres, central, a shop's node, and one real day of data
    Up(up::UpArgs),
    /// Disconnect the shop of a running `comptoir up` from central, and connect it again
    Demo(demo::DemoArgs),
    /// Serve as central or as a shop's node, depending on APP_MODE
    Serve(serve::ServeArgs),
    /// Migrate central's database to the schema of this version
    Migrate(migrate::MigrateArgs),
    /// Create and list tenants, sites, nodes and keys
    Admin(admin::AdminArgs),
    /// Import the rows of a table as events, through a node's API
    Import(import::ImportArgs),
    /// Read or export the log of a node or of central
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Verify exported logs from their files alone
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Create, list and revoke the local keys of a node
    Key(key::KeyArgs),
    /// Destroy the data of a node that is stopped
    #[command(subcommand)]
    Node(node::NodeCommand),
    /// Show the queue of a node, and everything that needs a person
    Status(status::StatusArgs),
    /// Show, rebuild, compare and switch read models
    Projections(projections::ProjectionsArgs),
    /// Check this machine for problems that would keep comptoir from running
    Doctor(doctor::DoctorArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::error::ErrorKind;
    use clap::{Command, CommandFactory as _};

    #[test]
    fn no_command_contradicts_itself() {
        Cli::command().debug_assert();
    }

    /// Commands and arguments without a help text.
    fn undescribed(command: &Command, found: &mut Vec<String>) {
        let name = command.get_name();
        if command.get_about().is_none() {
            found.push(name.to_owned());
        }
        let arguments = command.get_arguments().filter(|argument| argument.get_help().is_none());
        found.extend(arguments.map(|argument| format!("{name} {}", argument.get_id())));
        command.get_subcommands().for_each(|below| undescribed(below, found));
    }

    #[test]
    fn every_command_and_every_argument_has_a_help_text() {
        let mut command = Cli::command();
        command.build();
        let mut found = Vec::new();
        undescribed(&command, &mut found);
        assert!(found.is_empty(), "{found:#?}");
    }

    #[test]
    fn a_wrong_command_line_is_answered_with_what_is_wrong() {
        let check = |line: &[&str], kind: ErrorKind, words: &str| {
            let error = Cli::command().try_get_matches_from(line).expect_err("the command line is wrong");
            assert_eq!((error.kind(), error.exit_code()), (kind, i32::from(exit::USAGE)), "{line:?}");
            assert!(error.to_string().contains(words), "{line:?}: {error}");
        };
        check(&["comptoir", "evnts"], ErrorKind::InvalidSubcommand, "a similar subcommand exists: 'events'");
        check(&["comptoir", "events", "tail", "--nope"], ErrorKind::UnknownArgument, "'--nope'");
        check(&["comptoir", "events", "export"], ErrorKind::MissingRequiredArgument, "--out <FILE>");
        check(&["comptoir", "events", "tail", "-n", "x"], ErrorKind::ValueValidation, "invalid digit");
        check(&["comptoir", "events", "show", "first"], ErrorKind::ValueValidation, "'first' for '<ID>'");
        check(&["comptoir", "up", "--local-addr", "7401"], ErrorKind::ValueValidation, "socket address");
        check(
            &["comptoir", "import", "f.csv", "--map", "m.toml", "--in-flight", "99"],
            ErrorKind::ValueValidation,
            "99 is not in 1..=32",
        );
        check(&["comptoir", "--json=yes", "doctor"], ErrorKind::TooManyValues, "'--json'");
        check(
            &["comptoir", "events", "tail", "-n", "3", "--after", "1.1"],
            ErrorKind::ArgumentConflict,
            "cannot be used with '--after <CURSOR>'",
        );
        check(&["comptoir", "completions", "cmd"], ErrorKind::InvalidValue, "possible values: bash");
        let help = Cli::command().try_get_matches_from(["comptoir", "--help"]).expect_err("help ends the program");
        assert_eq!(help.exit_code(), i32::from(exit::OK));
    }
}
