//! Point 9: what a server answers at its addresses, and what it says about its certificate.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use comptoir_test_support::processes::{free_port, run_comptoir};
use comptoir_test_support::temp_folder;
use reqwest::tls::Version;
use reqwest::{Client, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::certificates::{TestAuthority, VALID};
use crate::{client_of, tls_node, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_1_2_and_1_3_are_answered_and_an_older_version_or_another_authority_is_not() {
    let (folder, authority) = (temp_folder(), TestAuthority::new());
    authority.issue(&["localhost"], VALID).write(folder.path());
    let (_node, port) = tls_node(folder.path());
    let url = format!("https://localhost:{port}/healthz");
    let ca = || reqwest::Certificate::from_pem(authority.pem.as_bytes()).unwrap();
    for version in [Version::TLS_1_2, Version::TLS_1_3] {
        let client = Client::builder().tls_certs_only([ca()]).tls_version_min(version).tls_version_max(version);
        assert_eq!(client.build().unwrap().get(&url).send().await.unwrap().status(), StatusCode::OK, "{version:?}");
    }
    assert!(client_of(&TestAuthority::new().pem).get(&url).send().await.unwrap_err().is_connect());
    // A ClientHello that offers TLS 1.1 at most: an alert comes back, no handshake.
    let mut old = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let hello = [&[0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 2][..], &[7; 32], &[0, 0, 2, 0xc0, 0x13, 1, 0]].concat();
    old.write_all(&hello).await.unwrap();
    let mut answer = Vec::new();
    let _ = old.read_to_end(&mut answer).await;
    assert_eq!(answer.first(), Some(&0x15), "{answer:02x?}");
}

/// A certificate is renewed while tills work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_certificate_is_used_without_a_restart_and_a_broken_one_is_not() {
    let (folder, old, new) = (temp_folder(), TestAuthority::new(), TestAuthority::new());
    old.issue(&["localhost"], VALID).write(folder.path());
    let (node, port) = tls_node(folder.path());
    let url = format!("https://localhost:{port}/healthz");
    // A client of its own each time, since one would keep its connection.
    let trusted_by = |authority: &TestAuthority| {
        let request = client_of(&authority.pem).get(&url).send();
        async { request.await.ok().map(|answer| answer.status()) }
    };
    assert_eq!(trusted_by(&old).await, Some(StatusCode::OK));
    fs::write(folder.path().join("tls.crt"), "broken").unwrap();
    let failures = "comptoir_tls_certificate_reload_failures_total";
    until("the failure", || async { (node.metric(failures).await == 1).then_some(()) }).await;
    assert_eq!(trusted_by(&old).await, Some(StatusCode::OK), "the old one stays");
    assert!(node.words().contains("The changed certificate is not used"), "{}", node.words());
    new.issue(&["localhost"], VALID).write(folder.path());
    until("the new certificate", || trusted_by(&new)).await;
    assert_eq!(trusted_by(&old).await, None);
    assert!(node.metric("comptoir_tls_certificate_reloads_total").await >= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_http_on_the_tls_port_gets_an_explanation_and_nothing_else() {
    let (folder, authority) = (temp_folder(), TestAuthority::new());
    authority.issue(&["localhost"], VALID).write(folder.path());
    let (_node, port) = tls_node(folder.path());
    let get = |path: &str| reqwest::get(format!("http://localhost:{port}{path}"));
    for path in ["/", "/api/v1/status", "/healthz", "/metrics", "/ca/../api/v1/status", "/CA"] {
        let answer = get(path).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["upgrade"]),
            (426, &"TLS/1.2, HTTP/1.1".parse().unwrap())
        );
        let problem: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "TLS_REQUIRED", "{path}");
    }
    let page = get("/ca").await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    assert!(!page.headers().contains_key("strict-transport-security"));
    let secure = client_of(&authority.pem);
    let encrypted = secure.get(format!("https://localhost:{port}/ca")).send().await.unwrap();
    assert_eq!(encrypted.status(), StatusCode::OK);
}

