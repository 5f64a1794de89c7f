//! The part of a body that a handler did not read, because it refused the request before.
//!
//! Most clients read no answer before they have sent everything, and see an early answer as a broken connection. So the rest is
//! read and dropped before the answer is sent, within bounds of bytes and time. A client that waits for `100 Continue` has sent
//! nothing and is not asked to.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody as _};
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use axum::http::{HeaderMap, StatusCode};
use comptoir_core::limits::{PUSH_BODY_BYTES_MAX, seconds_for};
use tokio::time::{Instant, timeout_at};
use tokio_stream::{Stream, StreamExt as _};

use crate::request_body::Timeouts;

/// Bytes that are read to be dropped: twice the largest body that any route accepts.
const DRAIN_BYTES_MAX: usize = 2 * PUSH_BODY_BYTES_MAX;

/// Where a handler's body returns to when the handler drops it.
pub(crate) struct UnreadBody {
    rest: Arc<Mutex<Option<BodyDataStream>>>,
    announced: usize,
    began: Instant,
    timeouts: Timeouts,
}

impl UnreadBody {
    /// Lends a request's body to its handler.
    pub(crate) fn lend(headers: &HeaderMap, body: Body, timeouts: Timeouts) -> (UnreadBody, Body) {
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let rest = Arc::new(Mutex::new(None));
        let lent = LentBody {
            pieces: Some(body).filter(|body| !body.is_end_stream()).map(Body::into_data_stream),
            is_flowing: !headers.contains_key(EXPECT),
            owner: Arc::clone(&rest),
        };
        (
            UnreadBody { rest, announced: announced.unwrap_or(0), began: Instant::now(), timeouts },
            Body::from_stream(lent),
        )
    }

    /// Reads the rest, if the handler has left any, for as long as a body of its size may take. A caller without a credential
    /// gets less time.
    pub(crate) async fn drain(self, status: StatusCode) {
        let rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut pieces) = rest else { return };
        let patience = match status {
            StatusCode::UNAUTHORIZED => self.timeouts.idle,
            _ => self.timeouts.body + Duration::from_secs(seconds_for(self.announced.min(DRAIN_BYTES_MAX))),
        };
        let mut dropped = 0;
        while dropped < DRAIN_BYTES_MAX {
            match timeout_at(self.began + patience, pieces.next()).await {
                Ok(Some(Ok(piece))) => dropped += piece.len(),
                // It ended, broke off or is late: the answer is the same.
                _ => return,
            }
        }
    }
}

/// A body that returns to its owner.
struct LentBody {
    /// `None` after its end, and after an error of its connection.
    pieces: Option<BodyDataStream>,
    /// Whether the client sends without being asked, or has been asked.
    is_flowing: bool,
    owner: Arc<Mutex<Option<BodyDataStream>>>,
}

impl Stream for LentBody {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.is_flowing = true;
        let Some(pieces) = &mut self.pieces else { return Poll::Ready(None) };
        let piece = ready!(Pin::new(pieces).poll_next(context));
        if !matches!(piece, Some(Ok(_))) {
            self.pieces = None;
        }
        Poll::Ready(piece)
    }
}

impl Drop for LentBody {
    fn drop(&mut self) {
        if self.is_flowing {
            *self.owner.lock().unwrap_or_else(PoisonError::into_inner) = self.pieces.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::Router;
    use axum::http::{HeaderName, Request, header};
    use axum::routing::post;
    use tower::ServiceExt as _;

    use super::*;
    use crate::{Edge, ProblemResponse, RequestBody};

    const LIMIT: usize = 1_000;

    async fn limited(body: RequestBody) -> Result<(), ProblemResponse> {
        body.bytes(LIMIT).await?;
        Ok(())
    }

    async fn refused() -> StatusCode {
        StatusCode::UNAUTHORIZED
    }

    /// The status of a request with a body of pieces, and how many bytes of it the server read.
    async fn read_of(
        path: &str,
        headers: &[(HeaderName, &str)],
        pieces: impl Iterator<Item = usize> + Send + 'static,
    ) -> (u16, usize) {
        let read = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&read);
        let pieces = tokio_stream::iter(pieces).map(move |size| {
            count.fetch_add(size, Ordering::Relaxed);
            Ok::<_, std::io::Error>(vec![0; size])
        });
        let mut request = Request::builder().method("POST").uri(path);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(Body::from_stream(pieces)).expect("a request");
        let routes = Router::new().route("/limited", post(limited)).route("/refused", post(refused));
        let response = Edge::default().wrap(routes).oneshot(request).await.expect("a router always answers");
        (response.status().as_u16(), read.load(Ordering::Relaxed))
    }

    /// O3.
    #[tokio::test]
    async fn a_refused_body_is_read_to_its_end_or_to_a_limit() {
        let pieces = |sizes: &'static [usize]| sizes.iter().copied();
        assert_eq!(read_of("/limited", &[], pieces(&[400, 600])).await, (200, 1_000));
        assert_eq!(read_of("/limited", &[], pieces(&[1_001, 500, 4_000])).await, (413, 5_501));
        let announced = [(header::CONTENT_LENGTH, "5501")];
        assert_eq!(read_of("/limited", &announced, pieces(&[1_001, 500, 4_000])).await, (413, 5_501));
        for path in ["/limited", "/refused", "/nowhere", "/limited?a=%00"] {
            let (_, read) = read_of(path, &[], pieces(&[1_001, 500])).await;
            assert_eq!(read, 1_501, "{path}");
            let mebibyte = 1024 * 1024;
            let (_, read) = read_of(path, &[], std::iter::repeat(mebibyte)).await;
            assert!((DRAIN_BYTES_MAX..=DRAIN_BYTES_MAX + 2 * mebibyte).contains(&read), "{path}: {read}");
        }
        let asks = [(header::EXPECT, "100-continue"), (header::CONTENT_LENGTH, "1001")];
        assert_eq!(
            read_of("/limited", &asks, pieces(&[1_001])).await,
            (413, 0),
            "who waits to be asked has sent nothing"
        );
    }

    /// O3.
    #[tokio::test(start_paused = true)]
    async fn a_refused_body_that_does_not_arrive_is_not_waited_for_longer_than_an_accepted_one() {
        for (path, announced, seconds) in [("/limited", "1048576", 60 + 64), ("/refused", "1048576", 30)] {
            let began = Instant::now();
            let silent = Body::from_stream(tokio_stream::pending::<Result<Bytes, std::io::Error>>());
            let request =
                Request::post(path).header(header::CONTENT_LENGTH, announced).body(silent).expect("a request");
            let routes = Router::new().route("/limited", post(limited)).route("/refused", post(refused));
            Edge::default().wrap(routes).oneshot(request).await.expect("a router always answers");
            assert_eq!(began.elapsed().as_secs(), seconds, "{path}");
        }
    }
}
