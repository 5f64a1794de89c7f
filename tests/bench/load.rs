//! A load generator for loopback: `connections` kept connections with one request after another on each.

use std::net::SocketAddr;
use std::time::Instant;

use crate::connection::Connection;
use crate::measure::rate;

/// Sends `requests` on each of `connections`, with bytes from `request(connection, number)`, and returns requests per second.
/// An answer other than 200 ends the measurement with an error.
pub(crate) async fn run_load(
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
    let mut open = Connection::open(server).await?;
    for number in 0..requests {
        open.ask(&request(connection, number)).await?.granted()?;
    }
    Ok(())
}
