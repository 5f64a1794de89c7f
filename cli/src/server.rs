//! The accept loop. A client that is slow, silent or gone costs one connection for a bounded time, never the server.
//!
//! `axum::serve` sets no timeout, so a client that sends one byte and waits would keep its connection for ever. Here five
//! timeouts apply: to the TLS handshake, to the head of each request (which also ends an idle keep-alive), to each pause within a
//! body, to the time until the answer begins, and to each write that the client does not read. Connections over the limit wait in
//! the kernel's queue; those over the limit of their address are closed. Each limit has a counter.
//!
//! A handshake runs in its connection's task, so it holds up nobody else.

mod places;
mod stalled_write;
mod unencrypted;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, HeaderValue};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use comptoir_core::limits::{PUSH_BODY_BYTES_MAX, seconds_for};
use comptoir_http_edge::{ConnectionInfo, Guard, Metric, ProblemResponse, ServerMetrics, TrustedAddresses, guarded};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tower::Service as _;
use tower_http::timeout::TimeoutBody;

use places::{Place, Places};
use stalled_write::StalledWrite;

/// Timeouts and limits of a server. docs/operating/limits.md has them all, with their counters.
#[derive(Clone, Debug)]
pub struct Limits {
    /// For the TLS handshake, and for the first byte before it.
    pub handshake: Duration,
    /// For the head of a request, and for the next request on an idle connection. Agents reuse their connections within it.
    pub head: Duration,
    /// Bytes of the head of a request.
    pub head_bytes_max: usize,
    /// Between two chunks of a body.
    pub body_pause: Duration,
    /// Until the answer begins: longer than the longest wait a request may ask for. A long announced body gets more.
    pub answer: Duration,
    /// For a write that the client does not read.
    pub write: Duration,
    /// For requests in flight after the stop signal.
    pub drain: Duration,
    /// Open connections at a time.
    pub connections_max: usize,
    /// Open connections of one address that is not trusted.
    pub connections_per_address_max: usize,
    /// Requests a second of one credential, or of one address without a credential, unless the address is trusted.
    pub requests_per_second: u32,
    /// Addresses of proxies and of this machine.
    pub trusted: TrustedAddresses,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            head_bytes_max: 64 * 1024,
            body_pause: Duration::from_secs(30),
            answer: Duration::from_secs(120),
            write: Duration::from_secs(60),
            drain: Duration::from_secs(10),
            connections_max: 4_096,
            connections_per_address_max: 512,
            requests_per_second: 500,
            trusted: TrustedAddresses::new(vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])]),
        }
    }
}

/// Where a server listens.
pub struct Listeners {
    /// For plain HTTP.
    pub plain: TcpListener,
    /// For TLS.
    pub tls: Option<(TcpListener, Arc<ServerConfig>)>,
}

impl From<TcpListener> for Listeners {
    fn from(plain: TcpListener) -> Listeners {
        Listeners { plain, tls: None }
    }
}

/// Pause when the process has no file descriptor left; connections end meanwhile.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// The first byte of a TLS handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// Serves until `shutdown`, then lets the requests in flight end, for [`Limits::drain`] at most.
pub async fn serve(
    listeners: impl Into<Listeners>,
    app: Router,
    limits: Limits,
    metrics: Arc<ServerMetrics>,
    shutdown: impl Future<Output = ()>,
) {
    let Listeners { plain, tls } = listeners.into();
    let graceful = GracefulShutdown::new();
    let server = Arc::new(HttpServer::new(app, limits, metrics));
    let mut open = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&plain, tls.as_ref(), &server.places) => accepted,
            Some(_) = open.join_next() => continue,
        };
        let Accepted { stream, peer, permit, acceptor } = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "A connection could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                continue;
            }
        };
        let limited = Some(peer.ip()).filter(|address| !server.guard.trusted().contains(*address));
        let Some(place) = server.places.occupy(permit, limited) else { continue };
        let (server, watcher) = (Arc::clone(&server), graceful.watcher());
        open.spawn(async move { server.serve_connection(stream, peer.ip(), acceptor, place, watcher).await });
    }
    drop((plain, tls));
    if timeout(server.limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = open.len(), "Requests were still running and have been cut off");
    }
    open.shutdown().await;
}

struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    permit: OwnedSemaphorePermit,
    /// Of a connection to the TLS port.
    acceptor: Option<TlsAcceptor>,
}

/// Acquires a permit first, so that connections over the limit wait in the kernel's queue.
async fn accept(
    plain: &TcpListener,
    tls: Option<&(TcpListener, Arc<ServerConfig>)>,
    places: &Places,
) -> io::Result<Accepted> {
    let permit = places.free().await;
    let encrypted = async {
        match tls {
            Some((listener, config)) => (listener.accept().await, Some(TlsAcceptor::from(Arc::clone(config)))),
            None => std::future::pending().await,
        }
    };
    let (accepted, acceptor) = tokio::select! {
        accepted = plain.accept() => (accepted, None),
        accepted = encrypted => accepted,
    };
    let (stream, peer) = accepted?;
    Ok(Accepted { stream, peer, permit, acceptor })
}

