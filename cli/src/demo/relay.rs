//! The relay between the shop's node and central in `comptoir up`: a loopback port that forwards to central. While it is
//! disconnected it neither accepts nor keeps a connection, so the node sees a broken line.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use comptoir_local::DemoLink;
use futures_util::future::BoxFuture;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::{JoinHandle, JoinSet};

/// Pause when no connection can be accepted, as with too many open files.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// A port that forwards to central while it is connected.
pub struct Relay {
    address: SocketAddr,
    central: SocketAddr,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

impl Relay {
    /// Opens a free loopback port and connects it to central.
    pub async fn start(central: SocketAddr) -> io::Result<Relay> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, central));
        Ok(Relay { address, central, accepting: Mutex::new(Some(accepting)) })
    }

    /// The address that the node uses as central's.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether connections are forwarded.
    pub async fn is_joined(&self) -> bool {
        self.accepting.lock().await.is_some()
    }

    /// Ends every connection and closes the port before it returns.
    pub async fn cut(&self) {
        if let Some(accepting) = self.accepting.lock().await.take() {
            accepting.abort();
            // The task ends by being aborted, which is no error here.
            drop(accepting.await);
        }
    }

    /// Opens the port again. After an error it stays closed.
    pub async fn join(&self) -> io::Result<()> {
        let mut accepting = self.accepting.lock().await;
        if accepting.is_none() {
            let listener = TcpListener::bind(self.address).await?;
            *accepting = Some(tokio::spawn(accept(listener, self.central)));
        }
        Ok(())
    }
}

impl DemoLink for Relay {
    fn is_connected(&self) -> BoxFuture<'_, bool> {
        Box::pin(self.is_joined())
    }

    fn set_connected(&self, connected: bool) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(async move {
            if connected {
                return self.join().await;
            }
            self.cut().await;
            Ok(())
        })
    }
}

/// Owns the port and its connections; aborting the task closes all of them.
async fn accept(listener: TcpListener, central: SocketAddr) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((node, _)) => drop(connections.spawn(forward(node, central))),
                Err(_) => tokio::time::sleep(ACCEPT_AGAIN_AFTER).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Forwards until one side ends or fails. The node sees its connection end and tries again.
async fn forward(mut node: TcpStream, central: SocketAddr) {
    if let Ok(mut central) = TcpStream::connect(central).await {
        let _ = tokio::io::copy_bidirectional(&mut node, &mut central).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// A server that answers every byte with the same byte.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    tokio::io::copy(&mut read, &mut write).await
                });
            }
        });
        address
    }

    async fn echoed(stream: &mut TcpStream) -> io::Result<u8> {
        stream.write_all(b"x").await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn a_cut_relay_ends_its_connections_and_refuses_new_ones_until_it_is_joined() {
        let relay = Relay::start(echo().await).await.unwrap();
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        assert_eq!(echoed(&mut stream).await.unwrap(), b'x');

        relay.cut().await;
        relay.cut().await;
        assert!(!relay.is_joined().await);
        assert!(echoed(&mut stream).await.is_err());
        let refused = TcpStream::connect(relay.address()).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);

        relay.join().await.unwrap();
        relay.join().await.unwrap();
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        assert_eq!(echoed(&mut stream).await.unwrap(), b'x');
    }
}
