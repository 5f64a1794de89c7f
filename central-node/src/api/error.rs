//! Every error of central's as the problem document that a client reads. Codes, details and statuses are promises: clients match on them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::{CONTENT_TYPE, Problem};

use crate::database::StoreError;
use crate::identity::AuthError;

/// A problem as a response.
#[derive(Clone, Debug)]
pub(crate) struct ProblemResponse(pub(crate) Problem);

impl IntoResponse for ProblemResponse {
    fn into_response(self) -> Response {
        let problem = self.0;
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        if let Some(seconds) = problem.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // The current version, for a caller that edited an older one.
        if let Some(etag) = problem.values.get("etag").and_then(|etag| HeaderValue::try_from(etag.as_str()?).ok()) {
            headers.insert(header::ETAG, etag);
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// What has a problem document has a response.
impl<E> From<E> for ProblemResponse
where
    Problem: From<E>,
{
    fn from(error: E) -> Self {
        ProblemResponse(error.into())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        error.problem()
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Problem {
        match error {
            AuthError::Unknown => Problem::new(ErrorCode::Unauthorized, error.to_string()),
            AuthError::Store(error) => error.into(),
        }
    }
}
