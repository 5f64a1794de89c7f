use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use comptoir_core::fact::Fact;
use comptoir_core::limits::BLOB_BYTES_MAX;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::shop_v1::StoredBlob;
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use super::body::{BODY_TIMEOUT, timed_out};
use super::query::{self, PathId};
use super::refusal::ProblemResponse;
use crate::blobs::{BlobError, BlobHash, named};
use crate::blocking::blocking;
use crate::node::Node;

/// `PUT /api/v1/blobs/{hash}`. A repetition is the same file.
pub(super) async fn put(
    State(node): State<Arc<Node>>,
    PathId(hash): PathId,
    request: Request,
) -> Result<(StatusCode, Json<StoredBlob>), ProblemResponse> {
    let hash = parse(&hash)?;
    let (parts, body) = request.into_parts();
    if declared(&parts.headers).is_some_and(|bytes| bytes > BLOB_BYTES_MAX as u64) {
        pass_over(body).await;
        return Err(refused(BlobError::TooLarge).into());
    }
    let answer = Json(StoredBlob { hash: hash.to_string() });
    if node.blobs().has(hash) {
        pass_over(body).await;
        return Ok((StatusCode::OK, answer));
    }
    if let Some((free_bytes, needed_bytes)) = node.log().disk_low() {
        pass_over(body).await;
        let detail = format!("{free_bytes} bytes are free, {needed_bytes} are needed");
        return Err(Problem::new(ErrorCode::InsufficientStorage, detail).into());
    }
    store_upload(&node, hash, body).await?;
    Ok((StatusCode::CREATED, answer))
}

/// Drains a body that is not needed, up to twice the limit: a client that is answered before it has sent everything sees a broken
/// connection and retries forever.
async fn pass_over(mut body: Body) {
    let mut left = 2 * BLOB_BYTES_MAX;
    while let Ok(Some(Ok(frame))) = timeout(BODY_TIMEOUT, body.frame()).await {
        let bytes = frame.data_ref().map_or(0, axum::body::Bytes::len);
        let Some(rest) = left.checked_sub(bytes) else { return };
        left = rest;
    }
}

async fn store_upload(node: &Node, hash: BlobHash, mut body: Body) -> Result<(), Problem> {
    let number = node.random_uuid().map_err(|error| refused(error.into()))?;
    let mut incoming = node.blobs().begin(hash, number).await.map_err(refused)?;
    loop {
        match timeout(BODY_TIMEOUT, body.frame()).await {
            Ok(Some(Ok(frame))) => {
                if let Ok(bytes) = frame.into_data() {
                    incoming.write(&bytes).await.map_err(refused)?;
                }
            }
            Ok(Some(Err(error))) => {
                return Err(Problem::new(ErrorCode::ChecksumMismatch, format!("the body broke off: {error}")));
            }
            Ok(None) => return incoming.finish().await.map_err(refused),
            Err(_) => return Err(timed_out()),
        }
    }
}

/// `GET /api/v1/blobs/{hash}`, and `HEAD`.
pub(super) async fn get(
    State(node): State<Arc<Node>>,
    PathId(hash): PathId,
) -> Result<impl IntoResponse, ProblemResponse> {
    let hash = parse(&hash)?;
    let blobs = node.blobs().clone();
    let bytes = blocking(move || blobs.read(hash)).await.map_err(|error| refused(error.into()))?;
    let missing = || Problem::new(ErrorCode::NotFound, format!("there is no file {hash} here"));
    let headers = [
        (CONTENT_TYPE, "application/octet-stream"),
        // No browser may execute the content, whatever it is.
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "private, max-age=31536000, immutable"),
    ];
    Ok((headers, bytes.ok_or_else(missing)?))
}

/// Refuses an event before the files it names are stored: after a power cut it would name nothing.
pub(super) fn check(node: &Node, fact: &Fact) -> Result<(), Problem> {
    match named(fact).into_iter().find(|(_, hash)| !node.blobs().has(*hash)) {
        None => Ok(()),
        Some((field, hash)) => {
            let detail = format!("file {hash} is not here: PUT /api/v1/blobs/{hash} first");
            Err(Problem::new(ErrorCode::BlobMissing, detail).at(format!("/payload/{field}")))
        }
    }
}

fn parse(text: &str) -> Result<BlobHash, Problem> {
    BlobHash::parse(text)
        .ok_or_else(|| query::bad("hash", text, "the BLAKE3 of the file's bytes in 64 lower-case hex digits"))
}

fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn refused(error: BlobError) -> Problem {
    let detail = error.to_string();
    match error {
        BlobError::Mismatch { found, .. } => {
            Problem::new(ErrorCode::ChecksumMismatch, detail).with("computed", found.to_string())
        }
        BlobError::TooLarge => Problem::new(ErrorCode::TooLarge, detail),
        BlobError::Io(_) => {
            tracing::error!("A file could not be read or written: {detail}");
            Problem::new(ErrorCode::Internal, detail)
        }
    }
}
