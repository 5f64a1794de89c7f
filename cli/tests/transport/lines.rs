//! Point 9: the line from a node to central. A certificate that is not in order stops the line with a code, never a sale, and
//! never makes it plain HTTP.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use comptoir_test_support::processes::{command_for, free_port};
use comptoir_test_support::{RunningServer, TestClient, temp_folder};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::certificates::{Certificate, TestAuthority, VALID};
use crate::until;

/// Not of central's form, whose checksum would be compared at start.
const KEY: &str = "cpt-of-a-test";

/// A node that sends to this address, trusting the authority in `ca.crt` of the folder. `None`: the system's authorities.
fn node(folder: &Path, central_url: &str, ca: Option<&TestAuthority>) -> RunningServer {
    let ca_file = folder.join("ca.crt");
    if let Some(ca) = ca {
        std::fs::write(&ca_file, &ca.pem).unwrap();
    }
    let id = uuid::Uuid::from_u128(7).to_string();
    let mut settings = vec![
        ("APP_MODE", "local"),
        ("TENANT_ID", id.as_str()),
        ("SITE_ID", id.as_str()),
        ("NODE_ID", id.as_str()),
        ("SYNC_API_KEY", KEY),
        ("SYNC_INTERVAL_SECONDS", "1"),
        ("CENTRAL_API_URL", central_url),
    ];
    if ca.is_some() {
        settings.push(("CENTRAL_CA_FILE", ca_file.to_str().unwrap()));
    }
    RunningServer::start(&folder.join("node"), &settings)
}

/// The code of the node's alert, once there is one, with the line of `comptoir status`.
async fn alert(node: &RunningServer) -> (String, String) {
    let status = || async {
        let answer = TestClient::new().get(format!("{}/api/v1/status", node.url)).send().await.ok()?;
        let status: Value = answer.json().await.ok()?;
        Some(status["sync"]["alert"].clone()).filter(Value::is_object)
    };
    let alert = until("an alert", status).await;
    let text = |name: &str| alert[name].as_str().unwrap().to_owned();
    (text("code"), text("detail"))
}

/// A TLS server with this certificate at a free port. It answers one request of each connection with 204.
pub(crate) async fn server_with(certificate: &Certificate) -> SocketAddr {
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio_rustls::rustls::{ServerConfig, crypto::aws_lc_rs::default_provider};
    let chain = vec![CertificateDer::from_pem_slice(certificate.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(default_provider().into()).with_safe_default_protocol_versions();
    let config = config.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = stream.read(&mut [0; 4_096]).await;
                    let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
                    let _ = stream.shutdown().await;
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_of_central_s_certificate_has_its_code_and_says_what_to_do() {
    let (authority, other) = (TestAuthority::new(), TestAuthority::new());
    let cases = [
        ("TLS_UNKNOWN_CA", "CENTRAL_CA_FILE", other.issue(&["localhost"], VALID)),
        ("TLS_WRONG_NAME", "CENTRAL_API_URL", authority.issue(&["central.example"], VALID)),
        ("TLS_EXPIRED", "clock", authority.issue(&["localhost"], (2020, 2021))),
        ("TLS_NOT_YET_VALID", "clock", authority.issue(&["localhost"], (2190, 2200))),
    ];
    for (code, advice, certificate) in cases {
        let folder = temp_folder();
        let port = server_with(&certificate).await.port();
        let node = node(folder.path(), &format!("https://localhost:{port}"), Some(&authority));
        let (seen, detail) = alert(&node).await;
        assert_eq!(seen, code, "{detail}");
        assert!(detail.contains(advice), "{code}: {detail}");
        let output = command_for(&node.url).args(["status", "--url", &node.url]).output().unwrap();
        let output = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.contains(&format!("Alert: {code}: ")), "{output}");
    }
    // Without a pinned authority the system's apply, and none of them knows this one.
    let folder = temp_folder();
    let port = server_with(&authority.issue(&["localhost"], VALID)).await.port();
    let node = node(folder.path(), &format!("https://localhost:{port}"), None);
    assert_eq!(alert(&node).await.0, "TLS_UNKNOWN_CA");
}

/// The port answers plain HTTP, as a proxy that lost its certificate: the agent must not send its key there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agent_never_falls_back_to_plain_http() {
    let (folder, authority) = (temp_folder(), TestAuthority::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let received = Arc::new(Mutex::new(Vec::new()));
    let heard = received.clone();
    tokio::spawn(async move {
        // Each attempt is one connection.
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 4_096];
            let read = stream.read(&mut bytes).await.unwrap_or(0);
            heard.lock().unwrap().extend_from_slice(&bytes[..read]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let node = node(folder.path(), &format!("https://localhost:{port}"), Some(&authority));
    assert_eq!(alert(&node).await.0, "TLS_FAILED");
    let received = received.lock().unwrap().clone();
    assert_eq!(received.first(), Some(&0x16), "a TLS handshake");
    for secret in [KEY, "Bearer", "HTTP/1.1"] {
        assert!(!received.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()), "{secret}");
    }
}

#[test]
fn a_central_elsewhere_needs_https_or_a_setting() {
    let folder = temp_folder();
    let start = |url: &str, more: &[(&str, &str)]| {
        let id = uuid::Uuid::from_u128(7).to_string();
        let listen = format!("127.0.0.1:{}", free_port());
        let mut settings = vec![
            ("APP_MODE", "local"),
            ("DATA_DIR", folder.path().to_str().unwrap()),
            ("LISTEN_ADDR", listen.as_str()),
            ("NODE_ID", id.as_str()),
            ("SYNC_API_KEY", KEY),
            ("CENTRAL_API_URL", url),
        ];
        settings.extend(more);
        comptoir_test_support::processes::run_comptoir(&["serve"], &settings).unwrap_err()
    };
    let (code, words) = start("http://central.invalid", &[]);
    assert_eq!(code, 2);
    assert!(words.contains("http://central.invalid") && words.contains("use https"), "{words}");
    // With the setting it gets as far as asking central, which does not exist.
    let (code, words) = start("http://central.invalid", &[("ALLOW_PLAIN_HTTP", "true")]);
    assert!(code == 4 && words.contains("cannot be reached"), "{code}: {words}");
    let (code, words) = start("https://central.invalid", &[("CENTRAL_CA_FILE", "/nowhere/ca.crt")]);
    assert!(code == 4 && words.contains("CENTRAL_CA_FILE=/nowhere/ca.crt: No such file"), "{code}: {words}");
}
