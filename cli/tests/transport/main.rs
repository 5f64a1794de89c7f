//! TLS between real servers and real clients.

mod attacks;
mod certificates;
mod issuing;
mod lines;
mod listening;

use std::path::Path;
use std::time::Instant;

use comptoir_test_support::processes::free_port;
use comptoir_test_support::{POLL_EVERY, RunningServer, TIMEOUT};
use reqwest::{Certificate, Client};

/// A client that trusts this authority alone.
fn client_of(ca: &str) -> Client {
    let certificate = Certificate::from_pem(ca.as_bytes()).unwrap();
    Client::builder().tls_certs_only([certificate]).no_proxy().build().unwrap()
}

/// A node without a central that answers TLS with the certificate in `tls.crt` and `tls.key` of a folder. Its port is returned.
fn tls_node(folder: &Path) -> (RunningServer, u16) {
    let port = free_port();
    let (certificate, key) = (folder.join("tls.crt"), folder.join("tls.key"));
    let id = uuid::Uuid::from_u128(7).to_string();
    let settings = [
        ("APP_MODE", "local"),
        ("SYNC_ENABLED", "false"),
        ("TENANT_ID", id.as_str()),
        ("SITE_ID", id.as_str()),
        ("NODE_ID", id.as_str()),
        ("TLS_LISTEN_ADDR", &format!("127.0.0.1:{port}")),
        ("TLS_CERT_FILE", certificate.to_str().unwrap()),
        ("TLS_KEY_FILE", key.to_str().unwrap()),
    ];
    (RunningServer::start(&folder.join("node"), &settings), port)
}

/// Asks until the answer is there.
async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < TIMEOUT, "{what} never came");
        tokio::time::sleep(POLL_EVERY).await;
    }
}
