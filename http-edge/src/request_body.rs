//! A request's body: its media type, its limit, its deadline and its memory.
//!
//! A body that breaks off or is late is `REQUEST_TIMEOUT`: the connection failed, not the request, so the client resends it. What
//! a refused request leaves unread is read by [`unread_body`](crate::unread_body).

use std::convert::Infallible;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use comptoir_core::limits::seconds_for;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use crate::body_budget::{BodyBudget, BodyReservation};
use crate::broken_body::broken;
use crate::ndjson::{NDJSON, NdjsonLines};
use crate::params::read_form;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A body that is no JSON, or other JSON than expected.
pub fn malformed_body(error: &serde_json::Error) -> Problem {
    Problem::new(ErrorCode::MalformedBody, error.to_string())
}

/// How long a server waits for a request's body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// For a whole body, besides the seconds that its size takes on the thinnest line: see
    /// [`LINE_BYTES_PER_SECOND_MIN`](comptoir_core::limits::LINE_BYTES_PER_SECOND_MIN).
    pub body: Duration,
    /// For the next piece of an NDJSON stream, which has no end to wait for.
    pub idle: Duration,
}

impl Default for Timeouts {
    /// A minute is longer than a phone's bad link needs and shorter than an attacker's patience.
    fn default() -> Timeouts {
        Timeouts { body: Duration::from_secs(60), idle: Duration::from_secs(30) }
    }
}

/// What holds for every body of a server.
#[derive(Clone, Default)]
pub(crate) struct BodySettings {
    pub(crate) timeouts: Timeouts,
    pub(crate) budget: Option<BodyBudget>,
}

/// A whole body, with its share of the budget.
#[derive(Debug)]
pub struct BufferedBody {
    bytes: Bytes,
    reservation: BodyReservation,
}

impl BufferedBody {
    /// The bytes, and the reservation to hold for as long as they or what was read from them live.
    pub fn into_parts(self) -> (Bytes, BodyReservation) {
        (self.bytes, self.reservation)
    }
}

impl Deref for BufferedBody {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What a body is, as its `Content-Type` says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Media {
    /// `application/json`.
    Json,
    /// `application/x-ndjson`: a draft per line.
    Ndjson,
}

/// A body that is not read yet: the last argument of a handler.
pub struct RequestBody {
    body: Body,
    announced: Option<usize>,
    /// Without parameters and in small letters, since case means nothing in it.
    media_type: Option<String>,
    content_encoding: Option<HeaderValue>,
    timeouts: Timeouts,
    budget: Option<BodyBudget>,
}

impl<S: Send + Sync> FromRequest<S> for RequestBody {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<RequestBody, Infallible> {
        let settings = request.extensions().get::<Arc<BodySettings>>();
        let settings = settings.map(|settings| BodySettings::clone(settings)).unwrap_or_default();
        let (parts, body) = request.into_parts();
        Ok(RequestBody::new(&parts.headers, body, settings))
    }
}

impl RequestBody {
    fn new(headers: &HeaderMap, body: Body, settings: BodySettings) -> RequestBody {
        let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        RequestBody {
            body,
            announced: length,
            media_type: headers.get(CONTENT_TYPE).and_then(media_type),
            content_encoding: headers.get(CONTENT_ENCODING).cloned(),
            timeouts: settings.timeouts,
            budget: settings.budget,
        }
    }

    /// Which of the media types that carry drafts the body has. `UNSUPPORTED_MEDIA_TYPE` otherwise.
    pub fn media(&self) -> Result<Media, Problem> {
        self.refuse_encoded()?;
        match self.media_type.as_deref() {
            Some(JSON) => Ok(Media::Json),
            Some(NDJSON) => Ok(Media::Ndjson),
            _ => Err(self.unsupported(&format!("{JSON} or {NDJSON}"))),
        }
    }

    /// Reads a JSON body of at most `bytes_max` bytes whole.
    pub async fn json(self, bytes_max: usize) -> Result<BufferedBody, Problem> {
        self.refuse_encoded()?;
        if self.media_type.as_deref() != Some(JSON) {
            return Err(self.unsupported(JSON));
        }
        self.bytes(bytes_max).await
    }

    /// Reads a browser's form of at most `bytes_max` bytes.
    pub async fn form<T: DeserializeOwned>(self, bytes_max: usize) -> Result<T, Problem> {
        if self.media_type.as_deref() != Some(FORM) {
            return Err(self.unsupported(FORM));
        }
        read_form(&self.bytes(bytes_max).await?)
    }

    /// A JSON body where the path may say everything: an empty one needs no content type.
    pub async fn json_or_nothing(self, bytes_max: usize) -> Result<BufferedBody, Problem> {
        if self.media_type.is_some() {
            return self.json(bytes_max).await;
        }
        let unsupported = self.unsupported(JSON);
        let body = self.bytes(bytes_max).await?;
        if body.is_empty() { Ok(body) } else { Err(unsupported) }
    }

