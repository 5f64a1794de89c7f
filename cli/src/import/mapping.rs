//! The mapping file: how columns become drafts. What it says is checked before the first row is read; `docs/examples` has two, explained.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// A mapping, as its file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapping {
    /// Event ids are derived from it and from each row's key. Changing it makes the same rows new events.
    pub(super) name: String,
    pub(super) rows: RowSettings,
    /// A second file, loaded whole, whose columns are added to each row.
    pub(super) join: Option<Join>,
    /// Loads all rows and sorts them. They are then sent one request after the other, so that the node's log has this order.
    #[serde(default)]
    pub(super) sort: Vec<SortKey>,
    /// Rows that say nothing to us. They are counted and reported, not refused.
    #[serde(default)]
    pub(super) leave_out: Vec<LeaveOut>,
    /// Conversions of columns, named once, used by the events.
    pub(super) fields: BTreeMap<String, FieldSpec>,
    /// The first whose conditions hold says what the rows of one key become.
    pub(super) events: Vec<EventSpec>,
}

/// How rows are read and belong together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowSettings {
    /// One character.
    #[serde(default = "comma")]
    pub(super) delimiter: char,
    /// Whether `"` quotes a field. Some files use it as a letter.
    #[serde(default = "yes")]
    pub(super) quotes: bool,
    /// Rows with one value of this column are one event.
    pub(super) group_by: String,
    /// How many rows of others may stand between two rows of one key.
    #[serde(default)]
    pub(super) within: u64,
}

/// A second file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Join {
    /// Beside the imported file, packed or not.
    pub(super) file: PathBuf,
    /// The column that both have; in the second file each value stands once.
    pub(super) key: String,
    /// Which of its columns are added.
    pub(super) columns: Vec<String>,
}

/// One step of the order.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SortKey {
    pub(super) column: String,
    /// Compares numbers, so that 10 comes after 9; text is compared by its bytes.
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

/// A test of one column.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConditionSpec {
    pub(super) column: String,
    pub(super) starts_with: Option<String>,
    pub(super) equals: Option<String>,
    pub(super) sign: Option<Sign>,
}

/// Of a number in a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sign {
    Negative,
    Zero,
    Positive,
}

/// From a column, or a constant, to a value.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldSpec {
    pub(super) column: Option<String>,
    pub(super) constant: Option<String>,
    /// Keeps the white space at both ends.
    #[serde(default)]
    pub(super) untrimmed: bool,
    /// Taken off the end where it stands there.
    pub(super) strip_suffix: Option<String>,
    /// What an empty column means; without this, it is an error.
    pub(super) empty: Option<WhenEmpty>,
    /// The value of an empty column.
    pub(super) default: Option<String>,
    /// A number, exact, with its needless zeros gone.
    pub(super) decimal: Option<DecimalAs>,
    /// A date and time of this form (as in `strftime`), on the clocks of `zone`.
    pub(super) datetime: Option<String>,
    /// An IANA name such as `Europe/London`.
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

/// What the rows of one key become. Every name on the right of `=` is one of `fields`; outside `lines` the first row counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventSpec {
    /// All must hold, each for every row.
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
        /// Which.
        path: PathBuf,
        /// How.
        error: std::io::Error,
    },
    /// It is no TOML, or says what no mapping says.
    #[error("the mapping {path}: {error}")]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Where and how.
        error: Box<toml::de::Error>,
    },
    /// It is readable, and means nothing.
    #[error("the mapping: {0}")]
    Meaningless(String),
    /// A column that the file does not have.
    #[error("the mapping names the column {column:?}; the file has {columns}")]
    NoColumn {
        /// Which.
        column: String,
        /// What there is.
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
            return meaningless("[[events]] is missing: nothing says what the rows become");
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
            return meaningless(format!("fields.{name} says twice what an empty column means: empty, default"));
        }
        if self.decimal.is_some() && self.datetime.is_some() {
            return meaningless(format!("fields.{name} is a decimal or a datetime, not both"));
        }
        if self.datetime.is_some() != self.zone.is_some() {
            return meaningless(format!("fields.{name}: datetime and zone go together, clocks differ by place"));
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
