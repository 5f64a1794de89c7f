//! Errors as RFC 9457 problem+json: a stable code, the values that were wrong, and whether a retry helps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error_code::ErrorCode;
use crate::openapi::words;

/// The content type of every error.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// One problem.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Stable code, see [`ErrorCode`].
    #[schemars(with = "words::RefusalCode")]
    pub code: String,
    /// HTTP status.
    pub status: u16,
    /// Short and fixed for a code.
    pub title: String,
    /// What was wrong this time, with the values, and what to do.
    pub detail: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// JSON pointer to what was wrong in the body, such as `/payload/lines/3/quantity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Seconds to wait before a retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Values that a program needs to continue, such as `expected_seq`.
    #[serde(default, flatten, skip_serializing_if = "Map::is_empty")]
    pub values: Map<String, Value>,
}

impl Problem {
    /// A problem of a code, with what was wrong this time.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Problem {
        Problem {
            code: code.as_str().to_owned(),
            status: code.status(),
            title: code.title().to_owned(),
            detail: detail.into(),
            retryable: code.is_retryable(),
            pointer: None,
            retry_after: None,
            values: Map::new(),
        }
    }

    /// Names the place in the body.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Problem {
        self.pointer = Some(pointer.into());
        self
    }

    /// Sets the retry time.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Problem {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds a value for programs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Problem {
        self.values.insert(name.to_owned(), value.into());
        self
    }

    /// The code, if it is one that this version knows.
    pub fn error_code(&self) -> Option<ErrorCode> {
        ErrorCode::parse(&self.code)
    }
}
