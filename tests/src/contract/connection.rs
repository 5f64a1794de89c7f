//! A client on a real socket that decides itself when it sends, waits and hangs up.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{Endpoint, Reply};

/// Which router answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum EdgeTimeouts {
    /// The server's own timeouts.
    Usual,
    Short,
}

/// One request on a connection of its own.
pub(super) struct Connection {
    stream: TcpStream,
    bearer: Option<String>,
}

impl Connection {
    /// Serves the endpoint's router on a port of its own and connects to it.
    pub(super) async fn open(endpoint: &Endpoint, timeouts: EdgeTimeouts) -> Connection {
        let router = endpoint.router(timeouts);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        tokio::spawn(async move { axum::serve(listener, router).await });
        let stream = TcpStream::connect(address).await.expect("the server listens");
        Connection { stream, bearer: endpoint.bearer.clone() }
    }

    /// Sends the head of a request.
    pub(super) async fn head(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) {
        let bearer = self.bearer.as_ref().map(|bearer| format!("authorization: Bearer {bearer}\r\n"));
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let bearer = bearer.unwrap_or_default();
        self.send(format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{bearer}{headers}\r\n"))
            .await;
    }

    /// Sends bytes of a body that announced its length.
    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.expect("the server reads");
    }

    /// Sends a chunk of a body that did not; an empty one ends it.
    pub(super) async fn chunk(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.send(format!("{:x}\r\n", bytes.len())).await;
        self.send(bytes).await;
        self.send("\r\n").await;
    }

    /// Sends nothing more: the server sees the end of the stream.
    pub(super) async fn hang_up(&mut self) {
        self.stream.shutdown().await.expect("the connection is open");
    }

    /// Reads until some of the answer is there.
    pub(super) async fn some_answer(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; 64 * 1024];
        let read = self.stream.read(&mut bytes).await.expect("the server answers");
        bytes.truncate(read);
        bytes
    }

    /// Reads the whole answer. `begun` is what was read of it before.
    pub(super) async fn reply(mut self, mut begun: Vec<u8>) -> Reply {
        self.stream.read_to_end(&mut begun).await.expect("the server answers and closes");
        let end = begun.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&begun)));
        let head = std::str::from_utf8(&begun[..end]).expect("a head is ASCII");
        let (status, lines) = head.split_once("\r\n").expect("a head has lines");
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let header = |line: &str| {
            let (name, value) = line.split_once(':').expect("a header has a value");
            let name = HeaderName::try_from(name).expect("a header's name");
            (name, HeaderValue::try_from(value.trim()).expect("a header's value"))
        };
        let headers: HeaderMap = lines.split("\r\n").map(header).collect();
        let body = &begun[end + 4..];
        let is_chunked = headers.contains_key(header::TRANSFER_ENCODING);
        let body = if is_chunked { unchunked(body) } else { body.to_vec() };
        Reply { status, headers, body }
    }
}

/// The data of all chunks that are whole.
fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    while let Some(at) = bytes.windows(2).position(|end| end == b"\r\n") {
        let size = std::str::from_utf8(&bytes[..at]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let chunk = size.and_then(|size| bytes.get(at + 2..at + 2 + size)).unwrap_or_default();
        data.extend_from_slice(chunk);
        bytes = bytes.get(at + 4 + chunk.len()..).unwrap_or_default();
    }
    data
}
