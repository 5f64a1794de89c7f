//! The outermost layer of a server: who sends, how often, and what is counted. The accept loop puts it around the router.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, HeaderMap};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

use crate::client::{Client, ConnectionInfo, TrustedAddresses, limited_address};
use crate::metrics::{Metric, ServerMetrics};
use crate::problem_response::ProblemResponse;
use crate::rate_limit::RateLimiter;
use crate::security_headers::{asks_for_tls, set_security_headers};

/// Requests a second without a valid credential, for one address. Guessing keys is slower than this, and a shop behind one
/// address in which every credential has expired is not.
pub const REFUSED_CREDENTIALS_PER_SECOND: u32 = 10;

/// Limits per client, and what is counted.
pub struct Guard {
    metrics: Arc<ServerMetrics>,
    trusted: TrustedAddresses,
    requests: RateLimiter,
    refused_credentials: RateLimiter,
}

impl Guard {
    /// A guard that allows so many requests a second for each credential, and for each address that sends none.
    pub fn new(metrics: Arc<ServerMetrics>, trusted: TrustedAddresses, requests_per_second: u32) -> Guard {
        Guard {
            metrics,
            trusted,
            requests: RateLimiter::new(requests_per_second),
            refused_credentials: RateLimiter::new(REFUSED_CREDENTIALS_PER_SECOND),
        }
    }

    /// The addresses that no limit per client applies to.
    pub fn trusted(&self) -> &TrustedAddresses {
        &self.trusted
    }

    /// The counters.
    pub fn metrics(&self) -> &Arc<ServerMetrics> {
        &self.metrics
    }

    /// Why a request is not let in.
    fn admit(&self, client: &Client, headers: &HeaderMap) -> Result<(), Problem> {
        if client.is_trusted {
            return Ok(());
        }
        let address = limited_address(client.address);
        let taken = match headers.get(AUTHORIZATION) {
            // An invented credential has a bucket of its own, so the address is asked for its refused ones.
            Some(credential) => self
                .refused_credentials
                .check(address)
                .and_then(|()| self.requests.admit(Caller::Key(credential.as_bytes()))),
            None => self.requests.admit(Caller::Address(address)),
        };
        taken.map_err(too_many)
    }
}

#[derive(Hash)]
enum Caller<'a> {
    Key(&'a [u8]),
    Address(IpAddr),
}

fn too_many(wait: Duration) -> Problem {
    let seconds = wait.as_secs() + 1;
    Problem::new(ErrorCode::RateLimited, format!("too many requests: wait {seconds} s, and send more in one request"))
        .retry_after(seconds)
}

/// Admits a request, and counts its answer. Requests without a [`ConnectionInfo`] did not come through an accept loop and are not
/// limited.
pub async fn guarded(State(guard): State<Arc<Guard>>, mut request: Request, next: Next) -> Response {
    let connection = request.extensions().get::<ConnectionInfo>().copied();
    let client = connection.map(|connection| guard.trusted.client(connection, request.headers()));
    let asks_for_tls = asks_for_tls(client.as_ref(), request.headers());
    let refused = client.and_then(|client| guard.admit(&client, request.headers()).err());
    let mut response = match refused {
        Some(problem) => ProblemResponse::from(problem).into_response(),
        None => {
            if let Some(client) = client {
                request.extensions_mut().insert(client);
            }
            request.extensions_mut().insert(Arc::clone(&guard.metrics));
            next.run(request).await
        }
    };
    guard.metrics.count(Metric::Requests);
    if let Some(code) = response.extensions().get::<ErrorCode>() {
        guard.metrics.count_refusal(*code);
    }
    if let Some(client) = client.filter(|client| !client.is_trusted && response.status() == StatusCode::UNAUTHORIZED) {
        // Nothing is refused here: the next request finds the bucket empty.
        let _ = guard.refused_credentials.admit(limited_address(client.address));
    }
    set_security_headers(response.headers_mut(), asks_for_tls);
    response
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::header::RETRY_AFTER;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    struct Server {
        guard: Arc<Guard>,
        router: Router,
    }

    fn server(requests_per_second: u32) -> Server {
        let trusted = TrustedAddresses::new(vec!["127.0.0.1".parse().unwrap()]);
        let guard = Arc::new(Guard::new(Arc::default(), trusted, requests_per_second));
        let refused = || async { ProblemResponse::from(Problem::new(ErrorCode::Unauthorized, "unknown")) };
        let router = Router::new().route("/", get(|| async { "hello" })).route("/refused", get(refused));
        Server { router: router.layer(from_fn_with_state(Arc::clone(&guard), guarded)), guard }
    }

    impl Server {
        async fn get(&self, path: &str, peer: &str, credential: Option<&str>) -> Response {
            let mut request = Request::get(path);
            if let Some(credential) = credential {
                request = request.header(AUTHORIZATION, credential);
            }
            let mut request = request.body(Body::empty()).unwrap();
            request.extensions_mut().insert(ConnectionInfo { peer: peer.parse().unwrap(), over_tls: false });
            self.router.clone().oneshot(request).await.unwrap()
        }

        /// How many of so many requests were answered.
        async fn answered(&self, path: &str, peer: &str, credential: Option<&str>, requests: usize) -> usize {
            let mut answered = 0;
            for _ in 0..requests {
                answered += usize::from(self.get(path, peer, credential).await.status() != 429);
            }
            answered
        }
    }

    /// Point 10: requests per identity.
    #[tokio::test]
    async fn a_credential_over_its_rate_gets_429_and_others_are_served() {
        let server = server(1);
        let answered = server.answered("/", "192.0.2.1", Some("Bearer a"), 40).await;
        assert!((10..40).contains(&answered), "{answered}");
        let refused = server.get("/", "198.51.100.1", Some("Bearer a")).await;
        assert_eq!(refused.status(), 429, "the credential is limited wherever it is used");
        let wait: u64 = refused.headers()[RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((1..=10).contains(&wait), "{wait}");
        assert_eq!(server.get("/", "192.0.2.1", Some("Bearer b")).await.status(), 200);
        assert_eq!(server.get("/", "192.0.2.1", None).await.status(), 200);
        let text = server.guard.metrics().text();
        assert!(text.contains("comptoir_refusals_total{code=\"RATE_LIMITED\"} "), "{text}");
    }

    #[tokio::test]
    async fn an_address_without_a_credential_is_limited_and_a_trusted_one_is_not() {
        let server = server(1);
        assert!(server.answered("/", "192.0.2.1", None, 40).await < 40);
        assert_eq!(server.get("/", "192.0.2.2", None).await.status(), 200);
        assert_eq!(server.answered("/", "127.0.0.1", None, 40).await, 40);
    }

    /// Each invented credential has a bucket of its own; the address pays for those that were refused.
    #[tokio::test]
    async fn an_address_that_guesses_credentials_is_stopped() {
        let server = server(1_000);
        let mut answered = 0;
        for guess in 0..400 {
            let guess = format!("Bearer guess-{guess}");
            answered += server.answered("/refused", "192.0.2.1", Some(&guess), 1).await;
        }
        assert!((100..300).contains(&answered), "{answered}");
        assert_eq!(server.answered("/refused", "192.0.2.2", Some("Bearer other"), 1).await, 1);
    }
}
