//! Serving a server's OpenAPI document, and the operations that every server has.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::Html;
use axum::routing::get as route_get;
use comptoir_proto::ca_page;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::openapi::{DOCS_PAGE, DOCS_POLICY, Operation, words};
use comptoir_proto::paths;
use comptoir_proto::receipt_v1::ReceiptProof;
use comptoir_proto::status_v1::Health;
use serde_json::{Value, json};

/// `GET /openapi.json` for programs and `GET /docs` for people. `document` is made when it is first asked for.
pub fn routes<S: Clone + Send + Sync + 'static>(document: &'static LazyLock<String>) -> Router<S> {
    let serve = move || async move { ([(CONTENT_TYPE, "application/json")], document.as_str()) };
    let page = || async { ([(CONTENT_SECURITY_POLICY, DOCS_POLICY.as_str())], Html(DOCS_PAGE)) };
    Router::new().route(paths::OPENAPI, route_get(serve)).route(paths::DOCS, route_get(page))
}

/// A `GET`.
pub fn get(path: &'static str, summary: &'static str) -> Operation {
    Operation::new("get", path, summary)
}

/// The schema of a text.
pub fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

/// The schema of bytes.
pub fn bytes() -> Value {
    json!({ "type": "string", "format": "binary" })
}

/// Health, the document, and the start page. They need no credential. `not_ready` is why `/readyz` may refuse.
pub fn common_operations(ready: &'static str, not_ready: &[ErrorCode], start_page: &'static str) -> Vec<Operation> {
    const HTML: &str = "text/html; charset=utf-8";
    const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
    let operations = [
        get(paths::CA, "How to trust the certificates of the shops' network, for a browser")
            .any_header("Accept-Language", "`en`; French otherwise")
            .answers_given(200, HTML, text("A page.")),
        get(paths::CA_FILE, "The certificate of the certificate authority")
            .answers_given(200, ca_page::CA_CONTENT_TYPE, text("The certificate in PEM."))
            .refuses(&[ErrorCode::CaMissing]),
        get(paths::RECEIPT, "Whether a receipt is genuine; a page for a browser")
            .any_header("Accept-Language", "`en`; French otherwise")
            .answers::<ReceiptProof>(200)
            .refuses(&[ErrorCode::StoreUnavailable]),
        get(paths::METRICS, "Counters, for Prometheus; from another machine with a credential")
            .answers_given(200, TEXT, text("Figures."))
            .refuses(&[ErrorCode::Unauthorized, ErrorCode::Forbidden]),
        get(paths::HEALTHZ, "The process is running").answers::<Health>(200),
        get(paths::READYZ, ready).answers::<Health>(200).refuses(not_ready),
        get(paths::OPENAPI, "This document").answers::<words::Members>(200),
        get(paths::DOCS, "This document for people").answers_given(200, HTML, text("A page.")),
        get(paths::SCREENS, "The screens; the start page where they were not built")
            .any_header("Accept-Language", "`en`; French otherwise")
            .answers_given(200, HTML, text("A page.")),
        get(paths::START_PAGE, start_page).any_header("Accept-Language", "`en`; French otherwise").answers_given(
            200,
            HTML,
            text("A page."),
        ),
    ];
    operations.map(Operation::open).into()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use comptoir_proto::openapi::{Server, document};
    use tower::ServiceExt as _;

    use super::*;

    const SERVER: Server = Server { title: "test", credentials: &[], refusals: &[] };
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
        document(&SERVER, &common_operations("Ready", &[ErrorCode::LogReadOnly], "A page")).to_string()
    });

    async fn got(path: &str) -> (String, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = routes::<()>(&DOCUMENT).oneshot(request).await.unwrap();
        let media = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (media, String::from_utf8(body.into()).unwrap())
    }

    #[tokio::test]
    async fn the_document_and_its_page_are_served_and_load_nothing_from_elsewhere() {
        let (media, text) = got(paths::OPENAPI).await;
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((media.as_str(), &document["openapi"]), ("application/json", &json!("3.1.0")));
        let (media, page) = got(paths::DOCS).await;
        assert_eq!((media.as_str(), page.contains("://")), ("text/html; charset=utf-8", false));
    }
}
