//! Printing: text for people, JSON for programs. Results go to stdout, everything else to stderr.

use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

use crate::failure::Failure;

/// A result that can be shown to people.
pub trait Shown: Serialize {
    /// The text, without a final line end.
    fn text(&self) -> String;
}

/// How to print.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// Prints JSON or text.
    pub fn new(json: bool) -> Output {
        Output { json }
    }

    /// Whether to print JSON.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Whether to show progress: text on a terminal.
    pub fn shows_progress(self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// Prints a result: one line of JSON, or its text.
    pub fn print(self, result: &impl Shown) -> Result<(), Failure> {
        let line = if self.json { json(result)? } else { result.text() };
        match writeln!(io::stdout().lock(), "{line}") {
            // The reader closed the pipe: `comptoir events tail | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(i32::from(crate::exit::OK)),
            Err(error) => Err(Failure::Internal(format!("stdout: {error}"))),
            Ok(()) => Ok(()),
        }
    }

    /// Prints a note for people on stderr; nothing with `--json`.
    pub fn note(self, text: &str) {
        if !self.json {
            // A note that cannot be written changes nothing.
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// Prints why a command failed on stderr.
    pub fn failure(self, failure: &Failure) {
        #[derive(Serialize)]
        struct ErrorLine<'a> {
            error: &'a str,
            exit_code: u8,
        }
        let error = failure.to_string();
        if self.json {
            let line = ErrorLine { error: &error, exit_code: failure.exit_code() };
            eprintln!("{}", serde_json::to_string(&line).unwrap_or(error.clone()));
        } else {
            eprintln!("comptoir: {error}");
        }
    }
}

fn json(result: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(result)
        .map_err(|error| Failure::Internal(format!("a result cannot be written as JSON: {error}")))
}

/// A number and its noun: `1 sale`, `2 sales`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_its_noun_in_the_singular_or_plural() {
        let shown = [0, 1, 2].map(|number| counted(number, "sale", "sales"));
        assert_eq!(shown, ["0 sales", "1 sale", "2 sales"]);
    }
}
