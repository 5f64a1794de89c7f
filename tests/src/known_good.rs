//! Totals that nobody on the team computed with this program: `known-good.json` next to each data set in `tests/data`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rust_decimal::Decimal;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A file of `tests/data`.
pub fn data(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data").join(path)
}

/// The totals of a data set.
pub fn totals(set: &str) -> Value {
    let path = data(set).join("known-good.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// sha256 of the lines `key<TAB>value<LF>`, sorted by the bytes of the key: a whole projection in one line.
pub fn digest(rows: &BTreeMap<String, String>) -> String {
    let mut hasher = Sha256::new();
    for (key, value) in rows {
        hasher.update(format!("{key}\t{value}\n"));
    }
    hex::encode(hasher.finalize())
}

/// A decimal text without needless zeros.
pub fn plain(amount: Decimal) -> String {
    comptoir_core::money::plain(amount)
}

/// A decimal that a report wrote as a string.
pub fn decimal(value: &Value) -> Decimal {
    let text = value.as_str().unwrap_or_else(|| panic!("a decimal is a string, got {value}"));
    text.parse().unwrap_or_else(|error| panic!("{text:?}: {error}"))
}
