//! Point 9: the certificates of a shop's network. Central's authority signs, the node asks, a till trusts: all real processes,
//! with TLS between the node and central too.

use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use comptoir_test_support::processes::{command_for, free_port, run_comptoir};
use comptoir_test_support::{RunningServer, TestClient, temp_folder, text};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::certificates::{Certificate, TestAuthority, VALID};
use crate::lines::server_with;
use crate::{client_of, until};

struct Company {
    folder: tempfile::TempDir,
    central: RunningServer,
    tls_port: u16,
    /// Of central's own certificate.
    authority: TestAuthority,
    tenant: String,
    site: String,
}

impl Company {
    /// A central that answers TLS with a certificate of its own, and a shop.
    fn open() -> Company {
        let (folder, authority, tls_port) = (temp_folder(), TestAuthority::new(), free_port());
        authority.issue(&["localhost"], VALID).write(folder.path());
        std::fs::write(folder.path().join("ca.crt"), &authority.pem).unwrap();
        let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
        let settings = [
            ("APP_MODE", "central"),
            ("TLS_LISTEN_ADDR", &format!("127.0.0.1:{tls_port}")),
            ("TLS_CERT_FILE", certificate.to_str().unwrap()),
            ("TLS_KEY_FILE", key.to_str().unwrap()),
        ];
        let central = RunningServer::start(&folder.path().join("central"), &settings);
        let mut company = Company { folder, central, tls_port, authority, tenant: String::new(), site: String::new() };
        let made =
            company.admin(&["tenant", "create", "--name", "Test", "--zone", "Europe/Paris", "--currency", "EUR"]);
        company.tenant = text(&made["tenant_id"]);
        let site = company.admin(&["site", "create", "--tenant", &company.tenant, "--code", "S1", "--name", "Lyon"]);
        company.site = text(&site["site_id"]);
        company
    }

    fn try_admin(&self, args: &[&str]) -> Result<Value, (i32, String)> {
        let data_dir = self.folder.path().join("central").display().to_string();
        let args: Vec<&str> = std::iter::once("admin").chain(args.iter().copied()).collect();
        run_comptoir(&args, &[("DATA_DIR", &data_dir)])
    }

    fn admin(&self, args: &[&str]) -> Value {
        self.try_admin(args).unwrap_or_else(|(code, words)| panic!("exit {code}: {words}"))
    }

    fn allow(&self, name: &str) -> Result<Value, (i32, String)> {
        self.try_admin(&["site", "allow-name", "--tenant", &self.tenant, "--site", &self.site, "--name", name])
    }

    fn issue_node(&self) -> Value {
        self.admin(&["node", "create", "--tenant", &self.tenant, "--site", &self.site, "--name", "till"])
    }

    /// A node that reaches central over TLS and serves its shop over TLS.
    fn node(&self, issued: &Value, more: &[(&str, &str)]) -> (RunningServer, u16) {
        let port = free_port();
        let (ca, central) = (self.folder.path().join("ca.crt"), format!("https://localhost:{}", self.tls_port));
        let (key, listen) = (text(&issued["SYNC_API_KEY"]), format!("127.0.0.1:{port}"));
        let mut settings = vec![
            ("APP_MODE", "local"),
            ("SYNC_API_KEY", key.as_str()),
            ("SYNC_INTERVAL_SECONDS", "1"),
            ("CENTRAL_API_URL", central.as_str()),
            ("CENTRAL_CA_FILE", ca.to_str().unwrap()),
            ("TLS_LISTEN_ADDR", listen.as_str()),
        ];
        settings.extend(more);
        (RunningServer::start(&self.folder.path().join("node"), &settings), port)
    }

