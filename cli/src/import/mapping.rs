//! The mapping file: how columns become drafts. It is checked before the first row is read; `docs/examples` has two with
//! explanations.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The content of a mapping file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapping {
    /// Event ids are derived from this name and each row's key: another name makes the same rows new events.
    pub(super) name: String,
    pub(super) rows: RowSettings,
    /// A second file, loaded whole, whose columns are added to each row.
    pub(super) join: Option<Join>,
    /// Loads and sorts all rows, and sends one request at a time, so that the node's log has this order.
    #[serde(default)]
    pub(super) sort: Vec<SortKey>,
    /// Rows to leave out; they are counted and reported, and are no errors.
    #[serde(default)]
    pub(super) leave_out: Vec<LeaveOut>,
    /// Named conversions of columns, used by the events.
    pub(super) fields: BTreeMap<String, FieldSpec>,
    /// The first event whose conditions hold is what the rows of one key become.
    pub(super) events: Vec<EventSpec>,
}

/// How rows are read and grouped.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowSettings {
    /// One character.
    #[serde(default = "comma")]
    pub(super) delimiter: char,
    /// Whether `"` quotes a field. Some files use it as a letter.
    #[serde(default = "yes")]
    pub(super) quotes: bool,
    /// Rows with the same value of this column are one event.
    pub(super) group_by: String,
    /// Rows of other keys allowed between two rows of one key.
    #[serde(default)]
    pub(super) within: u64,
}

/// A second file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Join {
    /// Relative to the imported file; optionally compressed.
    pub(super) file: PathBuf,
    /// The column that both files have; unique in the second file.
    pub(super) key: String,
    /// Columns to add from the second file.
    pub(super) columns: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SortKey {
    pub(super) column: String,
    /// Compares as numbers, so that 10 follows 9, instead of by bytes.
    #[serde(default)]
    pub(super) number: bool,
}

/// Rows to leave out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LeaveOut {
    pub(super) when: ConditionSpec,
    pub(super) reason: String,
}

/// A condition on one column.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionSpec {
    pub(super) column: String,
    pub(super) starts_with: Option<String>,
    pub(super) equals: Option<String>,
    pub(super) sign: Option<Sign>,
}

/// The sign of a number in a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sign {
    Negative,
    Zero,
    Positive,
}

/// A value from a column or a constant.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldSpec {
    pub(super) column: Option<String>,
    pub(super) constant: Option<String>,
    /// Keeps white space at both ends.
    #[serde(default)]
    pub(super) untrimmed: bool,
    /// Removed from the end if present.
    pub(super) strip_suffix: Option<String>,
    /// The meaning of an empty column, which is otherwise an error.
    pub(super) empty: Option<WhenEmpty>,
    /// The value of an empty column.
    pub(super) default: Option<String>,
    /// An exact number without trailing zeros.
    pub(super) decimal: Option<DecimalAs>,
    /// A date and time in this format (as for `strftime`), in `zone`.
    pub(super) datetime: Option<String>,
    /// An IANA time zone such as `Europe/London`.
    pub(super) zone: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum WhenEmpty {
    Absent,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DecimalAs {
    AsIs,
    Abs,
    Negate,
}

/// The event that the rows of one key become. Every name on the right of `=` is one of `fields`; outside `lines` the first row
/// counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventSpec {
    /// Conditions that must all hold for every row.
    #[serde(default)]
    pub(super) when: Vec<ConditionSpec>,
    pub(super) entity_type: String,
    pub(super) action: String,
    pub(super) entity_id: String,
    pub(super) occurred_at: Option<String>,
    pub(super) user: Option<String>,
    #[serde(default)]
    pub(super) payload: BTreeMap<String, String>,
    /// One line per row.
    pub(super) lines: Option<BTreeMap<String, String>>,
    /// Amounts in minor units: the sum over all rows of quantity x unit price, each rounded half up.
    #[serde(default)]
    pub(super) amounts: BTreeMap<String, AmountSpec>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AmountSpec {
    pub(super) quantity: String,
    pub(super) unit_price: String,
    pub(super) currency: String,
}

fn comma() -> char {
    ','
}

fn yes() -> bool {
    true
}

/// Why a mapping cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The file cannot be read.
    #[error("the mapping {path} cannot be read: {error}")]
    Unreadable {
        /// The mapping file.
        path: PathBuf,
        /// The system's error.
        error: std::io::Error,
    },
    /// The file is not TOML, or has unknown or wrong entries.
    #[error("the mapping {path}: {error}")]
    Malformed {
        /// The mapping file.
        path: PathBuf,
        /// The parser's error, with its place.
        error: Box<toml::de::Error>,
    },
    /// The file is readable but contradicts itself.
    #[error("the mapping: {0}")]
    Meaningless(String),
    /// A column that the file does not have.
    #[error("the mapping names the column {column:?}; the file has {columns}")]
    NoColumn {
        /// The missing column.
        column: String,
        /// The columns of the file.
        columns: String,
    },
}

