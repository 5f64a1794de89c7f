//! What surrounds every route: unknown paths and methods, NUL bytes, panics.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use tower_http::catch_panic::CatchPanicLayer;

use crate::body_budget::BodyBudget;
use crate::problem_response::{ProblemResponse, panicked};
use crate::request_body::{BodySettings, Timeouts};

/// A server's edge. [`RequestBody`](crate::RequestBody) reads with its timeouts and from its budget.
#[derive(Clone, Default)]
pub struct Edge {
    bodies: BodySettings,
}

impl Edge {
    /// An edge with timeouts other than the default.
    #[must_use]
    pub fn with_timeouts(self, timeouts: Timeouts) -> Edge {
        Edge { bodies: BodySettings { timeouts, ..self.bodies } }
    }

    /// An edge whose bodies share a budget of memory.
    #[must_use]
    pub fn with_budget(self, budget: BodyBudget) -> Edge {
        Edge { bodies: BodySettings { budget: Some(budget), ..self.bodies } }
    }

    /// Puts the edge around routes. Unknown paths and methods, NUL bytes and panics are answered with a problem.
    pub fn wrap<S: Clone + Send + Sync + 'static>(self, routes: Router<S>) -> Router<S> {
        let routes = routes.fallback(no_such_path).method_not_allowed_fallback(no_such_method);
        routes.layer(from_fn_with_state(Arc::new(self.bodies), enter)).layer(CatchPanicLayer::custom(panicked))
    }
}

/// Refuses a NUL in path or query before any handler, since Postgres text cannot hold one. The body's reader finds its settings
/// in the request.
async fn enter(State(bodies): State<Arc<BodySettings>>, mut request: Request, next: Next) -> Response {
    if request.uri().path_and_query().is_some_and(|target| target.as_str().contains("%00")) {
        let problem = Problem::new(ErrorCode::InvalidParameter, "a path or query holds no NUL (%00)");
        return ProblemResponse::from(problem).into_response();
    }
    request.extensions_mut().insert(bodies);
    next.run(request).await
}

async fn no_such_path(uri: Uri) -> ProblemResponse {
    Problem::new(ErrorCode::NotFound, format!("there is no path {} on this server", uri.path())).into()
}

async fn no_such_method(method: Method, uri: Uri) -> ProblemResponse {
    Problem::new(ErrorCode::MethodNotAllowed, format!("{} does not allow {method}", uri.path())).into()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::header;
    use axum::routing::get;
    use comptoir_proto::problem::CONTENT_TYPE;
    use tower::ServiceExt as _;

    use super::*;

    async fn defect(uri: Uri) -> String {
        uri.host().map(str::to_owned).expect("a handler's defect")
    }

    async fn refused(method: &str, path: &str) -> (String, Response) {
        let routes = Edge::default().wrap(Router::<()>::new().route("/defect", get(defect)));
        let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let response = routes.oneshot(request).await.expect("a router always answers");
        assert_eq!(response.headers()[header::CONTENT_TYPE], CONTENT_TYPE);
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("a body");
        let problem: Problem = serde_json::from_slice(&bytes).expect("a problem");
        assert_eq!(problem.status, parts.status.as_u16());
        (problem.code, Response::from_parts(parts, Body::empty()))
    }

    #[tokio::test]
    async fn a_panic_an_unknown_path_an_unknown_method_and_a_nul_are_problems() {
        assert_eq!(refused("GET", "/defect").await.0, "INTERNAL");
        assert_eq!(refused("GET", "/nowhere").await.0, "NOT_FOUND");
        let (code, response) = refused("DELETE", "/defect").await;
        assert_eq!(
            (code.as_str(), &response.headers()[header::ALLOW]),
            ("METHOD_NOT_ALLOWED", &"GET,HEAD".parse().unwrap())
        );
        for path in ["/defect%00", "/defect?a=b%00", "/nowhere%00"] {
            assert_eq!(refused("GET", path).await.0, "INVALID_PARAMETER", "{path}");
        }
    }
}
