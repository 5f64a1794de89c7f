//! Point 10: a real server's memory stays bounded whatever clients send. Each attack says how much memory its limits allow.

use comptoir_test_support::{RunningServer, temp_folder};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::until;

const MIB: u64 = 1024;

/// What a server may use besides, in KiB: its threads' stacks and caches, and what the allocator keeps.
const SLACK: u64 = 48 * MIB;

struct Victim {
    server: RunningServer,
    address: String,
    before: u64,
    _folder: TempDir,
}

impl Victim {
    /// A node that trusts no address, as if every client came from elsewhere.
    async fn open(more: &[(&str, &str)]) -> Victim {
        let folder = temp_folder();
        let id = uuid::Uuid::from_u128(7).to_string();
        let mut settings = vec![
            ("APP_MODE", "local"),
            ("SYNC_ENABLED", "false"),
            ("TENANT_ID", id.as_str()),
            ("SITE_ID", id.as_str()),
            ("NODE_ID", id.as_str()),
            // The counters are read from here; attacks come from 127.0.0.2.
            ("TRUSTED_ADDRESSES", "127.0.0.1"),
        ];
        settings.extend(more);
        let server = RunningServer::start(&folder.path().join("node"), &settings);
        assert_eq!(server.metric("comptoir_heads_too_large_total").await, 0);
        let address = server.url.trim_start_matches("http://").to_owned();
        Victim { before: server.resident_kib(), address, server, _folder: folder }
    }

    /// The first headers of a client whose bodies are read.
    fn known(&self) -> String {
        format!("host: localhost\r\nauthorization: Bearer {}\r\n", self.server.key())
    }

    async fn connect(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        // A long write then ends only after the server has read most of it.
        socket.set_send_buffer_size(64 * 1024).unwrap();
        socket.connect(self.address.parse().unwrap()).await.unwrap()
    }

    /// Sends a request and reads what comes back until the server closes. A server that refuses early may reset the connection.
    async fn send(&self, head: &str, body: impl Iterator<Item = Vec<u8>>) -> String {
        let mut stream = self.connect().await;
        let mut is_open = stream.write_all(head.as_bytes()).await.is_ok();
        for piece in body {
            is_open = is_open && stream.write_all(&piece).await.is_ok();
        }
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Asserts that the memory grew by at most so many KiB.
    fn assert_grew_at_most(&self, allowed: u64) {
        let (before, now) = (self.before, self.server.resident_kib());
        assert!(now <= before + allowed, "{before} KiB became {now} KiB, and {allowed} KiB more are allowed");
    }
}

/// 2,000 connections that send nearly all that a head may have, and never its end. 512 of them get a place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_slow_connections_of_one_address_get_512_places() {
    let victim = Victim::open(&[]).await;
    let head = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {}", "y".repeat(60 * 1024));
    let mut open = Vec::new();
    for _ in 0..2_000 {
        let mut stream = victim.connect().await;
        // One over the limit is closed at once.
        let _ = stream.write_all(head.as_bytes()).await;
        open.push(stream);
    }
    let refused = "comptoir_connections_refused_total";
    // On a busy machine some of the first have been given up by then, which frees their places.
    until("the refusals", || async { (victim.server.metric(refused).await >= 1_000).then_some(()) }).await;
    victim.assert_grew_at_most(512 * 128 + SLACK);
    let healthy = reqwest::get(format!("{}/healthz", victim.server.url)).await.unwrap();
    assert_eq!(healthy.status(), 200, "others are served");
    drop(open);
    let opened = "comptoir_connections_open";
    until("the end of all", || async { (victim.server.metric(opened).await == 1).then_some(()) }).await;
    assert!(
        victim
            .send("GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", std::iter::empty())
            .await
            .contains("200 OK")
    );
}

/// As many addresses together get as many places as there are; later connections wait in the kernel.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_over_the_total_wait_and_are_served_when_others_end() {
    let victim = Victim::open(&[("CONNECTIONS_MAX", "8")]).await;
    let mut silent = Vec::new();
    for _ in 0..8 {
        let mut stream = victim.connect().await;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        silent.push(stream);
    }
    let waiting = reqwest::get(format!("{}/healthz", victim.server.url));
    let waiting = tokio::spawn(waiting);
    drop(silent);
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
    assert!(victim.server.metric("comptoir_connections_full_total").await >= 1);
}

