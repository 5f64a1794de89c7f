use axum::Json;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse as _, Response};
use comptoir_proto::receipt_v1::ReceiptProof;
use comptoir_proto::start_page::{self, Language};

/// `GET /r/{code}`: a page for a browser, JSON for a program.
pub fn receipt_answer(proof: &ReceiptProof, headers: &HeaderMap) -> Response {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let caching = [(CACHE_CONTROL, "no-store"), (VARY, "accept, accept-language")];
    if !header(ACCEPT).is_some_and(|accepted| accepted.contains("text/html")) {
        return (caching, Json(proof)).into_response();
    }
    let page =
        [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, start_page::CONTENT_SECURITY_POLICY)];
    (caching, page, proof.html(Language::accepted(header(ACCEPT_LANGUAGE)))).into_response()
}
