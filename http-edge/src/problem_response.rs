use std::any::Any;

use axum::http::header::{CONTENT_TYPE, ETAG, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::{self, Problem};

/// A problem as the response to a request (RFC 9457), with `Retry-After`, `ETag` and `WWW-Authenticate` where they apply. The
/// response's extensions have its [`ErrorCode`], by which refusals are counted.
#[derive(Debug)]
pub struct ProblemResponse(Box<Problem>);

impl ProblemResponse {
    /// The problem that the response carries.
    pub fn problem(&self) -> &Problem {
        &self.0
    }

    /// The problem itself.
    pub fn into_problem(self) -> Problem {
        *self.0
    }
}

/// A server's errors become problems in one place; each of them is then a response too.
impl<E> From<E> for ProblemResponse
where
    Problem: From<E>,
{
    fn from(error: E) -> ProblemResponse {
        ProblemResponse(Box::new(error.into()))
    }
}

impl IntoResponse for ProblemResponse {
    fn into_response(self) -> Response {
        let problem = self.0;
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, body).into_response();
        if let Some(code) = problem.error_code() {
            response.extensions_mut().insert(code);
        }
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(problem::CONTENT_TYPE));
        if let Some(seconds) = problem.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        // A caller whose edit was refused as stale learns the current version.
        if let Some(etag) = problem.values.get("etag").and_then(|etag| HeaderValue::try_from(etag.as_str()?).ok()) {
            headers.insert(ETAG, etag);
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Answers a request whose handler panicked. Without it the connection would only end.
pub(crate) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    tracing::error!("A request ended in a panic: {text}");
    let detail =
        "this request ended in a defect of the program; send it again with the same ids: nothing is written twice";
    ProblemResponse::from(Problem::new(ErrorCode::Internal, detail)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_has_the_headers_that_its_problem_calls_for() {
        let busy = Problem::new(ErrorCode::QueueFull, "full").retry_after(3);
        let response = ProblemResponse::from(busy).into_response();
        assert_eq!(
            (response.status(), &response.headers()[RETRY_AFTER]),
            (StatusCode::SERVICE_UNAVAILABLE, &HeaderValue::from(3))
        );
        let stale = Problem::new(ErrorCode::PreconditionFailed, "stale").with("etag", "\"4\"");
        assert_eq!(ProblemResponse::from(stale).into_response().headers()[ETAG], "\"4\"");
        let unknown = ProblemResponse::from(Problem::new(ErrorCode::Unauthorized, "unknown")).into_response();
        assert_eq!(unknown.headers()[WWW_AUTHENTICATE], "Bearer");
        assert!(!unknown.headers().contains_key(RETRY_AFTER));
    }
}