/// What the connections of a server share.
struct HttpServer {
    app: Router,
    /// What answers plain HTTP on the TLS port.
    explanation: Router,
    http: http1::Builder,
    limits: Limits,
    guard: Arc<Guard>,
    places: Arc<Places>,
}

impl HttpServer {
    fn new(app: Router, limits: Limits, metrics: Arc<ServerMetrics>) -> HttpServer {
        let guard = Guard::new(Arc::clone(&metrics), limits.trusted.clone(), limits.requests_per_second);
        let guard = Arc::new(guard);
        let protected = |app: Router| {
            let app = app.layer(from_fn_with_state(Arc::new(limits.clone()), in_time));
            app.layer(from_fn_with_state(Arc::clone(&guard), guarded))
        };
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(limits.head_bytes_max);
        let places = Places::new(limits.connections_max, limits.connections_per_address_max, metrics);
        let explanation = protected(app.clone().layer(from_fn(unencrypted::explain_only)));
        HttpServer { app: protected(app), explanation, http, guard, places, limits }
    }

    async fn serve_connection(
        &self,
        stream: TcpStream,
        peer: IpAddr,
        acceptor: Option<TlsAcceptor>,
        _place: Place,
        watcher: Watcher,
    ) {
        // Answers are small and awaited, so delaying them by 40 ms to batch writes helps nobody. A socket without the option
        // works too.
        let _ = stream.set_nodelay(true);
        let Some(acceptor) = acceptor else {
            let plain = ConnectionInfo { peer, over_tls: false };
            let stream = StalledWrite::new(stream, self.limits.write, Arc::clone(self.guard.metrics()));
            return self.serve_http(stream, &self.app, plain, watcher).await;
        };
        match timeout(self.limits.handshake, self.handshake(stream, &acceptor)).await {
            Ok(Ok(Opened::Tls(stream))) => {
                self.serve_http(*stream, &self.app, ConnectionInfo { peer, over_tls: true }, watcher).await;
            }
            Ok(Ok(Opened::Plain(stream))) => {
                let plain = ConnectionInfo { peer, over_tls: false };
                self.serve_http(stream, &self.explanation, plain, watcher).await;
            }
            Ok(Err(error)) => {
                self.guard.metrics().count(Metric::HandshakesFailed);
                tracing::debug!(%peer, %error, "A TLS handshake failed");
            }
            Err(_) => {
                self.guard.metrics().count(Metric::HandshakesTimedOut);
                tracing::debug!(%peer, "A TLS handshake took too long");
            }
        }
    }

    async fn handshake(&self, stream: TcpStream, acceptor: &TlsAcceptor) -> io::Result<Opened> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let stream = StalledWrite::new(stream, self.limits.write, Arc::clone(self.guard.metrics()));
        match first {
            [TLS_HANDSHAKE] => Ok(Opened::Tls(Box::new(acceptor.accept(stream).await?))),
            _ => Ok(Opened::Plain(stream)),
        }
    }

    async fn serve_http(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        app: &Router,
        connection: ConnectionInfo,
        watcher: Watcher,
    ) {
        let app = app.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(connection);
            // A router is always ready.
            app.clone().call(request)
        });
        let served = watcher.watch(self.http.serve_connection(TokioIo::new(stream), service)).await;
        let Err(error) = served else { return };
        let metrics = self.guard.metrics();
        if error.is_timeout() {
            metrics.count(Metric::HeadsTimedOut);
        } else if error.is_parse_too_large() {
            metrics.count(Metric::HeadsTooLarge);
        } else if error.is_parse() {
            metrics.count(Metric::HeadsMalformed);
        }
        tracing::debug!(%error, "A connection ended early");
    }
}

/// A connection to the TLS port.
enum Opened {
    Tls(Box<tokio_rustls::server::TlsStream<StalledWrite>>),
    /// Its first byte begins no handshake.
    Plain(StalledWrite),
}

async fn in_time(State(limits): State<Arc<Limits>>, request: Request, next: Next) -> Response {
    let within = limits.answer + for_body(request.headers());
    let request = request.map(|body| Body::new(TimeoutBody::new(limits.body_pause, body)));
    match timeout(within, next.run(request)).await {
        Ok(response) => response,
        Err(_) => too_slow(within),
    }
}

/// Extra time for the announced body, such as a photo over a slow line.
fn for_body(headers: &HeaderMap) -> Duration {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    Duration::from_secs(seconds_for(announced.unwrap_or(0).min(PUSH_BODY_BYTES_MAX)))
}

fn too_slow(answer: Duration) -> Response {
    let detail = format!("no answer after {} s; send less at a time, or try again", answer.as_secs());
    let mut response = ProblemResponse::from(Problem::new(ErrorCode::RequestTimeout, detail)).into_response();
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests;
