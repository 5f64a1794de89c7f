//! A browser's session: `HttpOnly`, so that no script reads it, and `SameSite=Strict`, so that no other site sends it.

use axum::Json;
use axum::http::header::{CACHE_CONTROL, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use comptoir_core::time::Timestamp;
use comptoir_http_edge::ProblemResponse;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::instant;
use comptoir_proto::local_keys_v1::OpenedSession;
use comptoir_proto::problem::Problem;

use super::authorize::{Permitted, SESSION_COOKIE, SESSION_COOKIE_OVER_TLS, session_token};
use crate::sessions::SESSION_LIFETIME;

type WithCookie<T> = (StatusCode, [(HeaderName, String); 2], T);

/// `POST /api/v1/session`, with a local key: the answer sets the cookie.
pub(super) async fn begin(
    permitted: Permitted,
    headers: HeaderMap,
) -> Result<WithCookie<Json<OpenedSession>>, ProblemResponse> {
    let (node, key) = (permitted.node(), permitted.caller().key());
    let token = node.begin_session(key).map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    let lifetime = i64::try_from(SESSION_LIFETIME.as_micros()).unwrap_or(i64::MAX);
    let ends_at = Timestamp(node.log().now().0.saturating_add(lifetime));
    let opened = OpenedSession { key_id: key.to_string(), ends_at: instant::format(ends_at) };
    Ok((StatusCode::CREATED, cookie(&headers, &token, SESSION_LIFETIME.as_secs()), Json(opened)))
}

/// `DELETE /api/v1/session`. Without a session there is nothing to end.
pub(super) async fn end(permitted: Permitted, headers: HeaderMap) -> WithCookie<()> {
    if let Some(token) = session_token(&headers) {
        permitted.node().sessions().end(token);
    }
    (StatusCode::NO_CONTENT, cookie(&headers, "", 0), ())
}

/// The page's own origin says whether the browser reached it over TLS, also through a proxy.
fn cookie(headers: &HeaderMap, token: &str, seconds: u64) -> [(HeaderName, String); 2] {
    let over_tls = headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
    let (name, secure) = if over_tls { (SESSION_COOKIE_OVER_TLS, "; Secure") } else { (SESSION_COOKIE, "") };
    let cookie = format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    [(SET_COOKIE, cookie), (CACHE_CONTROL, "no-store".to_owned())]
}
