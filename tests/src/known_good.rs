//! Access to the third-party data sets in `tests/data`. A data set's `known-good.json` holds totals that were computed without
//! this program.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rust_decimal::Decimal;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The path of a file in `tests/data`.
pub fn data_path(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data").join(path)
}

/// Reads the `known-good.json` of a data set. `set` is the name of its folder.
pub fn known_totals(set: &str) -> Value {
    let path = data_path(set).join("known-good.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// sha256 of the lines `key<TAB>value<LF>`, sorted by the bytes of the key. Comparing two digests compares two whole
/// projections.
pub fn digest_of_rows(rows: &BTreeMap<String, String>) -> String {
    let mut hasher = Sha256::new();
    for (key, value) in rows {
        hasher.update(format!("{key}\t{value}\n"));
    }
    hex::encode(hasher.finalize())
}

/// A decimal as text, without trailing zeros.
pub fn plain_decimal(amount: Decimal) -> String {
    comptoir_core::money::plain(amount)
}

/// Parses a decimal, which a report writes as a JSON string.
pub fn parse_decimal(value: &Value) -> Decimal {
    let text = value.as_str().unwrap_or_else(|| panic!("a decimal is a string, got {value}"));
    text.parse().unwrap_or_else(|error| panic!("{text:?}: {error}"))
}