    async fn certificate_of(&self, node: &RunningServer) -> Value {
        let status: Value =
            TestClient::new().get(format!("{}/api/v1/status", node.url)).send().await.unwrap().json().await.unwrap();
        status["sync"]["certificate"].clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_gets_a_certificate_that_a_till_trusts_and_that_no_internet_name_is_in() {
    let company = Company::open();
    let made = company.admin(&["ca", "create", "--name", "Test"]);
    let authority = text(&made["certificate"]);
    assert_eq!(company.admin(&["ca", "show"]), made);
    let file = company.folder.path().join("central/ca/ca.pem");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let (code, words) = company.try_admin(&["ca", "create"]).unwrap_err();
    assert!(code == 5 && words.contains("is there already"), "{code}: {words}");

    for bad in ["example.com", "8.8.8.8", "*.local"] {
        let (code, words) = company.allow(bad).unwrap_err();
        assert!(code == 5 && words.contains("is no name of a shop's network"), "{code}: {words}");
    }
    company.allow("shop.local").unwrap();
    company.allow("192.168.1.10").unwrap();

    let issued = company.issue_node();
    let (node, port) = company.node(&issued, &[]);
    let certificate = until("a certificate", || async {
        Some(company.certificate_of(&node).await).filter(|certificate| certificate["not_after"].is_string())
    })
    .await;
    assert_eq!(certificate["names"], json!(["localhost", "127.0.0.1", "::1", "192.168.1.10", "shop.local"]));

    // A till that trusts the authority reaches the node by any of its names, and by no other.
    let ca = || reqwest::Certificate::from_pem(authority.as_bytes()).unwrap();
    let till = reqwest::Client::builder().tls_certs_only([ca()]).no_proxy();
    let till = till.resolve("shop.local", ([127, 0, 0, 1], port).into());
    let till = till.resolve("other.local", ([127, 0, 0, 1], port).into()).build().unwrap();
    let reached = |host: &str| {
        let request = till.get(format!("https://{host}:{port}/healthz")).send();
        async { request.await.map(|answer| answer.status()).ok() }
    };
    until("TLS at the node", || reached("shop.local")).await;
    for host in ["shop.local", "localhost", "127.0.0.1"] {
        assert_eq!(reached(host).await, Some(StatusCode::OK), "{host}");
    }
    assert_eq!(reached("other.local").await, None);
    // Somebody who trusts nothing yet reads the same certificate as an administrator shows.
    let shown = reqwest::get(format!("http://localhost:{port}/ca.crt")).await.unwrap();
    assert_eq!(shown.headers()["content-type"], "application/x-x509-ca-cert");
    assert_eq!(shown.text().await.unwrap().trim(), authority.trim());
    let page = reqwest::get(format!("http://localhost:{port}/ca")).await.unwrap().text().await.unwrap();
    assert!(page.contains(made["sha256_fingerprint"].as_str().unwrap()), "{page}");
    let central_page = client_of(&company.authority.pem).get(format!("https://localhost:{}/ca", company.tls_port));
    let central_page = central_page.header("accept-language", "en").send().await.unwrap().text().await.unwrap();
    assert!(central_page.contains(made["sha256_fingerprint"].as_str().unwrap()) && central_page.contains("Android"));

    // The key stays at the node, readable by its user alone.
    let key = company.folder.path().join("node/tls/node.pem");
    assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!company.central.words().contains("PRIVATE KEY") && !node.words().contains("PRIVATE KEY"));
    // And it is the same after a restart, without central.
    drop(company.central);
    let mut node = node;
    node.kill_and_restart();
    until("TLS without central", || reached("shop.local")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_asks_for_no_name_that_its_site_may_not_use_and_for_no_other_node() {
    let company = Company::open();
    let issued = company.issue_node();
    let (key, id) = (text(&issued["SYNC_API_KEY"]), text(&issued["NODE_ID"]));
    let request = rcgen::KeyPair::generate().unwrap();
    let csr = rcgen::CertificateParams::default().serialize_request(&request).unwrap().pem().unwrap();
    let ask = |id: &str, key: &str, body: Value| {
        let url = format!("{}/api/v1/nodes/{id}/certificate", company.central.url);
        let request = reqwest::Client::new().post(url).bearer_auth(key).json(&body).send();
        async {
            let answer = request.await.unwrap();
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
        }
    };
    let (status, problem) = ask(&id, &key, json!({"csr": csr})).await;
    assert_eq!((status, &problem["code"]), (404, &json!("CA_MISSING")), "{problem}");
    let authority_pem = text(&company.admin(&["ca", "create"])["certificate"]);
    company.allow("shop.local").unwrap();

    let (status, answer) = ask(&id, &key, json!({"csr": csr, "names": ["shop.local"]})).await;
    assert_eq!((status, &answer["names"]), (200, &json!(["localhost", "127.0.0.1", "::1", "shop.local"])), "{answer}");
    let (status, problem) = ask(&id, &key, json!({"csr": csr, "names": ["shop.local", "bank.local"]})).await;
    assert_eq!((status, &problem["code"], &problem["pointer"]), (403, &json!("NAME_NOT_ALLOWED"), &json!("/names/1")));
    let other = text(&company.issue_node()["NODE_ID"]);
    let (status, problem) = ask(&other, &key, json!({"csr": csr})).await;
    assert_eq!((status, &problem["code"]), (403, &json!("WRONG_NODE")), "{problem}");
    let (status, problem) = ask(&id, "cpt_unknown", json!({"csr": csr})).await;
    assert_eq!((status, &problem["code"]), (401, &json!("UNAUTHORIZED")), "{problem}");
    for bad in ["", "no csr", &authority_pem, &tampered(&csr)] {
        let (status, problem) = ask(&id, &key, json!({"csr": bad})).await;
        assert_eq!((status, &problem["code"], &problem["pointer"]), (400, &json!("MALFORMED_BODY"), &json!("/csr")));
    }
    let (status, problem) = ask(&id, &key, json!({"csr": "x".repeat(40_000)})).await;
    assert_eq!((status, &problem["code"]), (413, &json!("TOO_LARGE")), "{problem}");
    // A name that is taken away is in no later certificate.
    company.admin(&[
        "site",
        "forbid-name",
        "--tenant",
        &company.tenant,
        "--site",
        &company.site,
        "--name",
        "shop.local",
    ]);
    let (_, answer) = ask(&id, &key, json!({"csr": csr})).await;
    assert_eq!(answer["names"], json!(["localhost", "127.0.0.1", "::1"]));
    let (status, _) = ask(&id, &key, json!({"csr": csr, "names": ["shop.local"]})).await;
    assert_eq!(status, 403);
}

/// The same request with one bit of its signature flipped.
fn tampered(csr: &str) -> String {
    let body: String = csr.lines().filter(|line| !line.starts_with("-----")).collect();
    let mut der = BASE64.decode(body).unwrap();
    *der.last_mut().unwrap() ^= 1;
    format!("-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n", BASE64.encode(der))
}

/// The authority's certificate names the networks that it is for. A client refuses what its key signs for others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_authority_signs_nothing_that_a_client_accepts_for_the_internet() {
    let folder = temp_folder();
    let data_dir = folder.path().display().to_string();
    let made = run_comptoir(&["admin", "ca", "create"], &[("DATA_DIR", &data_dir)]).unwrap();
    let stolen = std::fs::read_to_string(folder.path().join("ca/ca.pem")).unwrap();
    let (key, certificate) = stolen.split_at(stolen.find("-----BEGIN CERTIFICATE-----").unwrap());
    let issuer = rcgen::Issuer::from_ca_cert_pem(certificate, rcgen::KeyPair::from_pem(key).unwrap()).unwrap();
    for (name, is_accepted) in
        [("shop.local", true), ("bank.example", false), ("192.168.1.10", true), ("8.8.8.8", false)]
    {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned(), name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap().pem();
        let address = server_with(&Certificate { certificate, key: key.serialize_pem() }).await;
        let reached =
            client_of(&text(&made["certificate"])).get(format!("https://localhost:{}/", address.port())).send();
        assert_eq!(reached.await.is_ok(), is_accepted, "{name}");
    }
}

/// What a node shows while it has no certificate: its plain HTTP on this machine works all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_a_certificate_serves_its_own_machine_and_says_why() {
    let company = Company::open();
    let issued = company.issue_node();
    let (node, port) = company.node(&issued, &[("TLS_NAMES", "shop.local")]);
    let missing = |code: &'static str| {
        let (company, node) = (&company, &node);
        move || async move {
            let certificate = company.certificate_of(node).await;
            (certificate["last_error"]["code"] == code).then_some(certificate)
        }
    };
    until("the reason", missing("CA_MISSING")).await;
    assert_eq!(reqwest::get(format!("{}/healthz", node.url)).await.unwrap().status(), StatusCode::OK);
    let refused = client_of(&company.authority.pem).get(format!("https://localhost:{port}/healthz")).send().await;
    assert!(refused.unwrap_err().is_connect());
    let status = run_status(&node.url);
    assert!(status.contains("No certificate for the shop's network: CA_MISSING"), "{status}");
}

fn run_status(url: &str) -> String {
    let mut command = command_for(url);
    String::from_utf8_lossy(&command.args(["status", "--url", url]).output().unwrap().stdout).into_owned()
}
