//! Reads settings one by one and keeps every error until the end, so that an operator can correct all of them at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::VARIABLES;

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{path}: {error}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The parser's error, with its place.
        error: Box<toml::de::Error>,
    },
    /// Values that are missing or invalid.
    #[error("these settings cannot be used:\n  {}", .0.join("\n  "))]
    Wrong(Vec<String>),
}

/// The given values, and the errors so far.
#[derive(Debug)]
pub struct SettingsReader {
    given: BTreeMap<String, Given>,
    wrong: Vec<String>,
}

#[derive(Debug)]
struct Given {
    value: String,
    place: String,
}

impl SettingsReader {
    /// Reads the environment, and a file for the settings that the environment lacks. An empty variable counts as absent.
    pub fn new(
        environment: impl IntoIterator<Item = (String, String)>,
        file: Option<&Path>,
    ) -> Result<SettingsReader, SettingsError> {
        let mut reader = SettingsReader { given: BTreeMap::new(), wrong: Vec::new() };
        if let Some(path) = file {
            reader.take_file(path)?;
        }
        for (name, value) in environment {
            if !value.is_empty() && VARIABLES.iter().any(|variable| variable.name == name) {
                reader.given.insert(name, Given { value, place: "environment".to_owned() });
            }
        }
        Ok(reader)
    }

    fn take_file(&mut self, path: &Path) -> Result<(), SettingsError> {
        let unreadable = |error| SettingsError::Unreadable { path: path.to_owned(), error };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let malformed = |error| SettingsError::Malformed { path: path.to_owned(), error: Box::new(error) };
        let table: toml::Table = toml::from_str(&text).map_err(malformed)?;
        let place = path.display().to_string();
        for (key, value) in table {
            let name = key.to_uppercase();
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(flag) => flag.to_string(),
                other => {
                    self.wrong.push(format!(
                        "{key} ({place}): got a {}, expected a string, a number, true or false",
                        other.type_str()
                    ));
                    continue;
                }
            };
            // A misspelt name would silently leave the default in force.
            if key != key.to_lowercase() || !VARIABLES.iter().any(|variable| variable.name == name) {
                let known =
                    VARIABLES.iter().map(|variable| variable.name.to_lowercase()).collect::<Vec<_>>().join(", ");
                self.wrong.push(format!("{key} ({place}): unknown setting; known are {known}"));
                continue;
            }
            self.given.insert(name, Given { value, place: place.clone() });
        }
        Ok(())
    }

    /// A mandatory value. `None` after it was noted as missing or invalid.
    pub(super) fn required<T>(&mut self, name: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let value = self.optional(name, expected, parse)?;
        if value.is_none() {
            self.wrong.push(format!("{name}: missing, expected {expected}"));
        }
        value
    }

    /// A value or its default. `None` after it was noted as invalid.
    pub(super) fn or<T>(
        &mut self,
        name: &str,
        default: T,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        self.optional(name, expected, parse).map(|value| value.unwrap_or(default))
    }

    /// An optional value. The outer `None` means that it was noted as invalid.
    pub(super) fn optional<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Option<T>> {
        assert!(VARIABLES.iter().any(|variable| variable.name == name), "{name} is documented in VARIABLES");
        let Some(Given { value, place }) = self.given.get(name) else { return Some(None) };
        let parsed = parse(value);
        if parsed.is_none() {
            self.wrong.push(format!("{name} ({place}): got {value:?}, expected {expected}"));
        }
        parsed.map(Some)
    }

    /// Adds an error that somebody else found in a value.
    pub fn note(&mut self, error: &dyn std::fmt::Display) {
        self.wrong.push(error.to_string());
    }

    /// A value as given, unparsed.
    pub fn get(&self, name: &str) -> Option<String> {
        self.given.get(name).map(|given| given.value.clone())
    }

    /// Returns all errors, if there are any.
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.wrong.is_empty() { Ok(()) } else { Err(SettingsError::Wrong(self.wrong.clone())) }
    }
}