    /// Reads a body of any type whole.
    pub async fn bytes(self, bytes_max: usize) -> Result<BufferedBody, Problem> {
        let (budget, announced) = (self.budget.clone(), self.announced.unwrap_or(0));
        let mut pieces = self.pieces(bytes_max)?;
        let mut reservation = BodyReservation::new(budget.as_ref(), announced)?;
        let mut bytes = Vec::with_capacity(announced);
        while let Some(piece) = pieces.next().await? {
            bytes.extend_from_slice(&piece);
            reservation.grow(budget.as_ref(), bytes.len())?;
        }
        Ok(BufferedBody { bytes: bytes.into(), reservation })
    }

    /// A body that is read piece by piece. One that announces more than `bytes_max` is refused here.
    pub fn pieces(self, bytes_max: usize) -> Result<BodyPieces, Problem> {
        self.refuse_encoded()?;
        let RequestBody { body, announced, timeouts, .. } = self;
        let announced = announced.unwrap_or(0);
        if announced > bytes_max {
            return Err(too_large(bytes_max));
        }
        Ok(BodyPieces { body, bytes_max, announced, received: 0, began: Instant::now(), patience: timeouts.body })
    }

    /// A body that is read line by line.
    pub fn lines(self) -> Result<NdjsonLines, Problem> {
        self.refuse_encoded()?;
        Ok(NdjsonLines::new(self.body, self.timeouts.idle))
    }

    fn unsupported(&self, needed: &str) -> Problem {
        let sent = self.media_type.as_deref().unwrap_or("no content type");
        Problem::new(ErrorCode::UnsupportedMediaType, format!("send {needed}, got {sent}"))
    }

    /// Packed JSON would be refused as malformed, with no word of the reason.
    fn refuse_encoded(&self) -> Result<(), Problem> {
        let encoding = self.content_encoding.as_ref().map(|value| value.to_str().unwrap_or("another"));
        match encoding.filter(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
            None => Ok(()),
            Some(encoding) => {
                let detail = format!("send it without a content-encoding, got {encoding}");
                Err(Problem::new(ErrorCode::UnsupportedMediaType, detail))
            }
        }
    }
}

fn media_type(value: &HeaderValue) -> Option<String> {
    let value = value.to_str().ok()?;
    Some(value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase())
}

/// A body as it arrives.
pub struct BodyPieces {
    body: Body,
    bytes_max: usize,
    announced: usize,
    received: usize,
    began: Instant,
    patience: Duration,
}

impl BodyPieces {
    /// The next piece; `None` at the end. `REQUEST_TIMEOUT` where the body breaks off or is late, `TOO_LARGE` over its limit.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            let within = self.within(self.announced);
            match timeout_at(self.began + within, self.body.frame()).await {
                Ok(Some(Ok(frame))) => {
                    let Ok(piece) = frame.into_data() else { continue };
                    self.received += piece.len();
                    if self.received > self.bytes_max {
                        return Err(too_large(self.bytes_max));
                    }
                    return Ok(Some(piece));
                }
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => {
                    return Err(broken(&error, &format!("the body, after {} bytes", self.received)));
                }
                Err(_) => {
                    let detail = format!("the body did not arrive within {} s", within.as_secs());
                    return Err(Problem::new(ErrorCode::RequestTimeout, detail));
                }
            }
        }
    }

    /// A body that did not announce its length gets the time of what has arrived.
    fn within(&self, announced: usize) -> Duration {
        self.patience + Duration::from_secs(seconds_for(announced.max(self.received)))
    }
}

