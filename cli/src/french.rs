//! The help in French. The command line is written once, in English, where its arguments stand; `french.toml` has each line of it again.

mod error;

use std::collections::HashMap;

use clap::Command;

pub use error::error;

/// English lines and their French.
pub struct Table(HashMap<String, String>);

impl Table {
    /// The table of this program.
    pub fn load() -> Table {
        Table(toml::from_str(include_str!("french.toml")).unwrap_or_default())
    }

    /// A command, its arguments and those below it, in French.
    pub fn translated(&self, mut command: Command) -> Command {
        // What clap adds by itself, `--help` and the like, is there only from here on.
        command.build();
        self.of(command)
    }

    fn of(&self, mut command: Command) -> Command {
        if let Some(about) = command.get_about().map(ToString::to_string) {
            command = command.about(self.text(&about));
        }
        if let Some(after) = command.get_after_help().map(ToString::to_string) {
            command = command.after_help(self.text(&after));
        }
        command
            .subcommand_help_heading("Commandes")
            .help_template("{about-with-newline}\nUtilisation : {usage}\n\n{all-args}{after-help}")
            .mut_args(|argument| match argument.get_help().map(ToString::to_string) {
                Some(help) => argument.help(self.text(&help)),
                None => argument,
            })
            .mut_subcommands(|command| self.of(command))
    }

    /// Line by line; what is not in the table stays as it is.
    fn text(&self, english: &str) -> String {
        let line = |line| self.0.get(line).map_or(line, String::as_str);
        english.split('\n').map(line).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::CommandFactory as _;

    /// Whether a line needs no French, as a command to copy does, or has it.
    fn is_known(table: &Table, line: &str) -> bool {
        let to_copy = line.starts_with("  ") && line.contains("comptoir") && !line.contains('#');
        line.is_empty() || to_copy || table.0.contains_key(line)
    }

    fn lines(command: &Command, into: &mut Vec<String>) {
        let about = [command.get_about(), command.get_after_help()].into_iter().flatten();
        let arguments = command.get_arguments().filter_map(clap::Arg::get_help);
        for text in about.chain(arguments) {
            into.extend(text.to_string().lines().map(str::to_owned));
        }
        command.get_subcommands().for_each(|command| lines(command, into));
    }

    #[test]
    fn every_line_of_every_help_text_has_its_french() {
        let mut command = Cli::command();
        command.build();
        let mut all = Vec::new();
        lines(&command, &mut all);
        let table = Table::load();
        let missing: Vec<_> = all.iter().filter(|line| !is_known(&table, line)).collect();
        assert!(missing.is_empty(), "add to cli/src/french.toml: {missing:#?}");
        let unused: Vec<_> = table.0.keys().filter(|line| !all.contains(line)).collect();
        assert!(unused.is_empty(), "remove from cli/src/french.toml: {unused:#?}");
    }

    #[test]
    fn a_person_reads_french_and_scripts_find_the_same_arguments() {
        let mut french = Table::load().translated(Cli::command());
        let help = french.render_help().to_string();
        assert!(help.contains("Utilisation : comptoir") && help.contains("Commandes:"), "{help}");
        assert!(help.contains("Synchronisation hors ligne d'abord"), "{help}");
        let parsed = french.try_get_matches_from(["comptoir", "events", "tail", "-n", "3", "--json"]);
        assert!(parsed.is_ok_and(|matches| matches.get_flag("json")));
    }
}
