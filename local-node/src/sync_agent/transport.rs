//! The requests to central as a small trait, so that tests can replace it.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use comptoir_core::limits::{PUSH_BODY_BYTES_MAX, seconds_for};
use comptoir_proto::paths;
use comptoir_proto::sync_v1::NODE_PROCESS;
use futures_util::Stream;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Client, RequestBuilder, Response, Url};
use uuid::Uuid;

use super::tls_fault::TlsFault;
use crate::config::{ApiKey, SyncConfig, is_loopback};
use crate::event_log::Head;

/// An answer's results may be longer than their records, since a conflict lists the server's fields.
const ANSWER_BYTES_MAX: usize = 2 * PUSH_BODY_BYTES_MAX;
/// A bootstrap over the slowest line; a longer one continues from its last mark.
const LOAD_TIMEOUT: Duration = Duration::from_secs(6 * 3_600);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Central ends a connection that was quiet for 30 seconds, which is also how often a quiet node asks: used just then it breaks.
const KEEP_IDLE: Duration = Duration::from_secs(15);

/// Carries requests to central.
pub trait Transport: Send + Sync + 'static {
    /// `POST /api/v1/sync/push` with a JSON body.
    fn push(&self, body: Bytes) -> impl Future<Output = Result<HttpAnswer, Unanswered>> + Send;
    /// `GET /api/v1/sync/status`.
    fn status(&self, acked: Acked) -> impl Future<Output = Result<HttpAnswer, Unanswered>> + Send;
    /// `PUT /api/v1/blobs/{hash}`.
    fn put_blob(&self, hash: String, bytes: Bytes) -> impl Future<Output = Result<HttpAnswer, Unanswered>> + Send;
    /// `GET /api/v1/sync/pull`.
    fn pull(&self, query: PullParams) -> impl Future<Output = Result<HttpAnswer, Unanswered>> + Send;
    /// `GET /api/v1/sync/bootstrap`, from the beginning or after a mark.
    fn bootstrap(&self, after: Option<String>) -> impl Future<Output = Result<BootstrapAnswer, Unanswered>> + Send;
    /// `POST /api/v1/nodes/{id}/certificate` with a JSON body.
    fn certificate(&self, node: Uuid, body: Bytes) -> impl Future<Output = Result<HttpAnswer, Unanswered>> + Send;
    /// `GET /api/v1/sync/users`.
    fn users(&self) -> impl Future<Output = Result<HttpAnswer, Unanswered>> + Send;
    /// `POST /api/v1/sync/wiped` with a JSON body.
    fn wiped(&self, body: Bytes) -> impl Future<Output = Result<HttpAnswer, Unanswered>> + Send;
}

/// How far central has answered for a node's open epoch: tells a restored central that it has received everything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Acked {
    /// The epoch's number.
    pub epoch: u32,
    /// The last record with an answer.
    pub seq: u64,
}

impl Acked {
    /// As the log has it.
    pub fn of(head: Head) -> Acked {
        Acked { epoch: head.epoch.number, seq: head.marks.acked.0 }
    }
}

/// What a pull asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PullParams {
    /// Cursor to pull from.
    pub cursor: String,
    /// Maximum number of rows.
    pub limit: usize,
    /// How long central may hold the request until something changes.
    pub wait: Duration,
    /// The identity position of the last answer: another one ends the wait.
    pub identity_position: Option<u64>,
}

/// What a first load answers with.
pub enum BootstrapAnswer {
    /// Central refused the request.
    Refused(HttpAnswer),
    /// The stream; it ends with an error if it is broken.
    Stream(ByteStream),
}

/// Bytes as they come.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, Unanswered>> + Send>>;

impl<T: Transport> Transport for Arc<T> {
    fn push(&self, body: Bytes) -> impl Future<Output = Result<HttpAnswer, Unanswered>> + Send {
        T::push(self, body)
    }

    fn status(&self, acked: Acked) -> impl Future<Output = Result<HttpAnswer, Unanswered>> + Send {
        T::status(self, acked)
    }

    fn put_blob(&self, hash: String, bytes: Bytes) -> impl Future<Output = Result<HttpAnswer, Unanswered>> + Send {
        T::put_blob(self, hash, bytes)
    }

