//! Who may use a running node's API, and where its secrets are. Real processes and sockets.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use comptoir::exit;
use comptoir_test_support::processes::{RunningServer, run_comptoir};
use comptoir_test_support::temp_folder;
use serde_json::Value;

/// The status of the answer to a request with exactly these header lines, and the whole answer.
fn send(node: &RunningServer, method: &str, path: &str, headers: &[&str], body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(node.url.trim_start_matches("http://")).unwrap();
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n");
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
}

const SALE: &str = r#"{"currency": "GBP", "total_minor": 255,
    "lines": [{"product": "85123A", "quantity": "1", "unit_price": "2.55"}]}"#;

/// A page elsewhere that has its name resolve to this machine, or that posts to it, changes and reads nothing.
#[test]
fn a_page_elsewhere_does_not_reach_a_node_on_this_machine() {
    let folder = temp_folder();
    let settings = [("SYNC_ENABLED", "false"), ("ALLOWED_HOSTS", "till.example")];
    let node = RunningServer::node_with(&folder.path().join("node"), &settings);
    let address = node.url.trim_start_matches("http://").to_owned();
    let port = address.rsplit(':').next().unwrap();
    let bearer = format!("authorization: Bearer {}", node.key());
    let (here, rebound) = (format!("host: {address}"), format!("host: evil.example:{port}"));
    let read = |host: &str| send(&node, "GET", "/api/v1/queue", &[host, &bearer], "");
    for own in [here.clone(), format!("host: localhost:{port}"), "host: till.example".to_owned()] {
        assert_eq!(read(&own).0, 200, "{own}");
    }
    for other in [rebound.as_str(), "host: 192.168.1.5", "host: 127.0.0.1.evil.example"] {
        let (status, answer) = read(other);
        assert!(status == 421 && answer.contains("HOST_REFUSED"), "{other}: {answer}");
    }
    let sell = |key: &str, origin: Option<&str>| {
        let key = format!("idempotency-key: {key}");
        let mut headers = vec![here.as_str(), &bearer, "content-type: application/json", &key];
        headers.extend(origin);
        send(&node, "POST", "/api/v1/sales", &headers, SALE)
    };
    assert_eq!(sell("a program", None).0, 200);
    assert_eq!(sell("our page", Some(&format!("origin: http://{address}"))).0, 200);
    for foreign in ["origin: http://evil.example", "origin: null", "origin: http://127.0.0.1:1"] {
        let (status, answer) = sell("a page elsewhere", Some(foreign));
        assert!(status == 403 && answer.contains("ORIGIN_REFUSED"), "{foreign}: {answer}");
    }
    let queue = send(&node, "GET", "/api/v1/queue", &[&here, &bearer], "").1;
    assert!(queue.contains("\"pending\":2"), "two sales: {queue}");
    assert_eq!(send(&node, "GET", "/api/v1/queue", &[&here], "").0, 401);
}

