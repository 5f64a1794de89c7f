//! Query strings and path segments. An unknown parameter is refused, because a misspelt one would be ignored silently.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use serde::de::DeserializeOwned;

use super::refusal::ProblemResponse;

/// Parses a query string; the type lists the parameters.
pub(super) fn read<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    match Query::<T>::try_from_uri(uri) {
        Ok(Query(query)) => Ok(query),
        Err(error) => Err(Problem::new(ErrorCode::InvalidParameter, error.body_text())),
    }
}

/// A malformed parameter.
pub(super) fn bad(name: &str, value: &str, needed: &str) -> Problem {
    Problem::new(ErrorCode::InvalidParameter, format!("{name}={value:?}: {needed}")).at(name.to_owned())
}

/// The decoded `{id}` of a path.
pub(super) struct PathId(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<PathId, ProblemResponse> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(PathId(id)),
            Err(error) => Err(Problem::new(ErrorCode::InvalidParameter, error.body_text()).at("id").into()),
        }
    }
}