    fn pull(&self, query: PullParams) -> impl Future<Output = Result<HttpAnswer, Unanswered>> + Send {
        T::pull(self, query)
    }

    fn bootstrap(&self, after: Option<String>) -> impl Future<Output = Result<BootstrapAnswer, Unanswered>> + Send {
        T::bootstrap(self, after)
    }

    fn certificate(&self, node: Uuid, body: Bytes) -> impl Future<Output = Result<HttpAnswer, Unanswered>> + Send {
        T::certificate(self, node, body)
    }

    fn users(&self) -> impl Future<Output = Result<HttpAnswer, Unanswered>> + Send {
        T::users(self)
    }

    fn wiped(&self, body: Bytes) -> impl Future<Output = Result<HttpAnswer, Unanswered>> + Send {
        T::wiped(self, body)
    }
}

/// What central answered, whatever it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HttpAnswer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After` in seconds; the form with a date is not read.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Bytes,
}

/// No answer came. Unless no connection was made, central may have received the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// There was no connection: the request did not leave.
    #[error("central cannot be reached: {0}")]
    NotConnected(String),
    /// Central's certificate was not accepted: the request did not leave.
    #[error("the line to central is not secure: {detail}")]
    Untrusted {
        /// What is wrong.
        fault: TlsFault,
        /// The values, and what to do.
        detail: String,
    },
    /// No answer came in time.
    #[error("central did not answer in time")]
    Timeout,
    /// The connection broke, or the answer is not HTTP.
    #[error("the connection to central broke: {0}")]
    Broken(String),
    /// The answer is longer than any answer may be.
    #[error("central's answer has more than {ANSWER_BYTES_MAX} bytes")]
    TooLong,
}

/// HTTP to the address in the settings.
pub struct HttpTransport {
    client: Client,
    base: Url,
    push: Url,
    status: Url,
    pull: Url,
    bootstrap: Url,
    key: KeySource,
    /// After how long without a byte a stream is given up, and any other answer.
    silence: Duration,
}

/// Why there is no line to central.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// An address and a key are needed.
    #[error("sync is enabled, and {setting} is missing")]
    Missing {
        /// Name of the setting.
        setting: &'static str,
    },
    /// The pinned certificate authorities cannot be used.
    #[error("CENTRAL_CA_FILE={path}: {reason}")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The HTTP client does not start, for instance for want of root certificates.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

impl HttpTransport {
    /// Prepares the client; nothing is sent.
    pub fn new(config: &SyncConfig) -> Result<HttpTransport, TransportError> {
        let base = config.central_url.as_ref().ok_or(TransportError::Missing { setting: "CENTRAL_API_URL" })?;
        let key = config.api_key.as_ref().ok_or(TransportError::Missing { setting: "SYNC_API_KEY" })?;
        let is_loopback = is_loopback(base);
        if base.scheme() == "http" && !is_loopback {
            tracing::warn!(central.url = %base, "The key and every event go to {base} unencrypted: use https");
        }
        let mut client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(config.request_timeout)
            .pool_idle_timeout(KEEP_IDLE)
            // The key is for the address in the settings, not for where an answer points to.
            .redirect(reqwest::redirect::Policy::none())
            .https_only(base.scheme() == "https")
            .default_headers(HeaderMap::from_iter([process_header()]));
        if is_loopback {
            client = client.no_proxy();
        }
        if let Some(path) = &config.central_ca {
            client = client.tls_certs_only(pinned(path)?);
        }
        Ok(HttpTransport {
            client: client.build()?,
            base: base.clone(),
            push: at(base, paths::SYNC_PUSH),
            status: at(base, paths::SYNC_STATUS),
            pull: at(base, paths::SYNC_PULL),
            bootstrap: at(base, paths::SYNC_BOOTSTRAP),
            silence: config.request_timeout,
            key: KeySource::new(key.clone(), config.api_key_file.clone()),
        })
    }

    /// `GET /api/v1/sync/identity`.
    pub(crate) async fn identity(&self) -> Result<HttpAnswer, Unanswered> {
        self.send(self.client.get(at(&self.base, paths::SYNC_IDENTITY))).await
    }