/// The same at central: its administrator's browser holds no cookie of it, but a rebinding page could read what needs no
/// credential, and guess passwords from inside the network.
#[test]
fn a_page_elsewhere_does_not_reach_central() {
    let folder = temp_folder();
    let settings = [("APP_MODE", "central"), ("ALLOWED_HOSTS", "central.example")];
    let central = RunningServer::start(&folder.path().join("central"), &settings);
    let address = central.url.trim_start_matches("http://").to_owned();
    let read = |host: &str| send(&central, "GET", "/.well-known/jwks.json", &[host], "");
    for own in [format!("host: {address}"), "host: localhost".to_owned(), "host: central.example".to_owned()] {
        assert_eq!(read(&own).0, 200, "{own}");
    }
    for other in ["host: evil.example", "host: 192.168.1.5", "host: 127.0.0.1.evil.example"] {
        let (status, answer) = read(other);
        assert!(status == 421 && answer.contains("HOST_REFUSED"), "{other}: {answer}");
    }
    let log_in = |origin: &str| {
        let headers = [&format!("host: {address}"), origin, "content-type: application/json"];
        send(&central, "POST", "/api/v1/auth/login", &headers, r#"{"login": "admin", "password": "guessed"}"#)
    };
    let (status, answer) = log_in(&format!("origin: http://{address}"));
    assert!(status != 403 && !answer.contains("ORIGIN_REFUSED"), "our own page: {answer}");
    for foreign in ["origin: http://evil.example", "origin: null", "origin: http://127.0.0.1:1"] {
        let (status, answer) = log_in(foreign);
        assert!(status == 403 && answer.contains("ORIGIN_REFUSED"), "{foreign}: {answer}");
    }
}

/// The same commands on a running node and on a stopped one.
#[test]
fn keys_are_managed_on_a_running_and_on_a_stopped_node() {
    let folder = temp_folder();
    let data_dir = folder.path().join("node");
    let mut node = RunningServer::node_alone(&data_dir);
    let url = node.url.clone();
    let key = |arguments: &[&str]| {
        let data_dir = data_dir.to_str().unwrap();
        run_comptoir(&[&["key"], arguments].concat(), &[("DATA_DIR", data_dir), ("COMPTOIR_URL", &url)])
    };
    let text = |made: &Value, name: &str| made[name].as_str().unwrap().to_owned();
    let host = format!("host: {}", url.trim_start_matches("http://"));
    let queue = |node: &RunningServer, key: &str| {
        send(node, "GET", "/api/v1/queue", &[&host, &format!("authorization: Bearer {key}")], "").0
    };

    let running = key(&["create", "till 2"]).unwrap();
    assert_eq!(queue(&node, &text(&running, "key")), 200);
    node.stop();
    let stopped = key(&["create", "robot", "--grant", "read", "--grant", "record:GOODS_RECEIVED"]).unwrap();
    key(&["revoke", &text(&running, "id")]).unwrap();
    node.start_again();
    assert_eq!(queue(&node, &text(&running, "key")), 401);
    assert_eq!(queue(&node, &text(&stopped, "key")), 200);
    key(&["revoke", &text(&stopped, "id")]).unwrap();
    assert_eq!(queue(&node, &text(&stopped, "key")), 401);

    let (code, words) = key(&["create", "x", "--grant", "sync"]).unwrap_err();
    assert!(
        code == i32::from(exit::USAGE) && words.contains("nothing that a local key can be allowed"),
        "{code} {words}"
    );
    let (code, words) = key(&["revoke", "00000000"]).unwrap_err();
    assert!(code == i32::from(exit::REFUSED) && words.contains("NOT_FOUND"), "{code} {words}");
    let nowhere = folder.path().join("nowhere");
    let (code, words) = run_comptoir(&["key", "list", "--data-dir", nowhere.to_str().unwrap()], &[]).unwrap_err();
    assert!(code == i32::from(exit::USAGE) && words.contains("--data-dir"), "{code} {words}");
}

/// Point 4: an operator destroys a stopped node, and nothing starts in its folder again.
#[test]
fn a_stopped_node_is_destroyed_by_hand_and_its_folder_starts_nothing_again() {
    let folder = temp_folder();
    let data_dir = folder.path().join("node");
    let path = data_dir.to_str().unwrap();
    let mut node = RunningServer::node_alone(&data_dir);
    let wipe = |more: &[&str]| run_comptoir(&[&["node", "wipe", "--data-dir", path], more].concat(), &[]);
    let (code, words) = wipe(&["--yes"]).unwrap_err();
    assert!(code == i32::from(exit::REFUSED) && words.contains("stop it first"), "{code} {words}");
    let (host, bearer) =
        (format!("host: {}", node.url.trim_start_matches("http://")), format!("authorization: Bearer {}", node.key()));
    let headers = [&host, &bearer, "idempotency-key: one", "content-type: application/json"];
    assert_eq!(send(&node, "POST", "/api/v1/sales", &headers, SALE).0, 200);
    node.stop();
    let (code, words) = wipe(&[]).unwrap_err();
    assert!(code == i32::from(exit::USAGE) && words.contains("records that central does not have are lost"), "{words}");
    assert!(data_dir.join("node/registered").exists(), "nothing was changed");
    let proof = wipe(&["--yes"]).unwrap();
    assert!(proof["unsent"].as_u64().unwrap() >= 2, "{proof}");
    let left: Vec<_> = std::fs::read_dir(&data_dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["TOMBSTONE.json"]);
    for settings in [&[("SYNC_ENABLED", "false")][..], &[]] {
        let settings = [&[("APP_MODE", "local"), ("DATA_DIR", path)], settings].concat();
        let (code, words) = run_comptoir(&["serve"], &settings).unwrap_err();
        assert!(code == i32::from(exit::DESTROYED) && words.contains("destroyed its data"), "{code} {words}");
    }
    assert_eq!(wipe(&["--yes"]).unwrap()["signature"], proof["signature"], "a repetition changes nothing");
}

/// Every file below a folder that contains the text.
fn files_with(folder: &Path, text: &str, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            files_with(&entry, text, found);
        } else if std::fs::read(&entry).unwrap().windows(text.len()).any(|window| window == text.as_bytes()) {
            found.push(entry.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
}

/// Point 11: each secret is in the file that its owner reads, and nowhere else: not in the store, a log line or an export.
#[test]
fn no_secret_is_in_the_store_in_a_log_line_or_in_an_export() {
    const SYNC_API_KEY: &str = "cpt-a-key-of-this-node-at-central";
    let folder = temp_folder();
    let data_dir = folder.path().join("node");
    let settings = [("CENTRAL_API_URL", "http://127.0.0.1:9"), ("SYNC_API_KEY", SYNC_API_KEY), ("LOG_LEVEL", "trace")];
    let mut node = RunningServer::node_with(&data_dir, &settings);
    let (url, path) = (node.url.clone(), data_dir.to_str().unwrap().to_owned());
    let variables = [("DATA_DIR", path.as_str()), ("COMPTOIR_URL", &url)];
    let till = run_comptoir(&["key", "create", "till 2"], &variables).unwrap()["key"].as_str().unwrap().to_owned();
    let host = format!("host: {}", url.trim_start_matches("http://"));
    let bearer = format!("authorization: Bearer {till}");
    let (status, opened) = send(&node, "POST", "/api/v1/session", &[&host, &bearer], "");
    assert_eq!(status, 201, "{opened}");
    let session = opened.split("comptoir_session=").nth(1).unwrap().split(';').next().unwrap().to_owned();
    let cookie = format!("cookie: comptoir_session={session}");
    assert_eq!(send(&node, "GET", "/api/v1/queue", &[&host, &cookie], "").0, 200);
    let key = "idempotency-key: one";
    assert_eq!(
        send(&node, "POST", "/api/v1/sales", &[&host, &bearer, key, "content-type: application/json"], SALE).0,
        200
    );
    let bundle = folder.path().join("exports");
    std::fs::create_dir(&bundle).unwrap();
    let out = bundle.join("shop.bundle");
    run_comptoir(&["events", "export", "--url", &url, "--out", out.to_str().unwrap()], &variables).unwrap();
    node.stop();

    // The part that nobody can guess of each.
    let secret = |key: &str| key.rsplit('_').next().unwrap()[..64].to_owned();
    let secret_key = std::fs::read_to_string(data_dir.join("node/secret.key")).unwrap();
    let secrets = [
        (SYNC_API_KEY.to_owned(), &[][..]),
        (secret(&till), &[]),
        (session, &[]),
        (secret(&node.key()), &["admin.header"]),
        (secret_key.trim_end().to_owned(), &["secret.key"]),
    ];
    assert!(node.words().contains("The node listens"), "its log lines are looked at");
    for (secret, at_home) in secrets {
        let mut found = Vec::new();
        files_with(folder.path(), &secret, &mut found);
        assert_eq!(found, at_home, "{secret}");
    }
}

/// Point 11: `doctor` names the files whose readers can act as this node, and complains if others may read them.
#[test]
fn doctor_lists_the_files_with_secrets() {
    let folder = temp_folder();
    let data_dir = folder.path().join("node");
    RunningServer::node_alone(&data_dir).stop();
    let doctor = || match run_comptoir(&["doctor", "--data-dir", data_dir.to_str().unwrap()], &[]) {
        Ok(findings) => findings.to_string(),
        Err((_, words)) => words,
    };
    let secret_key = data_dir.join("node/secret.key");
    let certificate = data_dir.join("tls/node.pem");
    assert!(!doctor().contains("node.pem"), "a node that serves no TLS has none");
    std::fs::create_dir(data_dir.join("tls")).unwrap();
    std::fs::write(&certificate, "a key").unwrap();
    std::fs::set_permissions(&certificate, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    for file in [&secret_key, &data_dir.join("admin.header"), &certificate] {
        assert!(doctor().contains(&format!("Secret {}", file.display())), "{}", doctor());
    }
    assert!(!doctor().contains("chmod"), "{}", doctor());
    std::fs::set_permissions(&secret_key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert!(doctor().contains(&format!("its mode is 644: chmod 600 {}", secret_key.display())), "{}", doctor());
}

/// Point 11: a key that somebody may have seen is replaced, and the node signs as before.
#[test]
fn the_key_of_a_stopped_nodes_secrets_is_rotated() {
    let folder = temp_folder();
    let data_dir = folder.path().join("node");
    let mut node = RunningServer::node_alone(&data_dir);
    let file = data_dir.join("node/secret.key");
    let before = std::fs::read_to_string(&file).unwrap();
    let local_key = node.key();
    let rotate = || run_comptoir(&["node", "rotate-secret", "--data-dir", data_dir.to_str().unwrap()], &[]);
    let (code, words) = rotate().unwrap_err();
    assert!(code == i32::from(exit::REFUSED) && words.contains("stop it first"), "{code}: {words}");
    node.stop();
    assert_eq!(rotate().unwrap()["file"], file.to_str().unwrap());
    assert_ne!(std::fs::read_to_string(&file).unwrap(), before);
    drop(node);
    let node = RunningServer::node_alone(&data_dir);
    let host = format!("host: {}", node.url.trim_start_matches("http://"));
    let bearer = format!("authorization: Bearer {local_key}");
    assert_eq!(send(&node, "GET", "/api/v1/status", &[&host, &bearer], "").0, 200, "a local key stays valid");
}
