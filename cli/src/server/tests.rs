//! Badly behaved clients on real sockets. Timeouts are short; the tests only require that the end comes, never when.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

use comptoir_http_edge::{Metric, ServerMetrics, TrustedAddresses};

use super::{Limits, Listeners, serve};

const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(600);

fn patient() -> Limits {
    Limits {
        handshake: LONG,
        head: LONG,
        body_pause: LONG,
        answer: LONG,
        write: LONG,
        drain: LONG,
        connections_max: 8,
        trusted: TrustedAddresses::default(),
        ..Limits::default()
    }
}

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<()>,
    metrics: Arc<ServerMetrics>,
}

impl Server {
    /// Waits until a limit was counted.
    async fn counted(&self, metric: Metric) {
        while self.metrics.get(metric) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn server(limits: Limits) -> Server {
    let app = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/echo", post(|body: Bytes| async move { body }))
        .route("/never", get(std::future::pending::<&str>))
        .route("/huge", get(|| async { vec![0u8; 64 * 1024 * 1024] }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let metrics = Arc::<ServerMetrics>::default();
    let shutdown = async move { drop(stopped.await) };
    let ended = tokio::spawn(serve(listener, app, limits, Arc::clone(&metrics), shutdown));
    Server { address, stop, ended, metrics }
}

/// A server whose TLS port has a certificate for `localhost`, and a client's configuration that trusts it.
async fn tls_server(limits: Limits) -> (Server, SocketAddr, TlsConnector) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let provider = || Arc::new(default_provider());
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], private).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let client = client.with_root_certificates(roots).with_no_client_auth();

    let app = Router::new().route("/", get(|| async { "hello" }));
    let (plain, tls) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let (address, tls_address) = (plain.local_addr().unwrap(), tls.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let (metrics, listeners) =
        (Arc::<ServerMetrics>::default(), Listeners { plain, tls: Some((tls, Arc::new(config))) });
    let shutdown = async move { drop(stopped.await) };
    let ended = tokio::spawn(serve(listeners, app, limits, Arc::clone(&metrics), shutdown));
    (Server { address, stop, ended, metrics }, tls_address, TlsConnector::from(Arc::new(client)))
}

async fn ask_over_tls(address: SocketAddr, connector: &TlsConnector) -> String {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut got = Vec::new();
    let _ = stream.read_to_end(&mut got).await;
    String::from_utf8_lossy(&got).into_owned()
}

async fn send(server: &Server, bytes: &str) -> TcpStream {
    let mut client = TcpStream::connect(server.address).await.unwrap();
    client.write_all(bytes.as_bytes()).await.unwrap();
    client
}

/// Everything received until the server closes or resets the connection.
async fn until_closed(client: &mut TcpStream) -> String {
    let mut got = Vec::new();
    let _ = client.read_to_end(&mut got).await;
    String::from_utf8_lossy(&got).into_owned()
}

async fn ask(server: &Server) -> String {
    let mut client = send(server, "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    until_closed(&mut client).await
}

#[tokio::test]
async fn a_silent_client_is_disconnected() {
    let server = server(Limits { head: SHORT, ..patient() }).await;
    assert_eq!(until_closed(&mut send(&server, "").await).await, "");
    server.counted(Metric::HeadsTimedOut).await;
}

#[tokio::test]
async fn a_client_that_drips_its_head_is_disconnected() {
    let server = server(Limits { head: SHORT, ..patient() }).await;
    let mut client = send(&server, "GET / HTTP/1.1\r\nx: ").await;
    while client.write_all(b"y").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn an_idle_connection_ends_after_its_last_answer() {
    let server = server(Limits { head: SHORT, ..patient() }).await;
    let answer = until_closed(&mut send(&server, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await).await;
    assert!(answer.ends_with("hello"), "{answer}");
}

#[tokio::test]
async fn a_body_that_stops_in_the_middle_is_refused() {
    let server = server(Limits { body_pause: SHORT, ..patient() }).await;
    let mut client = send(&server, "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc").await;
    let answer = until_closed(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
}

#[tokio::test]
async fn a_body_that_drips_for_too_long_is_answered_with_a_problem() {
    let server = server(Limits { answer: SHORT, ..patient() }).await;
    let client = send(&server, "POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n").await;
    let (mut read, mut write) = client.into_split();
    let drip = tokio::spawn(async move { while write.write_all(b"1\r\ny\r\n").await.is_ok() {} });
    let mut answer = [0u8; 12];
    read.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    drip.abort();
}

/// A photo over a slow line: the answer's timeout would end before the file has arrived, however often it is sent.
#[tokio::test]
async fn a_long_announced_body_gets_more_time() {
    let server = server(Limits { answer: Duration::ZERO, ..patient() }).await;
    let body = "x".repeat(1024 * 1024);
    let head = format!("POST /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut client = send(&server, &head).await;
    client.write_all(body.as_bytes()).await.unwrap();
    let answer = until_closed(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{}", &answer[..answer.len().min(400)]);
}

#[tokio::test]
async fn work_that_takes_too_long_is_answered_with_a_retryable_problem() {
    let server = server(Limits { answer: SHORT, ..patient() }).await;
    let answer = until_closed(&mut send(&server, "GET /never HTTP/1.1\r\nhost: x\r\n\r\n").await).await;
    assert!(answer.contains("REQUEST_TIMEOUT") && answer.contains(r#""retryable":true"#), "{answer}");
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_frees_its_place() {
    let server = server(Limits { write: SHORT, connections_max: 1, ..patient() }).await;
    let _deaf = send(&server, "GET /huge HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(ask(&server).await.ends_with("hello"));
    server.counted(Metric::WritesStalled).await;
}

#[tokio::test]
async fn others_are_served_while_silent_clients_hold_every_place_but_one() {
    let server = server(Limits { connections_max: 4, ..patient() }).await;
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(send(&server, "GET ").await);
    }
    assert!(ask(&server).await.ends_with("hello"));
}

#[tokio::test]
async fn stopping_lets_a_request_in_flight_end_and_accepts_no_new_one() {
    let server = server(patient()).await;
    let mut client = send(&server, "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n").await;
    assert!(ask(&server).await.ends_with("hello"), "the server has seen both");
    server.stop.send(()).unwrap();
    client.write_all(b"abc").await.unwrap();
    assert!(until_closed(&mut client).await.ends_with("abc"));
    server.ended.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn stopping_waits_for_a_bounded_time() {
    let server = server(Limits { drain: SHORT, ..patient() }).await;
    let mut client = send(&server, "GET /never HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.stop.send(()).unwrap();
    server.ended.await.unwrap();
    assert_eq!(until_closed(&mut client).await, "");
}

/// Point 9: a handshake that does not go on holds up nobody, and ends.
#[tokio::test]
async fn a_slow_handshake_delays_nobody_else_and_is_given_up() {
    let (server, tls, connector) = tls_server(patient()).await;
    let mut silent = TcpStream::connect(tls).await.unwrap();
    let mut half = TcpStream::connect(tls).await.unwrap();
    half.write_all(&[0x16, 3, 1, 2, 0, 1]).await.unwrap();
    assert!(ask_over_tls(tls, &connector).await.ends_with("hello"));
    assert!(ask(&server).await.ends_with("hello"));
    drop((silent, half, server));

    let (server, tls, _) = tls_server(Limits { handshake: SHORT, ..patient() }).await;
    silent = TcpStream::connect(tls).await.unwrap();
    assert_eq!(until_closed(&mut silent).await, "");
    half = TcpStream::connect(tls).await.unwrap();
    half.write_all(&[0x16, 3, 1, 2, 0, 1]).await.unwrap();
    until_closed(&mut half).await;
    assert_eq!(server.metrics.get(Metric::HandshakesTimedOut), 2);
}

#[tokio::test]
async fn a_failed_handshake_is_counted() {
    let (server, tls, _) = tls_server(patient()).await;
    let mut client = TcpStream::connect(tls).await.unwrap();
    client.write_all(&[0x16, 3, 1, 0, 4, 9, 9, 9, 9]).await.unwrap();
    until_closed(&mut client).await;
    server.counted(Metric::HandshakesFailed).await;
}

/// Point 10: connections of one address.
#[tokio::test]
async fn an_address_with_too_many_connections_is_closed_and_a_trusted_one_is_not() {
    let server = server(Limits { connections_per_address_max: 2, ..patient() }).await;
    let held = [send(&server, "GET ").await, send(&server, "GET ").await];
    assert_eq!(ask(&server).await, "");
    server.counted(Metric::ConnectionsPerAddress).await;
    drop(held);
    while !ask(&server).await.ends_with("hello") {}

    let trusted = TrustedAddresses::new(vec!["127.0.0.1".parse().unwrap()]);
    let server = self::server(Limits { connections_per_address_max: 2, trusted, ..patient() }).await;
    let _held = [send(&server, "GET ").await, send(&server, "GET ").await];
    assert!(ask(&server).await.ends_with("hello"));
}

#[tokio::test]
async fn a_head_over_its_limit_is_refused_and_counted() {
    let server = server(patient()).await;
    // A head is read in pieces, so that one of up to twice the limit may pass.
    let head = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}", "y".repeat(512 * 1024));
    let mut client = TcpStream::connect(server.address).await.unwrap();
    // The server may close before it has read everything.
    let _ = client.write_all(head.as_bytes()).await;
    until_closed(&mut client).await;
    server.counted(Metric::HeadsTooLarge).await;
    until_closed(&mut send(&server, "@ / HTTP/1.1\r\n\r\n").await).await;
    server.counted(Metric::HeadsMalformed).await;
}

/// hyper answers a head that it cannot read before any of our code runs, so that answer lacks our security headers. It needs
/// none: it has no body that a browser could show, and it ends the connection.
#[tokio::test]
async fn what_hyper_answers_to_an_unreadable_head_has_no_body_and_ends_the_connection() {
    let server = server(Limits { head_bytes_max: 8 * 1024, ..patient() }).await;
    let long = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx-long: {}\r\n\r\n", "x".repeat(16 * 1024));
    for (head, status) in [("no http at all\r\n\r\n", "400"), ("GET / HTTP/9.9\r\n\r\n", "400"), (&long, "431")] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")) && body.is_empty(), "{answer}");
        let names: Vec<&str> = head.lines().skip(1).map(|line| line.split(':').next().unwrap()).collect();
        assert!(names.iter().all(|name| ["connection", "content-length", "date"].contains(name)), "{answer}");
        assert!(head.contains("content-length: 0"), "{answer}");
    }
}
