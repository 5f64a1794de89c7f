//! What is wrong with a command line, in French: clap says it in English alone.

use std::error::Error as _;
use std::fmt::Write as _;
use std::net::AddrParseError;
use std::num::{IntErrorKind, ParseIntError};

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The message; nothing for help, which is no error, and for what clap says too rarely to be said here.
pub fn error(error: &clap::Error) -> Option<String> {
    let mut text = format!("erreur : {}\n", what(error)?);
    let near = [
        (ContextKind::SuggestedSubcommand, "une commande semblable existe"),
        (ContextKind::SuggestedArg, "un argument semblable existe"),
        (ContextKind::SuggestedValue, "une valeur semblable existe"),
    ];
    for (kind, words) in near {
        if let Some(suggested) = said(error, kind) {
            let _fits = write!(text, "\n  conseil : {words} : {suggested}\n");
        }
    }
    if let Some(usage) = said(error, ContextKind::Usage) {
        let usage = usage.trim_start_matches("Usage:").trim_start();
        let _fits = write!(text, "\nUtilisation : {usage}\n");
    }
    text.push_str("\nPour en savoir plus : '--help'.\n");
    Some(text)
}

fn what(error: &clap::Error) -> Option<String> {
    let argument = said(error, ContextKind::InvalidArg);
    let value = said(error, ContextKind::InvalidValue);
    Some(match error.kind() {
        ErrorKind::InvalidSubcommand => {
            format!("commande inconnue {}", said(error, ContextKind::InvalidSubcommand)?)
        }
        ErrorKind::UnknownArgument => format!("argument inattendu {}", argument?),
        ErrorKind::MissingRequiredArgument => format!("il manque {}", argument?),
        ErrorKind::ArgumentConflict => {
            match said(error, ContextKind::PriorArg).filter(|prior| Some(prior) != argument.as_ref()) {
                Some(prior) => format!("{} ne va pas avec {prior}", argument?),
                None => format!("{} ne se donne qu'une fois", argument?),
            }
        }
        ErrorKind::InvalidValue if value.as_deref().is_none_or(|value| value == "''") => {
            format!("il manque une valeur pour {}", argument?)
        }
        ErrorKind::InvalidValue => match said(error, ContextKind::ValidValue) {
            Some(valid) => format!("valeur {} refusée pour {} ; possibles : {valid}", value?, argument?),
            None => format!("valeur {} refusée pour {}", value?, argument?),
        },
        ErrorKind::ValueValidation => {
            let why = error.source().map(|why| format!(" : {}", why_not(why))).unwrap_or_default();
            format!("valeur {} refusée pour {}{why}", value?, argument?)
        }
        ErrorKind::TooManyValues => format!("valeur {} en trop : {} n'en prend pas", value?, argument?),
        ErrorKind::MissingSubcommand => match said(error, ContextKind::ValidSubcommand) {
            Some(valid) => format!("il manque une commande ; possibles : {valid}"),
            None => "il manque une commande".to_owned(),
        },
        ErrorKind::InvalidUtf8 => "la ligne de commande a des octets qui ne sont pas de l'UTF-8".to_owned(),
        _ => return None,
    })
}

/// Why a value does not read: the reasons of the types that our arguments have. Those of our own readers are French where they are said.
fn why_not(why: &(dyn std::error::Error + 'static)) -> String {
    if let Some(number) = why.downcast_ref::<ParseIntError>() {
        let words = match number.kind() {
            IntErrorKind::PosOverflow => "nombre trop grand",
            IntErrorKind::NegOverflow => "nombre trop petit",
            _ => "un nombre entier est attendu",
        };
        return words.to_owned();
    }
    if why.is::<uuid::Error>() {
        return "un UUID est attendu, comme 0199d2a4-7c51-7b1e-9d52-0f6a3c1e8b77".to_owned();
    }
    if why.is::<AddrParseError>() {
        return "une adresse et un port sont attendus, comme 127.0.0.1:7401".to_owned();
    }
    let text = why.to_string();
    match text.split_once(" is not in ") {
        Some((_, range)) => format!("un nombre de l'intervalle {range} est attendu"),
        None => text,
    }
}

/// What clap noted of that kind; names in quotes.
fn said(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(name) => Some(format!("'{name}'")),
        ContextValue::Strings(names) if !names.is_empty() => {
            Some(names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", "))
        }
        ContextValue::StyledStr(text) => Some(text.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::CommandFactory as _;

    #[test]
    fn a_command_line_that_means_nothing_is_told_in_french() {
        let said = |line: &[&str]| error(&Cli::command().try_get_matches_from(line).unwrap_err());
        let told = |line: &[&str], words: &str| {
            let text = said(line).unwrap_or_default();
            assert!(text.starts_with(&format!("erreur : {words}")), "{line:?}: {text}");
            for english in ["error", "Usage", "tip:", "For more", "argument '"] {
                let english = text.lines().find(|line| line.starts_with(english));
                assert_eq!(english, None, "{text}");
            }
        };
        told(
            &["comptoir", "evnts"],
            "commande inconnue 'evnts'\n\n  conseil : une commande semblable existe : 'events'",
        );
        told(&["comptoir", "events", "tail", "--nope"], "argument inattendu '--nope'\n");
        told(&["comptoir", "events", "export"], "il manque '--out <FILE>'");
        told(
            &["comptoir", "events", "tail", "-n", "x"],
            "valeur 'x' refusée pour '--lines <LINES>' : un nombre entier est attendu\n",
        );
        told(
            &["comptoir", "events", "tail", "-n", "99999999999999999999"],
            "valeur '99999999999999999999' refusée pour '--lines <LINES>' : nombre trop grand\n",
        );
        told(&["comptoir", "events", "show", "first"], "valeur 'first' refusée pour '<ID>' : un UUID est attendu");
        told(
            &["comptoir", "up", "--local-addr", "7401"],
            "valeur '7401' refusée pour '--local-addr <LOCAL_ADDR>' : une adresse et un port sont attendus",
        );
        told(
            &["comptoir", "import", "f.csv", "--map", "m.toml", "--in-flight", "99"],
            "valeur '99' refusée pour '--in-flight <IN_FLIGHT>' : un nombre de l'intervalle 1..=32 est attendu\n",
        );
        told(&["comptoir", "--json=yes", "queue"], "valeur 'yes' en trop : '--json' n'en prend pas\n");
        told(&["comptoir", "--json"], "il manque une commande ; possibles : 'up', 'demo'");
        told(&["comptoir", "events", "tail", "-n"], "il manque une valeur pour '--lines <LINES>'");
        told(
            &["comptoir", "events", "tail", "-n", "3", "--after", "1.1"],
            "'--lines <LINES>' ne va pas avec '--after <CURSOR>'",
        );
        told(&["comptoir", "completions", "cmd"], "valeur 'cmd' refusée pour '<SHELL>' ; possibles : 'bash'");
        assert_eq!(said(&["comptoir", "--help"]), None, "help is no error");
    }
}
