//! The write side over HTTP, and the log as it is read: routes parse, call and answer, nothing more.

mod auth;
mod blobs;
mod bootstrap;
mod commands;
mod conflicts;
mod desktop;
mod device_request;
mod drafts;
mod edits;
mod error;
mod events;
mod export;
mod health;
mod mobile;
mod nodes;
mod openapi;
mod pull;
mod push;
mod quarantine;
mod read_models;
mod report_query;
mod reports;
pub(crate) mod request;
mod respond;
mod start_page;
mod store_check;
mod sync_log;
mod sync_status;

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use comptoir_proto::problem::Problem;
use comptoir_proto::{error_code::ErrorCode, paths};
use tower_http::catch_panic::CatchPanicLayer;

use error::ProblemResponse;

use crate::central::Central;

/// The routes of ingest, the write API and the log.
pub(crate) fn router() -> Router<Arc<Central>> {
    Router::new()
        .route(paths::SYNC_PUSH, post(push::push))
        .route(paths::SYNC_STATUS, get(sync_status::status))
        .route(paths::SYNC_PULL, get(pull::pull))
        .route(paths::SYNC_BOOTSTRAP, get(bootstrap::bootstrap))
        .route(paths::NODES, get(nodes::list))
        .route(paths::SYNC_LOG, get(sync_log::list))
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
        .merge(blobs::router())
        .merge(commands::router())
        .merge(conflicts::router())
        .merge(desktop::router())
        .merge(edits::router())
        .merge(mobile::router())
        .merge(read_models::router())
        .merge(reports::router())
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

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use axum::http::{StatusCode, header};
    use comptoir_proto::problem::CONTENT_TYPE;
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
