//! A rulebook file in TOML. Missing lines have the defaults of [`Rulebook::default`].
//!
//! ```toml
//! version = 2
//! default = "version_check"
//! [rules]
//! CLIENT = "last_writer_wins"
//! ```

use std::collections::BTreeMap;

use comptoir_core::fact::Fact;
use comptoir_core::id::{Name, NameError};
use comptoir_core::rulebook::{Rule, Rulebook};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::payload;

/// Why a rulebook file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulebookError {
    /// No TOML of the expected shape.
    #[error("the rulebook does not read: {0}")]
    Toml(String),
    /// An entity type that is not a name.
    #[error("entity type {entity_type:?}: {error}")]
    EntityType {
        /// The type as written in the file.
        entity_type: String,
        /// What is wrong.
        error: NameError,
    },
    /// A rule that does not exist.
    #[error(
        "{rule:?} is no rule; the rules are server_wins, first_wins, accept_assign, last_writer_wins, append_only, version_check, central_only"
    )]
    Rule {
        /// The type as written in the file.
        rule: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    default: Option<String>,
    #[serde(default)]
    rules: BTreeMap<String, String>,
}

/// Reads a rulebook file over the defaults.
pub fn parse(toml: &str) -> Result<Rulebook, RulebookError> {
    let file: File = toml::from_str(toml).map_err(|error| RulebookError::Toml(error.to_string()))?;
    let mut book = Rulebook { version: file.version, ..Rulebook::default() };
    if let Some(default) = &file.default {
        book.default = rule(default)?;
    }
    for (entity_type, name) in file.rules {
        let key = Name::new(entity_type.clone()).map_err(|error| RulebookError::EntityType { entity_type, error })?;
        book.rules.insert(key, rule(&name)?);
    }
    Ok(book)
}

fn rule(text: &str) -> Result<Rule, RulebookError> {
    Rule::parse(text).ok_or_else(|| RulebookError::Rule { rule: text.to_owned() })
}

/// A rulebook as the payload of `RULEBOOK_ADOPTED`.
pub fn to_payload(book: &Rulebook) -> Value {
    let rules: serde_json::Map<String, Value> =
        book.rules.iter().map(|(name, rule)| (name.to_string(), Value::from(rule.as_str()))).collect();
    json!({ "version": book.version, "default": book.default.as_str(), "rules": rules })
}

/// Parses a payload of `RULEBOOK_ADOPTED`. The rulebook is stored and sent to nodes in the same form.
pub fn from_payload(text: &str) -> Result<Rulebook, String> {
    let name = |text: &str| Name::new(text).map_err(|error| error.to_string());
    let read = payload::read_fact(&name("RULEBOOK")?, &name("RULEBOOK_ADOPTED")?, 1, text.as_bytes());
    match read {
        Ok((Fact::RulebookAdopted(rulebook), _)) => Ok(rulebook),
        Ok(_) => Err("it reads as something else".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_changes_only_what_it_names() {
        let book = parse("version = 2\n[rules]\nCLIENT = \"version_check\"\n").unwrap();
        assert_eq!(book.rule_for(&Name::new("CLIENT").unwrap()), Rule::VersionCheck);
        assert_eq!(book.rule_for(&Name::new("STOCK").unwrap()), Rule::ServerWins);
        assert_eq!(book.version, 2);
    }

    #[test]
    fn a_rulebook_reads_back_from_the_payload_that_adopts_it() {
        let book = parse("version = 7\n[rules]\nPUPIL = \"last_writer_wins\"\n").unwrap();
        assert_eq!(from_payload(&to_payload(&book).to_string()), Ok(book));
    }

    #[test]
    fn a_rule_that_does_not_exist_is_named() {
        let error = parse("version = 1\ndefault = \"newest\"").unwrap_err();
        assert!(error.to_string().contains("\"newest\""), "{error}");
    }
}
