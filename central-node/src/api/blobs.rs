//! `PUT`, `GET` and `HEAD /api/v1/blobs/{hash}`: with a node's key or an administrator's token, each for its own tenant.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use comptoir_core::id::TenantId;
use comptoir_core::limits::BLOB_BYTES_MAX;
use comptoir_http_edge::{PathParams, ProblemResponse, RequestBody};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::paths;
use comptoir_proto::problem::Problem;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::auth::credential;
use super::caller::CallerHeaders;
use crate::blobs::{self, BlobSize};
use crate::central::Central;
use crate::database::{Database, StoreError};
use crate::ingest::{NotedRefusal, note};

pub(super) fn router() -> Router<Arc<Central>> {
    Router::new().route(paths::BLOB, get(read).put(write))
}

/// Stores a file: 201 the first time, 200 if it exists already.
async fn write(
    State(central): State<Arc<Central>>,
    PathParams(hash): PathParams<String>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<StatusCode, ProblemResponse> {
    let credential = credential(&headers);
    let named = hash_of(&hash)?;
    let bytes = body.bytes(BLOB_BYTES_MAX).await?;
    let found = blake3::hash(&bytes);
    if found != named {
        let detail = format!("the {} bytes have the BLAKE3 {found}, the path names {named}", bytes.len());
        let refused =
            NotedRefusal { credential: &credential, code: ErrorCode::ChecksumMismatch.as_str(), detail: &detail };
        note(central.database(), central.ingest_queue(), central.clock(), refused).await;
        return Err(Problem::new(ErrorCode::ChecksumMismatch, detail).with("computed", found.to_string()).into());
    }
    let new = blobs::store(central.database(), credential.tenant, &named, &bytes).await?;
    Ok(if new { StatusCode::CREATED } else { StatusCode::OK })
}

/// Sends a file; for HEAD only its headers.
async fn read(
    State(central): State<Arc<Central>>,
    method: Method,
    PathParams(hash): PathParams<String>,
    headers: CallerHeaders,
) -> Result<Response, ProblemResponse> {
    let credential = credential(&headers);
    let named = hash_of(&hash)?;
    let size = blobs::size(central.database(), credential.tenant, &named).await?;
    let missing = || Problem::new(ErrorCode::NotFound, format!("there is no file {named}"));
    let size = size.ok_or_else(missing)?;
    let body = match method {
        Method::HEAD => Body::empty(),
        _ => Body::from_stream(chunks(central.database().clone(), credential.tenant, named, size)),
    };
    let mut response = body.into_response();
    let head = response.headers_mut();
    head.insert(header::CONTENT_LENGTH, HeaderValue::from(size.bytes));
    // No browser may execute the file, whatever its declared type. Its name is the hash of its content, so it can be cached
    // forever.
    for (name, value) in [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_DISPOSITION, "attachment"),
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable"),
    ] {
        head.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(etag) = HeaderValue::try_from(format!("\"{named}\"")) {
        head.insert(header::ETAG, etag);
    }
    Ok(response)
}

/// Streams the file's chunks, reading each after the previous one was sent. A failure ends the body early, which the client
/// detects by its length.
fn chunks(
    database: Database,
    tenant: TenantId,
    hash: blake3::Hash,
    size: BlobSize,
) -> ReceiverStream<Result<Bytes, StoreError>> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        for number in 0..size.chunks {
            let chunk = blobs::chunk(&database, tenant, &hash, number).await;
            let failed = chunk.is_err();
            // The client closed the stream.
            if sender.send(chunk).await.is_err() || failed {
                return;
            }
        }
    });
    ReceiverStream::new(receiver)
}

/// 64 lower-case hex digits: one file has one name.
fn hash_of(text: &str) -> Result<blake3::Hash, Problem> {
    let bad =
        || Problem::new(ErrorCode::InvalidParameter, format!("{text:?} is no BLAKE3 in 64 lower-case hex digits"));
    blake3::Hash::from_hex(text).ok().filter(|hash| hash.to_hex().as_str() == text).ok_or_else(bad)
}
