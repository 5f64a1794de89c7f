//! The accept loop. A client that is slow, silent or gone costs one connection for a bounded time, never the server.
//!
//! `axum::serve` sets no timeout, so a client that sends one byte and waits would keep its connection for ever. Here four
//! timeouts apply: to the head of each request (which also ends an idle keep-alive), to each pause within a body, to the time
//! until the answer begins, and to each write that the client does not read. Connections over the limit wait in the kernel's
//! queue.

mod stalled_write;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use comptoir_core::limits::{PUSH_BODY_BYTES_MAX, seconds_for};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::{self, Problem};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tower_http::timeout::TimeoutBody;

use stalled_write::StalledWrite;

/// Timeouts and limits of the server.
#[derive(Clone, Debug)]
pub struct Limits {
    /// For the head of a request, and for the next request on an idle connection. Agents reuse their connections within it.
    pub head: Duration,
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
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head: Duration::from_secs(30),
            body_pause: Duration::from_secs(30),
            answer: Duration::from_secs(120),
            write: Duration::from_secs(60),
            drain: Duration::from_secs(10),
            connections_max: 4_096,
        }
    }
}

/// Pause when the process has no file descriptor left; connections end meanwhile.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Serves until `shutdown`, then lets the requests in flight end, for [`Limits::drain`] at most.
pub async fn serve(listener: TcpListener, app: Router, limits: Limits, shutdown: impl Future<Output = ()>) {
    let app = app.layer(from_fn_with_state(Arc::new(limits.clone()), in_time));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(64 * 1024);
    let free = Arc::new(Semaphore::new(limits.connections_max));
    let graceful = GracefulShutdown::new();
    let mut open = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (stream, permit) = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &free) => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "A connection could not be accepted");
                    tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                    continue;
                }
            },
            Some(_) = open.join_next() => continue,
        };
        // Answers are small and awaited, so delaying them by 40 ms to batch writes helps nobody. A socket without the option
        // works too.
        let _ = stream.set_nodelay(true);
        let io = TokioIo::new(StalledWrite::new(stream, limits.write));
        let connection = http.serve_connection(io, TowerToHyperService::new(app.clone()));
        let connection = graceful.watch(connection);
        open.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "A connection ended early");
            }
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = open.len(), "Requests were still running and have been cut off");
    }
    open.shutdown().await;
}

/// Acquires a permit first, so that connections over the limit wait in the kernel's queue.
async fn accept(listener: &TcpListener, free: &Arc<Semaphore>) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(free).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, permit))
}

async fn in_time(State(limits): State<Arc<Limits>>, request: Request, next: Next) -> Response {
    let within = limits.answer + for_body(request.headers());
    let request = request.map(|body| Body::new(TimeoutBody::new(limits.body_pause, body)));
    match tokio::time::timeout(within, next.run(request)).await {
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
    let problem = Problem::new(ErrorCode::RequestTimeout, detail);
    let headers = [("content-type", problem::CONTENT_TYPE), ("connection", "close")];
    (axum::http::StatusCode::REQUEST_TIMEOUT, headers, Json(problem)).into_response()
}

#[cfg(test)]
mod tests;