/// A million headers of six bytes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_of_a_million_headers_is_refused_at_its_limit() {
    let victim = Victim::open(&[]).await;
    for _ in 0..20 {
        let headers = (0..1_000).map(|_| "a: b\r\n".repeat(1_000).into_bytes());
        let answer = victim.send("GET / HTTP/1.1\r\nhost: localhost\r\n", headers).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    assert_eq!(victim.server.metric("comptoir_heads_too_large_total").await, 20);
    victim.assert_grew_at_most(SLACK);
}

/// A gigabyte of zeros in a megabyte, and a body without an end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packed_body_is_never_unpacked_and_an_endless_one_is_not_kept() {
    let victim = Victim::open(&[]).await;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![0; 1024 * 1024];
    for _ in 0..1_024 {
        std::io::Write::write_all(&mut packed, &zeros).unwrap();
    }
    let packed = packed.finish().unwrap();
    let known = victim.known();
    for path in ["/api/v1/events", "/api/v1/sales"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\n{known}connection: close\r\ncontent-type: application/json\r\n\
             content-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
            packed.len()
        );
        let answer = victim.send(&head, std::iter::once(packed.clone())).await;
        assert!(answer.contains("UNSUPPORTED_MEDIA_TYPE"), "{answer}");
        let head = format!(
            "POST {path} HTTP/1.1\r\n{known}connection: close\r\ncontent-type: application/json\r\n\
             transfer-encoding: chunked\r\n\r\n"
        );
        let chunk = [b"100000\r\n", &zeros[..], b"\r\n"].concat();
        let answer = victim.send(&head, std::iter::repeat_n(chunk, 200)).await;
        assert!(answer.is_empty() || answer.contains("TOO_LARGE"), "{answer}");
    }
    let refused = "comptoir_refusals_total{code=\"UNSUPPORTED_MEDIA_TYPE\"}";
    assert_eq!(victim.server.metric(refused).await, 2);
    assert_eq!(victim.server.metric("comptoir_refusals_total{code=\"TOO_LARGE\"}").await, 2);
    victim.assert_grew_at_most(SLACK);
}

/// 200 bodies that stop one byte before their end: together 400 MB, of which the server keeps its budget.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_never_end_share_a_budget() {
    let victim = Victim::open(&[]).await;
    let length = 2 * 1024 * 1024;
    let body = std::sync::Arc::new(vec![b' '; length - 1]);
    let head = format!(
        "POST /api/v1/events HTTP/1.1\r\n{}content-type: application/json\r\ncontent-length: {length}\r\n\r\n",
        victim.known()
    );
    let mut open = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (mut stream, head, body) = (victim.connect().await, head.clone(), body.clone());
        open.spawn(async move {
            // The server may refuse it meanwhile.
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&body).await;
            stream
        });
    }
    let streams = open.join_all().await;
    victim.assert_grew_at_most(64 * MIB + 200 * 128 + SLACK);
    // With the last byte each is answered, the refused ones too.
    let mut refused = 0;
    for mut stream in streams {
        let _ = stream.write_all(b" ").await;
        let mut answer = vec![0; 4_096];
        let read = stream.read(&mut answer).await.unwrap();
        refused += usize::from(String::from_utf8_lossy(&answer[..read]).contains("QUEUE_FULL"));
    }
    assert_eq!(refused, 200 - 64 * 1024 * 1024 / length);
    let counter = "comptoir_refusals_total{code=\"QUEUE_FULL\"}";
    assert_eq!(victim.server.metric(counter).await, refused as u64);
}

/// A till that loops: the others are served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_over_its_rate_is_answered_429_with_retry_after() {
    let victim = Victim::open(&[("REQUESTS_PER_SECOND", "1")]).await;
    let request =
        "GET /healthz HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer till-1\r\nconnection: close\r\n\r\n";
    let mut refused = String::new();
    for _ in 0..100 {
        let answer = victim.send(request, std::iter::empty()).await;
        if !answer.contains("200 OK") {
            refused = answer;
            break;
        }
    }
    assert!(refused.starts_with("HTTP/1.1 429") && refused.contains("\r\nretry-after: "), "{refused}");
    assert!(refused.contains("RATE_LIMITED") && refused.contains("x-content-type-options: nosniff"), "{refused}");
    let other = victim.send(&request.replace("till-1", "till-2"), std::iter::empty()).await;
    assert!(other.contains("200 OK"), "{other}");
    assert!(victim.server.metric("comptoir_refusals_total{code=\"RATE_LIMITED\"}").await >= 1);
    let elsewhere =
        victim.send("GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", std::iter::empty()).await;
    assert!(elsewhere.starts_with("HTTP/1.1 403"), "counters are for this machine: {elsewhere}");
}
