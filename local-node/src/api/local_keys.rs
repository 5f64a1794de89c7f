use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use comptoir_core::id::Name;
use comptoir_http_edge::{PathParams, ProblemResponse, RequestBody, invalid_parameter, malformed_body};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::local_keys_v1::{LocalKeyRequest, LocalKeyRow, NewLocalKey};
use comptoir_proto::problem::Problem;
use comptoir_proto::read_v1::RowList;

use super::authorize::Permitted;
use super::refusal::not_appended;
use crate::local_keys::{KeyGrant, LocalKey, LocalKeyError, LocalKeyId};
use crate::node::Node;

const BODY_BYTES_MAX: usize = 64 * 1024;

/// `GET /api/v1/local-keys`: every key, with those that were revoked.
pub(super) async fn list(State(node): State<Arc<Node>>) -> Json<RowList<LocalKeyRow>> {
    let rows = node.local_keys().list().into_iter().map(LocalKey::row).collect();
    Json(RowList { rows, next_cursor: None })
}

/// `POST /api/v1/local-keys`: a new key, shown this once.
pub(super) async fn create(
    permitted: Permitted,
    body: RequestBody,
) -> Result<(StatusCode, Json<NewLocalKey>), ProblemResponse> {
    let body = body.json(BODY_BYTES_MAX).await?;
    let LocalKeyRequest { label, grants } = serde_json::from_slice(&body).map_err(|error| malformed_body(&error))?;
    let malformed = |error: &dyn std::fmt::Display, at: &str| {
        Problem::new(ErrorCode::MalformedBody, error.to_string()).at(at.to_owned())
    };
    let label = Name::new(label).map_err(|error| malformed(&error, "/label"))?;
    let grants = match grants {
        None => KeyGrant::of_till(),
        Some(texts) => {
            let read = texts.iter().enumerate().map(|(index, text)| {
                KeyGrant::parse(text).map_err(|error| malformed(&error, &format!("/grants/{index}")))
            });
            read.collect::<Result<_, Problem>>()?
        }
    };
    let (node, by) = (permitted.node(), permitted.caller().name());
    let issued = node.local_keys().create(label, grants, Some(by)).await.map_err(Problem::from)?;
    Ok((StatusCode::CREATED, Json(NewLocalKey { key: issued.text.expose(), row: issued.key.row() })))
}

/// `DELETE /api/v1/local-keys/{id}`: the key is refused from now on.
pub(super) async fn revoke(
    permitted: Permitted,
    PathParams(id): PathParams<String>,
) -> Result<Json<LocalKeyRow>, ProblemResponse> {
    let named = LocalKeyId::parse(&id);
    let id =
        named.ok_or_else(|| invalid_parameter("id", &id, "a local key is named by eight characters, 0-9 and a-f"))?;
    let (node, by) = (permitted.node(), permitted.caller().name());
    Ok(Json(node.local_keys().revoke(id, Some(by)).await.map_err(Problem::from)?.row()))
}

impl From<LocalKeyError> for Problem {
    fn from(error: LocalKeyError) -> Problem {
        let detail = error.to_string();
        match error {
            LocalKeyError::TooMany => Problem::new(ErrorCode::TooLarge, detail),
            LocalKeyError::Grants(_) => Problem::new(ErrorCode::MalformedBody, detail).at("/grants"),
            LocalKeyError::Unknown(_) => Problem::new(ErrorCode::NotFound, detail),
            LocalKeyError::LastAdministrator(_) => Problem::new(ErrorCode::Forbidden, detail),
            LocalKeyError::Log(error) => not_appended(error),
            LocalKeyError::Io(_) => Problem::new(ErrorCode::Internal, detail),
        }
    }
}
