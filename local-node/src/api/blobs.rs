use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::IntoResponse;
use comptoir_core::fact::Fact;
use comptoir_core::limits::BLOB_BYTES_MAX;
use comptoir_http_edge::{BodyPieces, PathParams, ProblemResponse, RequestBody, invalid_parameter};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::shop_v1::StoredBlob;

use crate::blobs::{BlobError, BlobHash, named};
use crate::blocking::blocking;
use crate::node::Node;

/// `PUT /api/v1/blobs/{hash}`. A repetition is the same file.
pub(super) async fn put(
    State(node): State<Arc<Node>>,
    PathParams(hash): PathParams<String>,
    body: RequestBody,
) -> Result<(StatusCode, Json<StoredBlob>), ProblemResponse> {
    let hash = parse(&hash)?;
    let pieces = body.pieces(BLOB_BYTES_MAX)?;
    let answer = Json(StoredBlob { hash: hash.to_string() });
    if node.blobs().has(hash) {
        return Ok((StatusCode::OK, answer));
    }
    if let Some((free_bytes, needed_bytes)) = node.log().disk_low() {
        let detail = format!("{free_bytes} bytes are free, {needed_bytes} are needed");
        return Err(Problem::new(ErrorCode::InsufficientStorage, detail).into());
    }
    store_upload(&node, hash, pieces).await?;
    Ok((StatusCode::CREATED, answer))
}

async fn store_upload(node: &Node, hash: BlobHash, mut pieces: BodyPieces) -> Result<(), Problem> {
    let number = node.random_uuid().map_err(|error| refused(error.into()))?;
    let mut incoming = node.blobs().begin(hash, number).await.map_err(refused)?;
    while let Some(piece) = pieces.next().await? {
        incoming.write(&piece).await.map_err(refused)?;
    }
    incoming.finish().await.map_err(refused)
}

/// `GET /api/v1/blobs/{hash}`, and `HEAD`.
pub(super) async fn get(
    State(node): State<Arc<Node>>,
    PathParams(hash): PathParams<String>,
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
        .ok_or_else(|| invalid_parameter("hash", text, "the BLAKE3 of the file's bytes in 64 lower-case hex digits"))
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
