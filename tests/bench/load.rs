//! A load generator for loopback: `connections` kept connections with one request after another on each.

use std::net::SocketAddr;
use std::time::Instant;

use crate::connection::Connection;
use crate::measure::rate;

/// Sends `requests` on each of `connections`, with bytes from `request`, and returns requests per second.
/// An answer other than 200 ends the measurement with an error.
pub(crate) async fn run_load(
    server: SocketAddr,
    connections: usize,
    requests: usize,
    request: impl Fn() -> Vec<u8> + Clone + Send + Sync + 'static,
) -> anyhow::Result<u64> {
    let started = Instant::now();
    let tasks: Vec<_> = (0..connections).map(|_| tokio::spawn(one(server, requests, request.clone()))).collect();
    for task in tasks {
        task.await??;
    }
    Ok(rate((connections * requests) as u64, started))
}

async fn one(server: SocketAddr, requests: usize, request: impl Fn() -> Vec<u8>) -> anyhow::Result<()> {
    let mut open = Connection::open(server).await?;
    for _ in 0..requests {
        open.ask(&request()).await?.granted()?;
    }
    Ok(())
}
