//! The write side over HTTP, and the log as it is read: routes parse, call and answer, nothing more.

mod commands;
mod drafts;
mod edits;
mod error;
mod events;
mod export;
mod health;
mod openapi;
mod push;
mod quarantine;
pub(crate) mod request;
mod start_page;
mod store_check;
mod sync;

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use comptoir_proto::problem::{CONTENT_TYPE, Problem};
use comptoir_proto::{error_code::ErrorCode, paths};
use tower_http::catch_panic::CatchPanicLayer;

use crate::central::Central;
use crate::identity::{self, Access, AuthError, Credential};

/// The routes of ingest, the write API and the log.
pub(crate) fn router() -> Router<Arc<Central>> {
    Router::new()
        .route(paths::SYNC_PUSH, post(push::push))
        .route(paths::SYNC_STATUS, get(sync::status))
        .route(paths::EVENTS, get(events::list).post(drafts::append))
        .route(paths::EVENTS_EXPORT, get(export::export))
        .route(paths::EVENT, get(events::one))
        .route(paths::STORE_CHECK, get(store_check::standing))
        .route(paths::QUARANTINE, get(quarantine::list))
        .route(paths::QUARANTINE_RELEASE, post(quarantine::release))
        .route(paths::HEALTHZ, get(health::healthz))
        .route(paths::READYZ, get(health::readyz))
        .route(paths::OPENAPI, get(openapi::serve))
        .route(paths::DOCS, get(openapi::docs))
        .route(paths::START_PAGE, get(start_page::start_page))
        .merge(commands::router())
        .merge(edits::router())
}

/// The same routes; what the router itself refuses is a problem too, and so is a handler's defect.
pub(crate) fn with_problem_responses<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    let routes = routes.fallback(no_such_path).method_not_allowed_fallback(no_such_method);
    routes.layer(axum::middleware::from_fn(request::without_nul)).layer(CatchPanicLayer::custom(panicked))
}

/// What a caller hears when a handler of ours panicked: without it the connection would only end.
fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
    tracing::error!("A request ended in a panic: {text}");
    let detail = "this request ended in a defect of the program; the same request again, with the same ids, tells what was written";
    ProblemResponse(Problem::new(ErrorCode::Internal, detail)).into_response()
}

async fn no_such_path(uri: Uri) -> ProblemResponse {
    ProblemResponse(Problem::new(ErrorCode::NotFound, format!("{} is no path of central", uri.path())))
}

async fn no_such_method(method: Method, uri: Uri) -> ProblemResponse {
    ProblemResponse(Problem::new(ErrorCode::MethodNotAllowed, format!("{} does not take {method}", uri.path())))
}

/// A problem as a response.
#[derive(Debug)]
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
        // What stands now, for a caller that edited from what no longer does.
        if let Some(etag) = problem.values.get("etag").and_then(|etag| HeaderValue::try_from(etag.as_str()?).ok()) {
            headers.insert(header::ETAG, etag);
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Problem> for ProblemResponse {
    fn from(problem: Problem) -> Self {
        ProblemResponse(problem)
    }
}

impl From<crate::database::StoreError> for ProblemResponse {
    fn from(error: crate::database::StoreError) -> Self {
        ProblemResponse(error.problem())
    }
}

/// Who asks.
pub(crate) async fn credential(central: &Central, headers: &HeaderMap) -> Result<Credential, ProblemResponse> {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    identity::authenticate(central.database(), authorization).await.map_err(|error| {
        if matches!(error, AuthError::Unknown) {
            tracing::info!("a request came without a valid credential");
        }
        ProblemResponse(error.problem())
    })
}

/// Who asks, where it must be an administrator.
pub(crate) async fn admin(central: &Central, headers: &HeaderMap) -> Result<Credential, ProblemResponse> {
    let credential = credential(central, headers).await?;
    match credential.access {
        Access::Admin => Ok(credential),
        Access::Node { .. } => {
            let problem = Problem::new(ErrorCode::Forbidden, "this needs an administrator's token, not a node's key");
            Err(ProblemResponse(problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    /// The request names no host.
    async fn defect(uri: Uri) -> StatusCode {
        uri.host().map(|_| StatusCode::OK).expect("a handler's defect")
    }

    #[tokio::test]
    async fn a_handler_s_defect_is_a_problem_and_not_an_ended_connection() {
        let routes = with_problem_responses(Router::<()>::new().route("/defect", get(defect)));
        let request = Request::get("/defect").body(Body::empty()).expect("a request");
        let response = routes.oneshot(request).await.expect("a router always answers");
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[header::CONTENT_TYPE], CONTENT_TYPE);
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        let problem: Problem = serde_json::from_slice(&body).expect("a problem");
        assert_eq!(problem.code, ErrorCode::Internal.as_str());
    }
}