fn too_large(bytes_max: usize) -> Problem {
    Problem::new(ErrorCode::TooLarge, format!("a body here has at most {bytes_max} bytes"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;
    use tokio_stream::StreamExt as _;

    use std::io;

    use super::*;

    const LIMIT: usize = 1_000;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    fn sent(pairs: &[(HeaderName, &'static str)], body: impl Into<Body>) -> RequestBody {
        RequestBody::new(&headers(pairs), body.into(), BodySettings::default())
    }

    /// Pieces of that many bytes, and then what `end` is.
    fn pieces(sizes: &[usize], end: Option<std::io::Error>) -> Body {
        let pieces: Vec<_> = sizes.iter().map(|size| Ok(vec![b' '; *size])).chain(end.map(Err)).collect();
        Body::from_stream(tokio_stream::iter(pieces))
    }

    async fn code(read: impl Future<Output = Result<BufferedBody, Problem>>) -> String {
        match read.await {
            Ok(body) => body.len().to_string(),
            Err(problem) => problem.code,
        }
    }

    #[tokio::test]
    async fn a_body_is_read_whole_up_to_its_limit() {
        assert_eq!(code(sent(&[], pieces(&[400, 600], None)).bytes(LIMIT)).await, "1000");
        assert_eq!(code(sent(&[], pieces(&[400, 601], None)).bytes(LIMIT)).await, "TOO_LARGE");
        assert_eq!(code(sent(&[(CONTENT_LENGTH, "1001")], pieces(&[1], None)).bytes(LIMIT)).await, "TOO_LARGE");
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_to_be_sent_again() {
        let broken = sent(&[], pieces(&[4], Some(std::io::Error::other("reset")))).bytes(LIMIT).await.unwrap_err();
        assert_eq!((broken.code.as_str(), broken.status, broken.retryable), ("REQUEST_TIMEOUT", 408, true));
    }

    /// O5: hyper's errors about chunks are of these kinds.
    #[tokio::test]
    async fn a_body_whose_chunks_do_not_read_is_malformed() {
        for kind in [io::ErrorKind::InvalidInput, io::ErrorKind::InvalidData] {
            let chunk = io::Error::new(kind, "Invalid chunk size line");
            let malformed = sent(&[], pieces(&[4], Some(chunk))).bytes(LIMIT).await.unwrap_err();
            assert_eq!(
                (malformed.code.as_str(), malformed.status, malformed.retryable),
                ("MALFORMED_BODY", 400, false)
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_gets_a_minute_and_the_time_that_its_size_takes() {
        let began = Instant::now();
        let silent = || Body::from_stream(tokio_stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(code(sent(&[], silent()).bytes(LIMIT)).await, "REQUEST_TIMEOUT");
        assert_eq!(began.elapsed().as_secs(), 60);
        let announced = [(CONTENT_LENGTH, "1048576")];
        assert_eq!(code(sent(&announced, silent()).bytes(2 << 20)).await, "REQUEST_TIMEOUT");
        assert_eq!(began.elapsed().as_secs(), 60 + 60 + 64);
        // A phone on a thin line, which did not say how much it sends: five minutes at 20 KiB a second.
        let trickle = tokio_stream::iter(0..300).then(|_| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, std::io::Error>(vec![0; 20 * 1024])
        });
        assert_eq!(code(sent(&[], Body::from_stream(trickle)).bytes(10 << 20)).await, (300 * 20 * 1024).to_string());
    }

    #[tokio::test]
    async fn only_plain_json_is_json() {
        let json = |pairs| code(sent(pairs, "{}").json(LIMIT));
        assert_eq!(json(&[(CONTENT_TYPE, "application/JSON; charset=utf-8")]).await, "2");
        assert_eq!(json(&[(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, "identity")]).await, "2");
        for wrong in [&[][..], &[(CONTENT_TYPE, "text/plain")], &[(CONTENT_TYPE, "application/x-ndjson")]] {
            assert_eq!(code(sent(wrong, "{}").json(LIMIT)).await, "UNSUPPORTED_MEDIA_TYPE", "{wrong:?}");
        }
        let packed = [(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, "gzip")];
        assert_eq!(json(&packed).await, "UNSUPPORTED_MEDIA_TYPE");
        assert_eq!(code(sent(&packed, "{}").bytes(LIMIT)).await, "UNSUPPORTED_MEDIA_TYPE");
        let lines = [(CONTENT_TYPE, "application/x-ndjson"), (CONTENT_ENCODING, "gzip")];
        assert_eq!(sent(&lines, "").media().unwrap_err().code, "UNSUPPORTED_MEDIA_TYPE");
        assert!(sent(&lines, "").lines().is_err());
    }

    #[tokio::test]
    async fn an_empty_body_needs_no_content_type() {
        let read = |pairs, body: &'static str| code(sent(pairs, body).json_or_nothing(LIMIT));
        assert_eq!(read(&[], "").await, "0");
        assert_eq!(read(&[], "{}").await, "UNSUPPORTED_MEDIA_TYPE");
        assert_eq!(read(&[(CONTENT_TYPE, "text/plain")], "").await, "UNSUPPORTED_MEDIA_TYPE");
        assert_eq!(read(&[(CONTENT_TYPE, "application/json")], "{}").await, "2");
    }

    #[tokio::test]
    async fn bodies_share_a_budget_and_return_what_they_held() {
        let settings = BodySettings { budget: Some(BodyBudget::of_kib(64)), ..BodySettings::default() };
        let read = |pairs: &[(HeaderName, &'static str)], bytes: usize| {
            RequestBody::new(&headers(pairs), pieces(&[bytes], None), settings.clone()).bytes(LIMIT * 100)
        };
        let held = read(&[], 10).await.expect("an unannounced body takes 64 KiB");
        let full = read(&[(CONTENT_LENGTH, "1024")], 1_024).await.unwrap_err();
        assert_eq!((full.code.as_str(), full.retry_after), ("QUEUE_FULL", Some(1)));
        let (_, reservation) = held.into_parts();
        assert_eq!(code(read(&[(CONTENT_LENGTH, "1")], 1)).await, "QUEUE_FULL");
        drop(reservation);
        assert_eq!(code(read(&[(CONTENT_LENGTH, "65536")], 65_536)).await, "65536");
    }
}
