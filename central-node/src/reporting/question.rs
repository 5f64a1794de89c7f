//! What a report is asked for.

use std::time::Duration;

use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;

/// Rows of one answer. A report over every entity of a year of a shop stays far below it; past it the answer is paged.
pub(crate) const REPORT_ROWS_MAX: usize = 100_000;

/// Up to where the log counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AsOf {
    /// Up to and with this position.
    Position(Position),
    /// Up to the last position received by then.
    Time(Timestamp),
}

/// A part of a longer answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RowPage {
    /// Rows, one or more.
    pub(crate) limit: usize,
    /// Those after this key.
    pub(crate) after: Option<Vec<Option<String>>>,
}

/// What a caller waits for, and how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct WaitFor {
    /// The position of the caller's own write, or another that the answer must include; zero where the caller waits for none.
    pub(crate) position: Position,
    pub(crate) within: Duration,
}

/// A cursor is the key of the last row shown: opaque to callers, and the same for ever.
pub(crate) fn write_cursor(key: &[Option<&str>]) -> String {
    hex::encode(
        serde_json::Value::from(key.iter().map(|part| (*part).into()).collect::<Vec<serde_json::Value>>()).to_string(),
    )
}

/// Reads a cursor of a list whose keys have so many parts.
pub(crate) fn read_cursor(text: &str, parts: usize) -> Option<Vec<Option<String>>> {
    let key: Vec<Option<String>> = serde_json::from_slice(&hex::decode(text).ok()?).ok()?;
    (key.len() == parts && !key.iter().flatten().any(|part| part.contains('\0'))).then_some(key)
}
