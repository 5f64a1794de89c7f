//! A man in the middle who delivers every push twice, and loses the first answer: what a bad link does at its worst moment.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use comptoir_core::limits::PUSH_BODY_BYTES_MAX;
use comptoir_proto::sync_v1::PushResponse;

/// What the proxy has seen.
#[derive(Default)]
pub struct Seen {
    /// Pushes that were delivered twice with both answers 200.
    pub twice: AtomicU64,
    /// Requests that central did not answer.
    pub unanswered: AtomicU64,
}

struct Proxy {
    central: String,
    client: reqwest::Client,
    seen: Arc<Seen>,
}

/// Listens on a free loopback port and passes everything on to `central`, every push twice.
pub async fn start(central: String) -> std::io::Result<(SocketAddr, Arc<Seen>)> {
    let seen = Arc::new(Seen::default());
    let proxy = Proxy { central, client: reqwest::Client::new(), seen: Arc::clone(&seen) };
    let app = Router::new().fallback(pass).with_state(Arc::new(proxy));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok((address, seen))
}

async fn pass(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    match proxy.deliver(request).await {
        Ok(response) => response,
        Err(_) => {
            proxy.seen.unanswered.fetch_add(1, Ordering::Relaxed);
            Response::builder().status(502).body(Body::empty()).expect("a status and no body make a response")
        }
    }
}

impl Proxy {
    async fn deliver(&self, request: Request) -> Result<Response, Box<dyn std::error::Error + Send + Sync>> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, PUSH_BODY_BYTES_MAX).await?;
        let url = format!("{}{}", self.central, parts.uri.path_and_query().map_or("/", |path| path.as_str()));
        let send =
            || self.client.request(parts.method.clone(), &url).headers(parts.headers.clone()).body(body.clone()).send();
        let is_push = parts.uri.path() == comptoir_proto::paths::SYNC_PUSH;
        let first = if is_push { Some(send().await?) } else { None };
        let second = send().await?;
        let status = second.status();
        let content_type = second.headers().get("content-type").cloned();
        let bytes = second.bytes().await?;
        if let Some(first) = first.filter(|first| first.status().is_success() && status.is_success()) {
            assert_same_results(&first.bytes().await?, &bytes);
            self.seen.twice.fetch_add(1, Ordering::Relaxed);
        }
        let mut response = Response::builder().status(status);
        if let Some(content_type) = content_type {
            response = response.header("content-type", content_type);
        }
        Ok(response.body(Body::from(bytes))?)
    }
}

/// The second answer is read from what the first delivery stored: the same verdicts at the same positions.
fn assert_same_results(first: &[u8], second: &[u8]) {
    let read = |bytes| serde_json::from_slice::<PushResponse>(bytes).expect("a 200 carries a push response");
    assert_eq!(read(first).results, read(second).results, "the same records, the same results");
}
