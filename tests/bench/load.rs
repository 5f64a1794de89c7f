//! A load of its own for loopback: as many kept connections as asked for, one request after another on each, as little work a
//! request as can be, since it shares the machine with what it measures.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::measure::rate;

/// Sends `requests` on each of `connections`, the bytes made by `request(connection, number)`, and answers with requests a second.
/// An answer other than 200 ends the measurement with an error.
pub(crate) async fn run(
    server: SocketAddr,
    connections: usize,
    requests: usize,
    request: fn(usize, usize) -> Vec<u8>,
) -> anyhow::Result<u64> {
    let started = Instant::now();
    let tasks: Vec<_> =
        (0..connections).map(|connection| tokio::spawn(one(server, connection, requests, request))).collect();
    for task in tasks {
        task.await??;
    }
    Ok(rate((connections * requests) as u64, started))
}

async fn one(
    server: SocketAddr,
    connection: usize,
    requests: usize,
    request: fn(usize, usize) -> Vec<u8>,
) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4096);
    for number in 0..requests {
        stream.write_all(&request(connection, number)).await?;
        answer(&mut stream, &mut buffer).await?;
    }
    Ok(())
}

/// Reads one answer whole: headers, then as many bytes as they say.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
    buffer.clear();
    let body_at = loop {
        if let Some(at) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break at + 4;
        }
        read(stream, buffer).await?;
    };
    let head = std::str::from_utf8(&buffer[..body_at])?.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.context("no content-length")?.trim().parse()?;
    while buffer.len() < body_at + length {
        read(stream, buffer).await?;
    }
    if !head.starts_with("http/1.1 200") {
        bail!("{}", String::from_utf8_lossy(buffer));
    }
    Ok(())
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
    if stream.read_buf(buffer).await? == 0 {
        bail!("the connection ended in the middle of an answer");
    }
    Ok(())
}

/// A request with a JSON body.
pub(crate) fn post(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
