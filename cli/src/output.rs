//! What commands print: words for people, or JSON for programs. Results go to stdout, everything else to stderr.

use std::io::{self, IsTerminal as _, Write as _};

use serde::Serialize;

use crate::failure::Failure;

/// A result that can be shown to people.
pub trait Shown: Serialize {
    /// In words, without a line end after the last.
    fn text(&self) -> String;
}

/// Where and how to print.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// JSON for programs, or words.
    pub fn new(json: bool) -> Output {
        Output { json }
    }

    /// Whether a program reads.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Whether a progress bar makes sense.
    pub fn shows_progress(self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// Prints a result: one line of JSON, or its words.
    pub fn print(self, result: &impl Shown) -> Result<(), Failure> {
        let line = if self.json { json(result)? } else { result.text() };
        match writeln!(io::stdout().lock(), "{line}") {
            // Whoever read us has seen enough: `comptoir events tail | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(i32::from(crate::exit::OK)),
            Err(error) => Err(Failure::Internal(format!("stdout: {error}"))),
            Ok(()) => Ok(()),
        }
    }

    /// Tells a person on stderr what goes on; a program hears nothing.
    pub fn note(self, text: &str) {
        if !self.json {
            // Nobody is helped by a failure to say what goes on.
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// Says why a command failed.
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
    serde_json::to_string(result).map_err(|error| Failure::Internal(format!("a result has no JSON: {error}")))
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
