//! Reading a request's head and body within limits.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use comptoir_core::limits::{PAGE_ROWS_MAX, seconds_for};
use comptoir_core::position::Position;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use tokio::sync::OwnedSemaphorePermit;

use super::error::ProblemResponse;
use crate::central::Central;

/// The parts of a path, decoded. What does not decode is refused as any other parameter is.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, ProblemResponse> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(parts)) => Ok(Path(parts)),
            Err(error) => Err(Problem::new(ErrorCode::InvalidParameter, error.body_text()).into()),
        }
    }
}

/// Reads a query string; the type names the parameters. Called after the credential is known: a caller without one learns nothing else.
pub(crate) fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    match Query::<T>::try_from_uri(uri) {
        Ok(Query(query)) => Ok(query),
        Err(error) => Err(Problem::new(ErrorCode::InvalidParameter, error.body_text())),
    }
}

/// A page's `limit`: 1 to [`PAGE_ROWS_MAX`] rows.
pub(super) fn page_limit(asked: Option<usize>, default: usize) -> Result<usize, Problem> {
    match asked.unwrap_or(default) {
        limit @ 1..=PAGE_ROWS_MAX => Ok(limit),
        other => {
            let detail = format!("limit is 1 to {PAGE_ROWS_MAX}, got {other}");
            Err(Problem::new(ErrorCode::InvalidParameter, detail))
        }
    }
}

/// A position in a query: one that the database cannot hold is refused.
pub(super) fn position(name: &str, number: u64) -> Result<Position, Problem> {
    if i64::try_from(number).is_err() {
        let detail = format!("{name}={number}: no position is so high");
        return Err(Problem::new(ErrorCode::InvalidParameter, detail).at(name.to_owned()));
    }
    Ok(Position(number))
}

/// Refuses a path or query with a NUL in it, before any handler: the database has no text that holds one.
pub(super) async fn without_nul(request: Request, next: Next) -> Response {
    if request.uri().path_and_query().is_some_and(|target| target.as_str().contains("%00")) {
        return ProblemResponse(Problem::new(ErrorCode::InvalidParameter, "a path or query holds no NUL (%00)"))
            .into_response();
    }
    next.run(request).await
}

/// How long a body may take to arrive: longer than a phone's bad link needs, shorter than an attacker's patience.
const BODY_WITHIN: Duration = Duration::from_secs(60);

/// Reserved at a time for a body that did not announce its length.
const UNANNOUNCED_STEP: usize = 64 * 1024;

/// The media type of a request, without its parameters and in small letters, since case means nothing in it.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase())
}

/// Refuses anything but JSON, and JSON that is packed: it would not read, and nobody would say why.
pub(crate) fn expect_json(headers: &HeaderMap) -> Result<(), Problem> {
    let packed = headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    if let Some(packed) = packed.filter(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
        let detail = format!("send it without a content-encoding, got {packed}");
        return Err(Problem::new(ErrorCode::UnsupportedMediaType, detail));
    }
    let sent = media_type(headers);
    match sent.as_deref() {
        Some("application/json") => Ok(()),
        other => {
            let detail = format!("send application/json, got {}", other.unwrap_or("no content type"));
            Err(Problem::new(ErrorCode::UnsupportedMediaType, detail))
        }
    }
}

/// The caller's `Idempotency-Key`.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > 255 {
        let detail = "an Idempotency-Key has 1 to 255 visible ASCII characters";
        return Err(Problem::new(ErrorCode::InvalidParameter, detail));
    }
    Ok(Some(text))
}

/// Reads a body whole. Its memory is taken from a budget that all requests share, for as long as the permit lives.
pub(crate) async fn body_bytes(
    central: &Central,
    headers: &HeaderMap,
    mut body: Body,
    bytes_max: usize,
) -> Result<(Bytes, OwnedSemaphorePermit), Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let announced = announced.unwrap_or(0);
    if announced > bytes_max {
        // Who asks first has sent nothing yet, and reads the refusal at once.
        if !headers.contains_key(header::EXPECT) {
            drain_body(&mut body, bytes_max).await;
        }
        return Err(too_large(bytes_max));
    }
    let mut bytes = Vec::with_capacity(announced);
    let mut reserved = reserve(central, announced)?;
    let read = async {
        while let Some(frame) = body.frame().await {
            // A link that broke, not a request that is wrong: whoever hears it is to send it again.
            let frame = frame.map_err(|error| {
                let detail = format!("the body broke off after {} bytes ({error}): send it again", bytes.len());
                Problem::new(ErrorCode::RequestTimeout, detail)
            })?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len() + data.len() > bytes_max {
                drain_body(&mut body, bytes_max).await;
                return Err(too_large(bytes_max));
            }
            bytes.extend_from_slice(&data);
            // What was not announced is reserved as it comes.
            let unreserved = bytes.len().saturating_sub(reserved.num_permits() * 1024);
            if unreserved > 0 {
                reserved.merge(reserve(central, unreserved.max(UNANNOUNCED_STEP))?);
            }
        }
        Ok(())
    };
    let within = BODY_WITHIN + Duration::from_secs(seconds_for(announced));
    let late = || {
        let detail = format!("the body did not arrive within {} s", within.as_secs());
        Problem::new(ErrorCode::RequestTimeout, detail)
    };
    tokio::time::timeout(within, read).await.map_err(|_| late())??;
    Ok((bytes.into(), reserved))
}

/// Takes in what is left of a body that is too large, at most twice its limit, and keeps none of it. Most clients read no answer
/// before they have sent their request: a connection that ends under them looks like a bad link, and they would send the same again for ever.
async fn drain_body(body: &mut Body, bytes_max: usize) {
    let arriving = async {
        let mut left = bytes_max.saturating_mul(2);
        while let Some(Ok(frame)) = body.frame().await {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            left = left.saturating_sub(bytes);
            if left == 0 {
                break;
            }
        }
    };
    // Whether it arrived or not, the refusal is the same.
    let _ = tokio::time::timeout(BODY_WITHIN, arriving).await;
}

fn reserve(central: &Central, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
    let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
    let used_up = || Problem::new(ErrorCode::QueueFull, "the memory for requests is used up").retry_after(1);
    Arc::clone(&central.bodies).try_acquire_many_owned(kib).map_err(|_| used_up())
}

fn too_large(bytes_max: usize) -> Problem {
    Problem::new(ErrorCode::TooLarge, format!("a body here has at most {bytes_max} bytes"))
}