    async fn send(&self, request: RequestBuilder) -> Result<HttpAnswer, Unanswered> {
        let request = request.header(AUTHORIZATION, self.key.header().await);
        answer(request.send().await.map_err(unanswered)?).await
    }
}

/// Names this process to central, by an id that is new at each start: two processes with one key are noticed there.
fn process_header() -> (HeaderName, HeaderValue) {
    let process = HeaderValue::try_from(Uuid::new_v4().to_string()).expect("a UUID is a valid header value");
    (HeaderName::from_static(NODE_PROCESS), process)
}

/// The node's key at central: from the settings, or from a file that is read again before each request, so that a rotated key
/// needs no restart.
struct KeySource {
    file: Option<PathBuf>,
    /// The last key that could be read.
    last: Mutex<ApiKey>,
}

impl KeySource {
    fn new(key: ApiKey, file: Option<PathBuf>) -> KeySource {
        KeySource { file, last: Mutex::new(key) }
    }

    /// While the file is missing or half-written, the last key is sent.
    async fn header(&self) -> HeaderValue {
        if let Some(file) = self.file.clone() {
            let read = tokio::task::spawn_blocking(move || ApiKey::read(&file)).await;
            match read {
                Ok(Ok(key)) => return self.keep(key),
                Ok(Err(error)) => tracing::warn!(%error, "The key's file cannot be used: the last key is sent"),
                Err(error) => tracing::warn!(%error, "Reading the key's file was interrupted"),
            }
        }
        self.last.lock().unwrap_or_else(PoisonError::into_inner).header()
    }

    fn keep(&self, key: ApiKey) -> HeaderValue {
        let header = key.header();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.header() != header {
            tracing::info!("Central is asked with the new key in the key's file from now on");
        }
        *last = key;
        header
    }
}

async fn answer(response: Response) -> Result<HttpAnswer, Unanswered> {
    let status = response.status().as_u16();
    let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Ok(HttpAnswer { status, retry_after: seconds.map(Duration::from_secs), body: read(response).await? })
}

impl Transport for HttpTransport {
    async fn push(&self, body: Bytes) -> Result<HttpAnswer, Unanswered> {
        self.send(self.client.post(self.push.clone()).header(CONTENT_TYPE, "application/json").body(body)).await
    }

    async fn status(&self, Acked { epoch, seq }: Acked) -> Result<HttpAnswer, Unanswered> {
        let mut url = self.status.clone();
        url.query_pairs_mut().append_pair("epoch", &epoch.to_string()).append_pair("acked", &seq.to_string());
        self.send(self.client.get(url)).await
    }

    async fn put_blob(&self, hash: String, bytes: Bytes) -> Result<HttpAnswer, Unanswered> {
        let url = at(&self.base, &paths::BLOB.replace("{hash}", &hash));
        // A file cannot be sent in smaller parts like a batch: giving up too early would block everything after it.
        let within = self.silence + Duration::from_secs(seconds_for(bytes.len()));
        let request = self.client.put(url).timeout(within).header(CONTENT_TYPE, "application/octet-stream");
        self.send(request.body(bytes)).await
    }

    async fn pull(&self, query: PullParams) -> Result<HttpAnswer, Unanswered> {
        let mut url = self.pull.clone();
        url.query_pairs_mut()
            .append_pair("cursor", &query.cursor)
            .append_pair("limit", &query.limit.to_string())
            .append_pair("wait", &query.wait.as_secs().to_string());
        if let Some(position) = query.identity_position {
            url.query_pairs_mut().append_pair("identity_position", &position.to_string());
        }
        self.send(self.client.get(url)).await
    }

