//! A bad line: a proxy that refuses some connections and cuts every other one after some bytes, in either direction. What it
//! does is drawn from a seed, and depends on no clock.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::crash_ledger::Random;

/// A connection is cut before this many bytes went one way.
const CUT_BEFORE_BYTES: u64 = 2_000_000;
/// What is read at once.
const PIECE_BYTES: usize = 16 * 1024;

/// The line, as the test holds it.
pub struct Line {
    /// Where it listens.
    pub address: SocketAddr,
    steady: Arc<AtomicBool>,
    moved: Arc<AtomicU64>,
    cuts: Arc<AtomicU64>,
}

impl Line {
    /// From now on every connection passes.
    pub fn make_steady(&self) {
        self.steady.store(true, Ordering::Relaxed);
    }

    /// Connections that were refused or cut.
    pub fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::Relaxed)
    }

    /// Bytes that came from central.
    pub fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }
}

/// Listens on a free loopback port for connections to `central` (`host:port`). Of ten connections about three are refused.
pub async fn start(central: String, seed: u64) -> std::io::Result<Line> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (steady, moved, cuts) =
        (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
    let line =
        Line { address: listener.local_addr()?, steady: steady.clone(), moved: moved.clone(), cuts: cuts.clone() };
    tokio::spawn(async move {
        let mut random = Random(seed | 1);
        while let Ok((near, _)) = listener.accept().await {
            let steady = steady.load(Ordering::Relaxed);
            cuts.fetch_add(u64::from(!steady), Ordering::Relaxed);
            if !steady && random.below(10) < 3 {
                continue;
            }
            let allowed = if steady { u64::MAX } else { random.below(CUT_BEFORE_BYTES) };
            tokio::spawn(pass(near, central.clone(), allowed, moved.clone()));
        }
    });
    Ok(line)
}

/// Until either side ends, or the limit of bytes has passed in one direction.
async fn pass(near: TcpStream, central: String, allowed: u64, moved: Arc<AtomicU64>) {
    let Ok(far) = TcpStream::connect(central).await else { return };
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    let nobody = Arc::new(AtomicU64::new(0));
    tokio::select! {
        () = copy(near_read, far_write, allowed, nobody) => {}
        () = copy(far_read, near_write, allowed, moved) => {}
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut allowed: u64,
    count: Arc<AtomicU64>,
) {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let Ok(read @ 1..) = from.read(&mut piece).await else { return };
        let part = usize::try_from(allowed).unwrap_or(usize::MAX).min(read);
        if to.write_all(&piece[..part]).await.is_err() || part < read {
            return;
        }
        allowed -= part as u64;
        count.fetch_add(part as u64, Ordering::Relaxed);
    }
}
