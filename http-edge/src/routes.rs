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
use crate::client::Client;
use crate::host::HostNames;
use crate::problem_response::{ProblemResponse, panicked};
use crate::request_body::{BodySettings, Timeouts};
use crate::security_headers::{asks_for_tls, set_security_headers};
use crate::unread_body::UnreadBody;

/// A server's edge. [`RequestBody`](crate::RequestBody) reads with its timeouts and from its budget.
#[derive(Clone, Default)]
pub struct Edge {
    bodies: BodySettings,
    hosts: Option<HostNames>,
}

impl Edge {
    /// An edge with timeouts other than the default.
    #[must_use]
    pub fn with_timeouts(self, timeouts: Timeouts) -> Edge {
        Edge { bodies: BodySettings { timeouts, ..self.bodies }, ..self }
    }

    /// An edge whose bodies share a budget of memory.
    #[must_use]
    pub fn with_budget(self, budget: BodyBudget) -> Edge {
        Edge { bodies: BodySettings { budget: Some(budget), ..self.bodies }, ..self }
    }

    /// An edge that refuses other hosts and pages of other origins.
    #[must_use]
    pub fn with_hosts(self, hosts: HostNames) -> Edge {
        Edge { hosts: Some(hosts), ..self }
    }

    /// Puts the edge around routes. Unknown paths and methods, NUL bytes and panics are answered with a problem. Every
    /// answer has security headers.
    pub fn wrap<S: Clone + Send + Sync + 'static>(self, routes: Router<S>) -> Router<S> {
        let routes = routes.fallback(no_such_path).method_not_allowed_fallback(no_such_method);
        // Each layer costs every request two allocations, so one does what can be done in one place.
        routes
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn_with_state(Arc::new(EdgeSettings::from(self)), enter))
    }
}

struct EdgeSettings {
    bodies: Arc<BodySettings>,
    hosts: Option<HostNames>,
}

impl From<Edge> for EdgeSettings {
    fn from(edge: Edge) -> EdgeSettings {
        EdgeSettings { bodies: Arc::new(edge.bodies), hosts: edge.hosts }
    }
}

impl EdgeSettings {
    fn refusal(&self, request: &Request) -> Option<Problem> {
        let refused = self.hosts.as_ref().map(|hosts| hosts.check(request.method(), request.uri(), request.headers()));
        refused.and_then(Result::err).or_else(|| refused_target(request.method(), request.uri()))
    }
}

/// Refuses hosts, origins and targets before any handler. The body's reader finds its settings in the request; what it leaves is
/// read here. Every answer gets its security headers.
async fn enter(State(settings): State<Arc<EdgeSettings>>, request: Request, next: Next) -> Response {
    let asks_for_tls = asks_for_tls(request.extensions().get::<Client>(), request.headers());
    let (parts, body) = request.into_parts();
    let (unread, body) = UnreadBody::lend(&parts.headers, body, settings.bodies.timeouts);
    let mut request = Request::from_parts(parts, body);
    let mut response = match settings.refusal(&request) {
        Some(problem) => {
            drop(request);
            ProblemResponse::from(problem).into_response()
        }
        None => {
            request.extensions_mut().insert(settings.bodies.clone());
            next.run(request).await
        }
    };
    unread.drain(response.status()).await;
    set_security_headers(response.headers_mut(), asks_for_tls);
    response
}

/// Postgres text holds no NUL. A query that is not UTF-8 would be read as another one. Only reads have parameters, so one of a
/// write is misspelt or in the wrong place, and would be ignored.
fn refused_target(method: &Method, uri: &Uri) -> Option<Problem> {
    let refused = |detail: String| Some(Problem::new(ErrorCode::InvalidParameter, detail));
    if uri.path_and_query().is_some_and(|target| target.as_str().contains("%00")) {
        return refused("a path or query holds no NUL (%00)".to_owned());
    }
    let query = uri.query().unwrap_or_default();
    if !is_utf8(query) {
        return refused(format!("the query {query:?} is not UTF-8"));
    }
    let is_write = matches!(*method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE);
    let name = query.split(['&', '=']).next().filter(|name| is_write && !name.is_empty())?;
    refused(format!(
        "unknown parameter {name:?}: {method} {} has no parameters, what it needs is in its body",
        uri.path()
    ))
}

/// Whether a percent-encoded text decodes to UTF-8.
fn is_utf8(encoded: &str) -> bool {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let [first, tail @ ..] = rest {
        let byte = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match byte.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                rest = &tail[2..];
            }
            None => {
                decoded.push(*first);
                rest = tail;
            }
        }
    }
    std::str::from_utf8(&decoded).is_ok()
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

    /// O5.
    #[test]
    fn a_query_is_utf_8_and_a_write_has_none() {
        let is_refused = |method: Method, target: &str| refused_target(&method, &target.parse().unwrap()).is_some();
        for query in ["a=%ff", "%C3=1", "a=%C3%28", "a=%ed%a0%80"] {
            assert!(is_refused(Method::GET, &format!("/?{query}")), "{query}");
        }
        for query in ["a=%C3%A9", "a=%", "a=%4", "a=%zz", "a=+", ""] {
            assert!(!is_refused(Method::GET, &format!("/?{query}")), "{query}");
        }
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            assert!(
                is_refused(method.clone(), "/sales?site=1") && is_refused(method.clone(), "/sales?site"),
                "{method}"
            );
            assert!(!is_refused(method.clone(), "/sales") && !is_refused(method.clone(), "/sales?"), "{method}");
        }
    }
}
