//! One kept connection that sends requests and reads whole answers with little work per request, since it shares the machine
//! with the server it measures.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// HTTP/1.1 over one socket.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// The body of a 200; an error for any other status.
    pub(crate) fn granted(&self) -> anyhow::Result<&[u8]> {
        if self.status != 200 {
            bail!("{}: {}", self.status, String::from_utf8_lossy(self.body));
        }
        Ok(self.body)
    }
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(1024) })
    }

    /// Sends one request and reads its answer: the headers, then `content-length` bytes.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let body_at = loop {
            if let Some(at) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            self.read().await?;
        };
        let head = std::str::from_utf8(&self.buffer[..body_at])?.to_ascii_lowercase();
        let status = head.split(' ').nth(1).context("no status")?.parse()?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.context("no content-length")?.trim().parse()?;
        while self.buffer.len() < body_at + length {
            self.read().await?;
        }
        Ok(Answer { status, body: &self.buffer[body_at..] })
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the connection ended in the middle of an answer");
        }
        Ok(())
    }
}

/// A request without a body, with a bearer token if `key` is given.
pub(crate) fn get(path: &str, key: Option<&str>) -> Vec<u8> {
    let credential = key.map(|key| format!("authorization: Bearer {key}\r\n")).unwrap_or_default();
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{credential}\r\n").into_bytes()
}

/// A request with a JSON body, with a bearer token if `key` is given.
pub(crate) fn post(path: &str, key: Option<&str>, body: &str) -> Vec<u8> {
    let credential = key.map(|key| format!("authorization: Bearer {key}\r\n")).unwrap_or_default();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\n{credential}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
