//! Failed first starts, and starts after files were lost: no company and no credentials are replaced.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::scratch::Scratch;

fn up_json(scratch: &Scratch) -> Value {
    let text = std::fs::read(scratch.data_dir().join("up.json")).expect("up.json exists");
    serde_json::from_slice(&text).expect("up.json is JSON")
}

fn companies(scratch: &Scratch) -> Vec<Value> {
    let listed = scratch.lines(&["admin", "tenant", "list", "--data-dir", "./comptoir-data"]);
    listed.into_iter().map(|company| company["tenant_id"].clone()).collect()
}

fn sell(scratch: &Scratch, number: &str) {
    scratch.paste(&format!(
        r#"curl -sf -w '\n' -H @comptoir-data/till.header http://127.0.0.1:7401/api/v1/sales -H 'content-type: application/json' -H 'idempotency-key: {number}' -d '{{
          "entity_id": "{number}", "currency": "GBP", "total_minor": 100,
          "lines": [{{"product": "A", "quantity": "1", "unit_price": "1"}}]}}'"#
    ));
}

/// Regression: the busy port was reported only after the build and after Postgres was created, without naming an option.
#[test]
fn a_busy_port_is_reported_with_holder_and_option_before_anything_is_created() {
    let busy = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = busy.local_addr().expect("it is bound").to_string();
    let scratch = Scratch::new();
    for option in ["--central-addr", "--local-addr"] {
        let folder = "./elsewhere";
        let free = if option == "--central-addr" { "--local-addr" } else { "--central-addr" };
        let output = scratch.run(&["up", "--data-dir", folder, option, &address, free, "127.0.0.1:0"]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(4), "{stderr}");
        let holder = format!("(pid {})", std::process::id());
        assert!([&*address, option, &holder].iter().all(|part| stderr.contains(*part)), "{stderr}");
        assert!(!stderr.contains("Postgres"), "{stderr}");
    }
}

#[test]
fn without_up_json_the_company_is_kept_and_gets_new_credentials() {
    let mut scratch = Scratch::new();
    scratch.start(&["--no-sample"]);
    let first = up_json(&scratch);
    let demo = |scratch: &Scratch| scratch.lines(&["demo", "status"]);
    assert_eq!(demo(&scratch), [json!({ "online": true, "pending": 0 })]);
    let socket = scratch.data_dir().join("demo.sock");
    let mode = std::fs::metadata(&socket).expect("the socket exists").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(scratch.interrupt(), Some(0));
    assert!(!socket.exists(), "the socket is removed when the program ends");
    let output = scratch.run(&["demo", "offline", "--json"]);
    let stderr: Value = serde_json::from_slice(&output.stderr).expect("a failure is JSON");
    assert_eq!((output.status.code(), &stderr["exit_code"]), (Some(4), &json!(4)), "{stderr}");

    std::fs::remove_file(scratch.data_dir().join("up.json")).expect("up.json exists");
    scratch.start(&["--no-sample"]);
    let again = up_json(&scratch);
    for name in ["tenant_id", "site_id", "node_id"] {
        assert_eq!(again[name], first[name], "{name}");
    }
    assert_ne!(again["admin_token"], first["admin_token"]);
    let stderr = scratch.stderr();
    assert!(stderr.contains("up.json was missing. Company ") && stderr.contains("is kept"), "{stderr}");
    // The node's new key works: its sale reaches central.
    sell(&scratch, "T1");
    assert_eq!(scratch.lines(&["demo", "online"]), [json!({ "online": true, "pending": 0 })]);
    assert_eq!(companies(&scratch), [first["tenant_id"].clone()]);
    assert_eq!(scratch.interrupt(), Some(0));

    // A file truncated by a full disk, or from another folder, is left unchanged.
    let path = scratch.data_dir().join("up.json");
    std::fs::write(&path, "{\"central_url\": \"htt").expect("up.json can be written to");
    let (code, stderr) = scratch.start_fails(&[]);
    assert!(
        code == Some(2) && stderr.contains("up.json cannot be read") && stderr.contains("mv "),
        "{code:?} {stderr}"
    );
    let mut other = again.clone();
    other["tenant_id"] = json!("0199aaaa-0000-7000-8000-000000000001");
    std::fs::write(&path, other.to_string()).expect("up.json can be written to");
    let (code, stderr) = scratch.start_fails(&[]);
    assert!(
        code == Some(5) && stderr.contains("names company 0199aaaa") && stderr.contains("--data-dir"),
        "{code:?} {stderr}"
    );
    assert_eq!(up_json(&scratch), other);
    assert_eq!(companies(&scratch), [first["tenant_id"].clone()]);
}

#[test]
fn an_interrupted_first_start_is_finished_and_no_other_company_is_used() {
    let mut scratch = Scratch::new();
    let create = |scratch: &Scratch, name: &str| {
        let make = [
            "admin",
            "tenant",
            "create",
            "--data-dir",
            "./comptoir-data",
            "--zone",
            "Europe/London",
            "--currency",
            "GBP",
        ];
        scratch.lines(&[&make[..], &["--name", name]].concat())[0]["tenant_id"].clone()
    };
    // The state after `up` ended between creating the company and writing up.json.
    std::fs::create_dir(scratch.data_dir()).expect("the folder can be made");
    let company = create(&scratch, "Comptoir");
    scratch.start(&["--no-sample"]);
    assert_eq!(up_json(&scratch)["tenant_id"], company);
    sell(&scratch, "T1");
    assert_eq!(scratch.lines(&["demo", "online"]), [json!({ "online": true, "pending": 0 })]);
    assert_eq!(scratch.interrupt(), Some(0));

    // The node's log is lost too. It has pushed, so a new log under its name would be a fork.
    std::fs::remove_file(scratch.data_dir().join("up.json")).expect("up.json exists");
    std::fs::rename(scratch.data_dir().join("node"), scratch.data_dir().join("node.moved")).expect("the log exists");
    let (code, stderr) = scratch.start_fails(&["--no-sample"]);
    assert!(code == Some(5) && stderr.contains("Nothing was changed"), "{code:?} {stderr}");
    assert!(!scratch.data_dir().join("up.json").exists() && !scratch.data_dir().join("node").exists());
    std::fs::rename(scratch.data_dir().join("node.moved"), scratch.data_dir().join("node")).expect("the log exists");

    // With the log restored, a second company in the database causes no confusion.
    let other = create(&scratch, "Stranger");
    scratch.start(&["--no-sample"]);
    assert_eq!(up_json(&scratch)["tenant_id"], company);
    let mut expected = [company.to_string(), other.to_string()];
    let mut listed: Vec<String> = companies(&scratch).iter().map(Value::to_string).collect();
    expected.sort();
    listed.sort();
    assert_eq!(listed, expected);
}
