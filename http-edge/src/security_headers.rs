use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, HOST, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::client::Client;

/// For answers that are no page: a browser shows them, and runs and loads nothing.
const NOTHING_ALLOWED: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// What no answer but the screens' pages may ask a browser for.
const NO_PERMISSIONS: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";

/// Makes a browser use TLS for a year.
const ALWAYS_TLS: &str = "max-age=31536000";

/// Sets the headers that every answer has. What a handler has set stays: a page has its own policy.
pub(crate) fn set_security_headers(headers: &mut HeaderMap, asks_for_tls: bool) {
    if headers.contains_key(REFERRER_POLICY) {
        // An inner layer has set them.
        return;
    }
    let mut default = |name: HeaderName, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(REFERRER_POLICY, "no-referrer");
    default(X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(CONTENT_SECURITY_POLICY, NOTHING_ALLOWED);
    default(PERMISSIONS_POLICY, NO_PERMISSIONS);
    if asks_for_tls {
        default(STRICT_TRANSPORT_SECURITY, ALWAYS_TLS);
    }
    // A caller that revalidates may keep an answer with an ETag; no shared cache may.
    let cache = if headers.contains_key(ETAG) { "private, no-cache" } else { "no-store" };
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static(cache));
}

/// Whether the answer to a request asks the browser to use TLS from now on. Not under the name `localhost`: the rule covers all
/// ports of a name, and plain HTTP on loopback is this machine's own.
pub(crate) fn asks_for_tls(client: Option<&Client>, headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    client.is_some_and(|client| client.over_tls) && !name.eq_ignore_ascii_case("localhost")
}
