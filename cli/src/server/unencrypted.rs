use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{CONNECTION, UPGRADE};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use comptoir_http_edge::ProblemResponse;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::paths;
use comptoir_proto::problem::Problem;

/// Plain HTTP on a TLS port: only how to trust the certificate is answered. There is no redirect, since a client would follow it
/// with its credential already sent.
pub(super) async fn explain_only(request: Request, next: Next) -> Response {
    if matches!(request.uri().path(), paths::CA | paths::CA_FILE) {
        return next.run(request).await;
    }
    let detail = format!("this port speaks TLS: use https. {} explains how to trust its certificate", paths::CA);
    let mut response = ProblemResponse::from(Problem::new(ErrorCode::TlsRequired, detail)).into_response();
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static("TLS/1.2, HTTP/1.1"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade, close"));
    response
}
