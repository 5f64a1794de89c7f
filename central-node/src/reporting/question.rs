//! The parameters of a report.

use std::time::Duration;

use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;

/// The maximum of rows in one answer. A report over every entity of a shop's year stays far below it; a longer answer is
/// paged.
pub(crate) const REPORT_ROWS_MAX: usize = 100_000;

/// The point up to which the log counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AsOf {
    /// Up to and including this position.
    Position(Position),
    /// Up to the last position received by this time.
    Time(Timestamp),
}

/// One page of a longer answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RowPage {
    /// The maximum number of rows, at least one.
    pub(crate) limit: usize,
    /// The page starts after this key.
    pub(crate) after: Option<Vec<Option<String>>>,
}

/// The position that a caller waits for, and how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct WaitFor {
    /// The position that the answer must include, such as the caller's own write; zero if the caller does not wait.
    pub(crate) position: Position,
    pub(crate) within: Duration,
}

/// A cursor encodes the key of the last row shown. It is opaque to callers and never expires.
pub(crate) fn write_cursor(key: &[Option<&str>]) -> String {
    hex::encode(
        serde_json::Value::from(key.iter().map(|part| (*part).into()).collect::<Vec<serde_json::Value>>()).to_string(),
    )
}

/// Reads a cursor of a list whose keys have `parts` parts.
pub(crate) fn read_cursor(text: &str, parts: usize) -> Option<Vec<Option<String>>> {
    let key: Vec<Option<String>> = serde_json::from_slice(&hex::decode(text).ok()?).ok()?;
    (key.len() == parts && !key.iter().flatten().any(|part| part.contains('\0'))).then_some(key)
}
