use std::fmt;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// What a server answered, with the request it answered: every failed assertion shows both.
#[derive(Clone)]
#[must_use]
pub struct Response {
    request: String,
    /// HTTP status.
    pub status: StatusCode,
    /// HTTP headers.
    pub headers: HeaderMap,
    /// The body as JSON; a string where it is not JSON.
    pub body: Value,
    /// The body as text, for a test that compares bytes.
    pub text: String,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was answered {}\n{:#}", self.request, self.status, self.body)
    }
}

impl Response {
    /// Sends a request to a router and reads the whole answer.
    pub async fn of_request(router: &Router, request: Request<Body>) -> Response {
        let described = format!("{} {}", request.method(), request.uri());
        let response = router.clone().oneshot(request).await.expect("a router answers");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("the answer ends").to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(text));
        Response { request: described, status: parts.status, headers: parts.headers, body, text }
    }

    /// Names the case of a loop, for the failure's text.
    pub fn for_case(mut self, case: impl fmt::Debug) -> Response {
        self.request.push_str(&format!(" for {case:?}"));
        self
    }

    /// The answer is this status.
    #[track_caller]
    pub fn assert_status(&self, status: u16) -> &Response {
        assert_eq!(self.status.as_u16(), status, "expected {status}: {self:?}");
        self
    }

    /// The body of a 200.
    #[track_caller]
    pub fn assert_ok(self) -> Value {
        self.assert_status(200);
        self.body
    }

    /// The body of a 200, parsed.
    #[track_caller]
    pub fn parse<T: DeserializeOwned>(self) -> T {
        let shown = format!("{self:?}");
        serde_json::from_value(self.assert_ok()).unwrap_or_else(|error| panic!("{error}: {shown}"))
    }

    /// A field of the body, addressed by a JSON pointer such as `/head/seq`, has this value.
    #[track_caller]
    pub fn field(&self, pointer: &str, expected: impl Into<Value>) -> &Response {
        let expected = expected.into();
        let found = self.body.pointer(pointer).unwrap_or(&Value::Null);
        assert_eq!(found, &expected, "{pointer} of {self:?}");
        self
    }

    /// A problem document of this status and code.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, code: &str) -> Problem<'_> {
        assert_eq!(self.status.as_u16(), status, "expected {status} {code}: {self:?}");
        assert_eq!(self.body["code"], json!(code), "expected {status} {code}: {self:?}");
        let content_type = self.header(header::CONTENT_TYPE);
        assert_eq!(content_type, "application/problem+json", "{self:?}");
        Problem { response: self }
    }

    /// A header that has to be there.
    #[track_caller]
    pub fn header(&self, name: header::HeaderName) -> &str {
        let value = self.headers.get(&name).unwrap_or_else(|| panic!("no header {name}: {self:?}"));
        value.to_str().unwrap_or_else(|error| panic!("header {name}: {error}"))
    }

    /// The status and the body, for a caller that compares them itself.
    pub fn into_parts(self) -> (StatusCode, Value) {
        (self.status, self.body)
    }
}

/// A problem document; each method checks one member and names it where it differs.
pub struct Problem<'a> {
    response: &'a Response,
}

impl Problem<'_> {
    /// A member of the document has this value.
    #[track_caller]
    pub fn field(self, name: &str, expected: impl Into<Value>) -> Self {
        let expected = expected.into();
        assert_eq!(self.response.body[name], expected, "{name} of {:?}", self.response);
        self
    }

    /// The sender may send the same request again.
    #[track_caller]
    pub fn retryable(self) -> Self {
        self.field("retryable", true)
    }

    /// Seconds until the sender may send the request again, as a member and as a header.
    #[track_caller]
    pub fn retry_after(self, seconds: u64) -> Self {
        assert_eq!(self.response.header(header::RETRY_AFTER), seconds.to_string(), "{:?}", self.response);
        self.field("retry_after", seconds)
    }

    /// Where in the request the fault is: a JSON pointer into the body or a parameter's name.
    #[track_caller]
    pub fn pointer(self, pointer: &str) -> Self {
        self.field("pointer", pointer)
    }

    /// The explanation names this.
    #[track_caller]
    pub fn detail_contains(self, part: &str) -> Self {
        let detail = self.response.body["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(part), "the detail does not name {part:?}: {:?}", self.response);
        self
    }
}
