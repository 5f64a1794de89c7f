//! Answers with an ETag.

use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

/// Whether the caller of a read holds this tag already: its `If-None-Match` names it.
pub fn has_current(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|held| held.trim() == tag)
}

/// 304 with the tag and no body.
pub fn not_modified(tag: &str) -> Response {
    with_etag(StatusCode::NOT_MODIFIED, tag)
}

/// An answer with its ETag.
pub fn with_etag(answer: impl IntoResponse, tag: &str) -> Response {
    let mut response = answer.into_response();
    // A tag is quotes, digits and hex digits, which are always a header's value.
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_that_holds_the_tag_among_others_has_the_current_answer() {
        let headers = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static("\"1\", \"2\""))]);
        assert!(has_current(&headers, "\"2\"") && !has_current(&headers, "\"3\""));
        assert!(!has_current(&HeaderMap::new(), "\"2\""));
        let response = not_modified("\"2\"");
        assert_eq!(
            (response.status(), &response.headers()[ETAG]),
            (StatusCode::NOT_MODIFIED, &HeaderValue::from_static("\"2\""))
        );
    }
}
