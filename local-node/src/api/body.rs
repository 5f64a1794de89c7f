//! Request bodies: content type, size limit and timeout.

use std::error::Error as _;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use http_body_util::LengthLimitError;

/// How long to wait for a body, or for the next part of a stream.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of one JSON body. A list that fits one batch of the log has a megabyte of records; a larger body would be buffered and
/// then refused.
pub(super) const JSON_BYTES_MAX: usize = 2 * 1024 * 1024;
const KEY_CHARS_MAX: usize = 255;

/// The supported content types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Media {
    /// `application/json`.
    Json,
    /// `application/x-ndjson`: a draft per line.
    Ndjson,
}

/// The media type of the `Content-Type` header.
pub(super) fn media(headers: &HeaderMap) -> Result<Media, Problem> {
    let value = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let kind = value.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(Media::Json);
    }
    if kind.eq_ignore_ascii_case("application/x-ndjson") {
        return Ok(Media::Ndjson);
    }
    let got = value.map_or("no content type was given".to_owned(), |value| format!("got {value:?}"));
    let detail = format!("send application/json or, at /api/v1/events, application/x-ndjson; {got}");
    Err(Problem::new(ErrorCode::UnsupportedMediaType, detail))
}

/// For endpoints that accept one JSON body and no stream.
pub(super) fn only_json(headers: &HeaderMap) -> Result<(), Problem> {
    match media(headers)? {
        Media::Json => Ok(()),
        Media::Ndjson => {
            let detail = "send application/json; only /api/v1/events takes application/x-ndjson";
            Err(Problem::new(ErrorCode::UnsupportedMediaType, detail))
        }
    }
}

/// `Idempotency-Key`; drafts without an id get one derived from it.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=KEY_CHARS_MAX).contains(&key.len()));
    key.map(Some).ok_or_else(|| {
        let detail = format!("Idempotency-Key has 1 to {KEY_CHARS_MAX} visible ASCII characters, got {value:?}");
        Problem::new(ErrorCode::InvalidParameter, detail)
    })
}

pub(super) async fn read(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let too_large = || Problem::new(ErrorCode::TooLarge, format!("a body has at most {bytes_max} bytes here"));
    if declared.is_some_and(|length| length > bytes_max as u64) {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, bytes_max)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if error.source().is_some_and(|source| source.is::<LengthLimitError>()) => Err(too_large()),
        Ok(Err(error)) => Err(Problem::new(ErrorCode::MalformedBody, format!("the body broke off: {error}"))),
        Err(_) => Err(timed_out()),
    }
}

/// The caller was too slow.
pub(super) fn timed_out() -> Problem {
    Problem::new(ErrorCode::RequestTimeout, format!("no more of the body came for {} s", BODY_TIMEOUT.as_secs()))
}

/// A body that is not JSON, or not the expected JSON.
pub(super) fn malformed_body(error: &serde_json::Error) -> Problem {
    Problem::new(ErrorCode::MalformedBody, error.to_string())
}