pub(super) fn meaningless<T>(what: impl Into<String>) -> Result<T, MappingError> {
    Err(MappingError::Meaningless(what.into()))
}

impl Mapping {
    /// Reads a mapping and checks what can be checked without the rows.
    pub(super) fn load(path: &Path) -> Result<Mapping, MappingError> {
        let unreadable = |error| MappingError::Unreadable { path: path.to_owned(), error };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let malformed = |error| MappingError::Malformed { path: path.to_owned(), error: Box::new(error) };
        let mapping: Mapping = toml::from_str(&text).map_err(malformed)?;
        mapping.check()?;
        Ok(mapping)
    }

    fn check(&self) -> Result<(), MappingError> {
        if self.name.is_empty() {
            return meaningless("name must not be empty: event ids are derived from it");
        }
        if !self.rows.delimiter.is_ascii() {
            return meaningless(format!("rows.delimiter is one ASCII character, got {:?}", self.rows.delimiter));
        }
        if self.events.is_empty() {
            return meaningless("[[events]] is missing: it defines what the rows become");
        }
        for (name, field) in &self.fields {
            field.check(name)?;
        }
        for event in &self.events {
            self.check_event(event)?;
        }
        let tests = self.leave_out.iter().map(|left| &left.when);
        tests.chain(self.events.iter().flat_map(|event| &event.when)).try_for_each(ConditionSpec::check)
    }

    fn check_event(&self, event: &EventSpec) -> Result<(), MappingError> {
        let known: BTreeSet<&str> = self.fields.keys().map(String::as_str).collect();
        let unknown = event.field_names().find(|name| !known.contains(name));
        if let Some(name) = unknown {
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            return meaningless(format!("{} names the field {name:?}; fields has {known}", event.action));
        }
        let given = |name: &str| event.payload.contains_key(name) || (event.lines.is_some() && name == "lines");
        match event.amounts.keys().find(|name| given(name)) {
            Some(twice) => meaningless(format!("{} gives {twice:?} twice", event.action)),
            None => Ok(()),
        }
    }
}

impl EventSpec {
    pub(super) fn field_names(&self) -> impl Iterator<Item = &str> {
        let amounts = self.amounts.values().flat_map(|amount| [&amount.quantity, &amount.unit_price, &amount.currency]);
        let names = [&self.entity_id].into_iter().chain(&self.occurred_at).chain(&self.user);
        let names = names.chain(self.payload.values()).chain(self.lines.iter().flat_map(BTreeMap::values));
        names.chain(amounts).map(String::as_str)
    }
}

impl FieldSpec {
    fn check(&self, name: &str) -> Result<(), MappingError> {
        if self.column.is_some() == self.constant.is_some() {
            return meaningless(format!("fields.{name} needs a column or a constant, one of them"));
        }
        if self.empty.is_some() && self.default.is_some() {
            return meaningless(format!("fields.{name} defines the meaning of an empty column twice: empty, default"));
        }
        if self.decimal.is_some() && self.datetime.is_some() {
            return meaningless(format!("fields.{name} is a decimal or a datetime, not both"));
        }
        if self.datetime.is_some() != self.zone.is_some() {
            return meaningless(format!(
                "fields.{name}: datetime and zone need each other, because clocks differ by place"
            ));
        }
        Ok(())
    }
}

impl ConditionSpec {
    fn check(&self) -> Result<(), MappingError> {
        let tests = [self.starts_with.is_some(), self.equals.is_some(), self.sign.is_some()];
        match tests.into_iter().filter(|given| *given).count() {
            1 => Ok(()),
            n => meaningless(format!(
                "the condition on {:?} needs one of starts_with, equals, sign, and has {n}",
                self.column
            )),
        }
    }
}