    async fn bootstrap(&self, after: Option<String>) -> Result<BootstrapAnswer, Unanswered> {
        let mut url = self.bootstrap.clone();
        if let Some(after) = after {
            url.query_pairs_mut().append_pair("after", &after);
        }
        // A bootstrap may take any time as long as it makes progress.
        let request = self.client.get(url).timeout(LOAD_TIMEOUT).header(AUTHORIZATION, self.key.header().await);
        let response = request.send().await.map_err(unanswered)?;
        if response.status().as_u16() != 200 {
            return Ok(BootstrapAnswer::Refused(answer(response).await?));
        }
        let silence = self.silence;
        let next = move |response: Option<Response>| async move {
            let mut response = response?;
            match tokio::time::timeout(silence, response.chunk()).await {
                Ok(Ok(Some(chunk))) => Some((Ok(chunk), Some(response))),
                Ok(Ok(None)) => None,
                Ok(Err(error)) => Some((Err(unanswered(error)), None)),
                Err(_) => Some((Err(Unanswered::Timeout), None)),
            }
        };
        Ok(BootstrapAnswer::Stream(Box::pin(futures_util::stream::unfold(Some(response), next))))
    }

    async fn certificate(&self, node: Uuid, body: Bytes) -> Result<HttpAnswer, Unanswered> {
        let url = at(&self.base, &paths::NODE_CERTIFICATE.replace("{id}", &node.to_string()));
        self.send(self.client.post(url).header(CONTENT_TYPE, "application/json").body(body)).await
    }

    async fn users(&self) -> Result<HttpAnswer, Unanswered> {
        self.send(self.client.get(at(&self.base, paths::SYNC_USERS))).await
    }

    async fn wiped(&self, body: Bytes) -> Result<HttpAnswer, Unanswered> {
        let url = at(&self.base, paths::SYNC_WIPED);
        self.send(self.client.post(url).header(CONTENT_TYPE, "application/json").body(body)).await
    }
}

/// Bytes of a file of certificates.
const CA_BYTES_MAX: u64 = 1024 * 1024;