/// HSTS covers all ports of a name, so under the name `localhost` it would end plain HTTP on this machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_over_tls_asks_for_tls_from_then_on_except_on_localhost() {
    let (folder, authority) = (temp_folder(), TestAuthority::new());
    authority.issue(&["localhost", "shop.local"], VALID).write(folder.path());
    let (node, port) = tls_node(folder.path());
    let ca = reqwest::Certificate::from_pem(authority.pem.as_bytes()).unwrap();
    let client = Client::builder().tls_certs_only([ca]).resolve("shop.local", ([127, 0, 0, 1], port).into());
    let client = client.build().unwrap();
    let hsts = |url: String| {
        let request = client.get(url).send();
        async { request.await.unwrap().headers().get("strict-transport-security").cloned() }
    };
    assert_eq!(hsts(format!("https://shop.local:{port}/healthz")).await.unwrap(), "max-age=31536000");
    assert_eq!(hsts(format!("https://localhost:{port}/healthz")).await, None);
    assert_eq!(hsts(format!("{}/healthz", node.url)).await, None);
}

/// The messages of a server that does not start, or starts with something to say.
#[test]
fn a_certificate_that_cannot_be_used_is_named_at_start() {
    let (folder, authority) = (temp_folder(), TestAuthority::new());
    let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    let data_dir = folder.path().join("node");
    let (plain, tls) = (format!("127.0.0.1:{}", free_port()), format!("127.0.0.1:{}", free_port()));
    let id = uuid::Uuid::from_u128(7).to_string();
    let refused = |change: &[(&str, &str)]| {
        let mut settings = vec![
            ("APP_MODE", "local"),
            ("SYNC_ENABLED", "false"),
            ("TENANT_ID", id.as_str()),
            ("SITE_ID", id.as_str()),
            ("NODE_ID", id.as_str()),
            ("DATA_DIR", data_dir.to_str().unwrap()),
            ("LISTEN_ADDR", plain.as_str()),
            ("TLS_LISTEN_ADDR", tls.as_str()),
            ("TLS_CERT_FILE", certificate.to_str().unwrap()),
            ("TLS_KEY_FILE", key.to_str().unwrap()),
        ];
        settings.extend(change);
        let (code, words) = run_comptoir(&["serve"], &settings).unwrap_err();
        assert_eq!(code, 2, "{words}");
        words
    };
    assert!(refused(&[]).contains("tls.crt: No such file"));
    let issued = authority.issue(&["localhost"], VALID);
    issued.write(folder.path());
    fs::set_permissions(&key, fs::Permissions::from_mode(0o604)).unwrap();
    assert!(refused(&[]).contains("tls.key can be read by every user of this machine (mode 604): chmod 600"));
    issued.write(folder.path());
    fs::write(&key, authority.issue(&["localhost"], VALID).key).unwrap();
    assert!(refused(&[]).contains("is not the key of the certificate"));
    assert!(refused(&[("TLS_KEY_FILE", "")]).contains("TLS_KEY_FILE: missing"));
    assert!(refused(&[("LISTEN_ADDR", "0.0.0.0:0")]).contains("ALLOW_PLAIN_HTTP=true"));
    assert!(refused(&[("TLS_LISTEN_ADDR", "")]).contains("TLS_LISTEN_ADDR: missing"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_an_expired_certificate_starts_and_says_since_when() {
    let (folder, authority) = (temp_folder(), TestAuthority::new());
    authority.issue(&["localhost"], (2020, 2021)).write(folder.path());
    let (node, port) = tls_node(folder.path());
    assert!(node.words().contains("tls.crt expired on 2021-01-01T00:00:00"), "{}", node.words());
    let refused = client_of(&authority.pem).get(format!("https://localhost:{port}/healthz")).send().await;
    assert!(refused.unwrap_err().is_connect());
    assert_eq!(reqwest::get(format!("{}/healthz", node.url)).await.unwrap().status(), StatusCode::OK);
}