/// The certificates of a file, which alone are trusted.
fn pinned(path: &Path) -> Result<Vec<Certificate>, TransportError> {
    let wrong = |reason: String| TransportError::CaFile { path: path.to_owned(), reason };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| wrong(error.to_string()))?;
    file.take(CA_BYTES_MAX).read_to_end(&mut bytes).map_err(|error| wrong(error.to_string()))?;
    match Certificate::from_pem_bundle(&bytes) {
        Ok(certificates) if certificates.is_empty() => {
            Err(wrong("it has no certificate in PEM (-----BEGIN CERTIFICATE-----)".to_owned()))
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// A path under the address in the settings, which may have a path of its own where a proxy shares the host.
fn at(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url.set_query(None);
    url
}

async fn read(mut response: Response) -> Result<Bytes, Unanswered> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Unanswered::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn unanswered(error: reqwest::Error) -> Unanswered {
    if let Some((fault, detail)) = TlsFault::find(&error) {
        return Unanswered::Untrusted { fault, detail };
    }
    if error.is_timeout() && !error.is_connect() {
        return Unanswered::Timeout;
    }
    // The outermost message names the address only; the cause is further inside.
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = innermost.to_string();
    if error.is_connect() { Unanswered::NotConnected(text) } else { Unanswered::Broken(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::http::{HeaderMap, StatusCode};
    use axum::response::{IntoResponse as _, Redirect, Response as Answered};
    use axum::routing::{get, post};
    use tokio::net::TcpListener;

    const ACKED: Acked = Acked { epoch: 1, seq: 7 };

    #[test]
    fn paths_go_under_the_address_in_the_settings() {
        let url = |base: &str| at(&Url::parse(base).unwrap(), paths::SYNC_PUSH).to_string();
        assert_eq!(url("https://central.example"), "https://central.example/api/v1/sync/push");
        assert_eq!(url("https://example.org/shops/?x=1"), "https://example.org/shops/api/v1/sync/push");
    }

    /// A central that answers with what it was sent.
    async fn echo(headers: HeaderMap, body: String) -> Answered {
        let header = |name: &str| headers.get(name).map_or("none", |value| value.to_str().unwrap()).to_owned();
        let text = format!("{} {} {body}", header("authorization"), header("content-type"));
        (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "7")], text).into_response()
    }

    async fn broken() -> Answered {
        let pieces = [Ok("half".to_owned()), Err(std::io::Error::other("cut"))];
        Body::from_stream(tokio_stream::iter(pieces)).into_response()
    }

    async fn transport(app: Router) -> HttpTransport {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        to(&format!("http://{address}"))
    }

    fn to(base: &str) -> HttpTransport {
        let config = SyncConfig::to(Url::parse(base).unwrap(), ApiKey::new("k-1").unwrap());
        HttpTransport::new(&config).unwrap()
    }

    #[tokio::test]
    async fn a_push_carries_the_key_and_its_answer_comes_back_whatever_it_is() {
        let central = transport(Router::new().route(paths::SYNC_PUSH, post(echo))).await;
        let answer = central.push("body".into()).await.unwrap();
        assert_eq!((answer.status, answer.retry_after), (503, Some(Duration::from_secs(7))));
        assert_eq!(answer.body, "Bearer k-1 application/json body");
    }

    /// 7: the key is changed while the node runs, and a file in the middle of being written costs nothing.
    #[tokio::test]
    async fn a_new_key_in_the_file_is_used_from_the_next_request_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "k-old\n").unwrap();
        let central = transport(Router::new().route(paths::SYNC_PUSH, post(echo))).await;
        let mut config = SyncConfig::to(central.base.clone(), ApiKey::new("k-old").unwrap());
        config.api_key_file = Some(file.clone());
        let central = HttpTransport::new(&config).unwrap();
        let sent = async || String::from_utf8(central.push("".into()).await.unwrap().body.to_vec()).unwrap();
        assert!(sent().await.starts_with("Bearer k-old "));
        std::fs::write(&file, "").unwrap();
        assert!(sent().await.starts_with("Bearer k-old "));
        std::fs::write(&file, "k-new\n").unwrap();
        assert!(sent().await.starts_with("Bearer k-new "));
        std::fs::remove_file(&file).unwrap();
        assert!(sent().await.starts_with("Bearer k-new "));
    }

    /// A photo over a thin line takes longer than any other answer may.
    #[tokio::test]
    async fn a_large_file_has_the_time_that_it_takes() {
        let held = axum::routing::put(|body: Bytes| async move { body.len().to_string() });
        let never = get(std::future::pending::<&str>);
        let app = Router::new().route(paths::BLOB, held).route(paths::SYNC_STATUS, never);
        let app = app.layer(axum::extract::DefaultBodyLimit::disable());
        let patient = transport(app).await;
        let mut config = SyncConfig::to(patient.base.clone(), ApiKey::new("k-1").unwrap());
        config.request_timeout = Duration::from_millis(1);
        let hasty = HttpTransport::new(&config).unwrap();
        assert_eq!(hasty.status(ACKED).await, Err(Unanswered::Timeout), "nothing else has it");
        let answer = hasty.put_blob("00".repeat(32), Bytes::from(vec![7; 10 << 20])).await.unwrap();
        assert_eq!((answer.status, &answer.body[..]), (200, &b"10485760"[..]));
    }

    #[tokio::test]
    async fn the_key_does_not_follow_a_redirect() {
        let redirect = get(|| async { Redirect::temporary("/elsewhere") });
        let app = Router::new().route(paths::SYNC_STATUS, redirect).route("/elsewhere", get(echo));
        assert_eq!(transport(app).await.status(ACKED).await.unwrap().status, 307);
    }

    #[tokio::test]
    async fn a_refused_and_a_broken_connection_are_distinguished() {
        let app = Router::new().route(paths::SYNC_STATUS, get(broken));
        assert!(matches!(transport(app).await.status(ACKED).await, Err(Unanswered::Broken(_))));
        // A port that was free a moment ago and has no listener.
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert!(matches!(to(&format!("http://{free}")).status(ACKED).await, Err(Unanswered::NotConnected(_))));
    }

    #[tokio::test]
    async fn an_answer_without_end_is_given_up() {
        let piece = || Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1024 * 1024]));
        let endless = get(async move || Body::from_stream(tokio_stream::iter(std::iter::repeat_with(piece))));
        let app = Router::new().route(paths::SYNC_STATUS, endless);
        assert_eq!(transport(app).await.status(ACKED).await, Err(Unanswered::TooLong));
    }
}
