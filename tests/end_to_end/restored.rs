//! Central is restored from last night's backup in the middle of a day. Two drivers and two shops have received decisions
//! since. Those decisions stay, whichever node reconnects first, and every node ends with central's rows although no one
//! announces the restore.

use std::path::Path;
use std::process::Command;

use comptoir_test_support::events::{InvoiceCreation, TestEvent as _};
use comptoir_test_support::processes::{self, RunningServer};
use comptoir_test_support::{POLL_EVERY, RunningTenant, TIMEOUT};
use serde_json::{Value, json};
use uuid::Uuid;

/// Verdict, code, reference and resolution, as a node answers them for its event.
type NodeDecision = (Value, Value, Value, Value);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_made_before_a_restore_stay_and_every_node_ends_with_centrals_rows() {
    let mut company = RunningTenant::new("Europe/Paris", "EUR");
    let (depot, paris) = (company.site("DEPOT"), company.site("PARIS"));
    let mut nodes = [
        company.node(&depot, "driver-a", &company.central.url),
        company.node(&depot, "driver-b", &company.central.url),
        company.node(&paris, "paris", &company.central.url),
    ];
    let central = format!("{}/api/v1/events", company.central.url);
    let order = json!({"reference": "BL-77", "client": "Café du Port", "qr": "QR-77"});
    record(&company, &central, "DELIVERY", "BL-77", "DELIVERY_CREATED", order).await;
    for (index, node) in nodes.iter().enumerate() {
        create_invoice(&company, node, &format!("night-{index}")).await;
        company.drained(node).await;
    }
    company.central.stop();
    copy(&company.path("central"), &company.path("backup"));
    company.central.start_again();

    // The day that the restore loses. Driver A validates first, B learns it; both shops invoice.
    let mut events = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        events.push((index, validate(&company, node).await));
        for number in 0..3 {
            events.push((index, create_invoice(&company, node, &format!("day-{index}-{number}")).await));
        }
        company.drained(node).await;
    }
    let before = decisions(&company, &nodes, &events).await;
    let conflicts = before.iter().filter(|(verdict, ..)| *verdict == "CONFLICT").count();
    assert_eq!((conflicts, before.iter().filter(|(_, _, reference, _)| reference.is_string()).count()), (2, 9));
    // Everyone has pulled the others' changes, and no node runs while central is restored.
    let head = company.head().await;
    for node in &nodes {
        caught_up(&company, node, head).await;
    }
    nodes.iter_mut().for_each(RunningServer::kill);
    company.central.stop();
    std::fs::remove_dir_all(company.path("central")).unwrap();
    copy(&company.path("backup"), &company.path("central"));
    company.central.start_again();
    // Head office writes until the log is longer than any node has seen it.
    while company.head().await <= head + 5 {
        let client = json!({"name": "written after the restore"});
        record(&company, &central, "CLIENT", &Uuid::now_v7().to_string(), "CREATE", client).await;
    }

    // The operator opens a restore window for all nodes. The node that was last reconnects first, with a new invoice.
    company.admin(&["restore-window", "open", "--reason", "the disk of Monday"]);
    let mut fresh = None;
    for node in nodes.iter_mut().rev() {
        node.start_again();
        if fresh.is_none() {
            fresh = Some(create_invoice(&company, node, "fresh").await);
        }
        caught_up_with_central(&company, node).await;
    }
    company.drained(&nodes[2]).await;
    let fresh = decisions(&company, &nodes, &[(2, fresh.unwrap())]).await[0].2.clone();
    let promised_last = before.iter().rev().find_map(|(_, _, reference, _)| reference.as_str()).unwrap();
    assert!(fresh.as_str() > Some(promised_last), "{fresh} was numbered before {promised_last} was restored");
    assert_eq!(company.admin(&["restore-window", "status"]), Value::Null, "the restore window is closed");
    assert_eq!(decisions(&company, &nodes, &events).await, before);
    let head = company.head().await;
    for node in &nodes {
        caught_up(&company, node, head).await;
        for list in ["clients", "deliveries"] {
            assert_eq!(rows(&company, node, list).await, centrals(&company, list).await, "{list}");
        }
        let again = company.http.get(format!("{}/api/v1/notifications?unseen=true", node.url)).send().await.unwrap();
        let again: Value = again.json().await.unwrap();
        let kinds: Vec<&Value> = again["rows"].as_array().unwrap().iter().map(|row| &row["kind"]).collect();
        assert!(!kinds.contains(&&json!("DECISION_CHANGED")), "no decision changed for a user: {again}");
    }
    // Central assigns the references that the shops printed, and the next invoice gets a later one.
    let references: Vec<Value> = before.iter().map(|(_, _, reference, _)| reference.clone()).collect();
    let next = create_invoice(&company, &nodes[0], "evening").await;
    company.drained(&nodes[0]).await;
    let next = decisions(&company, &nodes, &[(0, next)]).await[0].2.clone();
    assert!(next.is_string() && !references.contains(&next), "{next}");
    let replay = crate::auditor::assert_decided_again(&company);
    assert_eq!(replay["restored"], 12, "three validations and nine numbers: {replay}");
    // An auditor finds other positions and their reason: the nodes keep the first decisions, and central's log records the
    // restore.
    let export = |url: &str, name: &str| {
        let bundle = company.path(name).with_extension("bundle").display().to_string();
        let token = processes::node_key(url).unwrap_or_else(|| company.token.clone());
        let args = ["events", "export", "--url", url, "--token", &token, "--out", &bundle];
        processes::run_comptoir(&args, &[]).unwrap_or_else(|(code, message)| panic!("exit {code}: {message}"));
        bundle
    };
    let central = export(&company.central.url, "audited-central");
    for (index, node) in nodes.iter().enumerate() {
        let node = export(&node.url, &format!("audited-{index}"));
        let compared = processes::run_comptoir(&["audit", "compare", &node, &central], &[]);
        let compared = compared.unwrap_or_else(|(code, message)| panic!("node {index}: exit {code}: {message}"));
        let restores = &compared["comparison"]["restores"];
        let restore = (&restores[0]["moved"], &restores[0]["reason"], restores.as_array().map(Vec::len));
        assert_eq!(restore, (&json!(4), &json!("the disk of Monday"), Some(1)), "{compared}");
    }
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

async fn record(
    company: &RunningTenant,
    url: &str,
    entity_type: &str,
    id: &str,
    action: &str,
    payload: Value,
) -> String {
    let event = Uuid::now_v7().to_string();
    let body = json!({"id": event, "entity_type": entity_type, "entity_id": id, "action": action, "user": "u-1",
        "payload": payload});
    let (status, answer) = company.post(url, &body).await;
    assert_eq!(status, 200, "{answer}");
    event
}

async fn validate(company: &RunningTenant, node: &RunningServer) -> String {
    let payload =
        json!({"qr": "QR-77", "validated_at": "2026-01-07T10:00:00Z", "latitude": "48.85", "longitude": "2.35"});
    record(company, &format!("{}/api/v1/events", node.url), "DELIVERY", "BL-77", "DELIVERY_VALIDATED", payload).await
}

async fn create_invoice(company: &RunningTenant, node: &RunningServer, id: &str) -> String {
    let payload = InvoiceCreation::default().payload();
    record(company, &format!("{}/api/v1/events", node.url), "INVOICE", id, "INVOICE_CREATED", payload).await
}

/// The decision about each event, as its own node answers it.
async fn decisions(company: &RunningTenant, nodes: &[RunningServer], events: &[(usize, String)]) -> Vec<NodeDecision> {
    let mut decisions = Vec::new();
    for (index, id) in events {
        let event = company.http.get(format!("{}/api/v1/events/{id}", nodes[*index].url)).send().await.unwrap();
        let decision = event.json::<Value>().await.unwrap()["decision"].clone();
        let part = |name: &str| decision[name].clone();
        decisions.push((part("verdict"), part("code"), part("reference"), part("resolution")));
    }
    decisions
}

/// Waits until a node has re-sent what central lost and has pulled up to central's current head.
async fn caught_up_with_central(company: &RunningTenant, node: &RunningServer) {
    let head = company.head().await;
    let started = std::time::Instant::now();
    loop {
        let status = status(company, node).await;
        let pull = &status["sync"]["pull"];
        let well = status["sync"]["alert"].is_null() && pull["last_error"].is_null();
        // Its position before the restore may be higher, so only a newer head proves that the node has caught up.
        if well && pull["head"].as_u64() >= Some(head) && pull["complete_through"] == pull["head"] {
            return;
        }
        assert!(started.elapsed() < TIMEOUT, "{status}\n{}", node.words());
        tokio::time::sleep(POLL_EVERY).await;
    }
}

async fn caught_up(company: &RunningTenant, node: &RunningServer, head: u64) {
    let started = std::time::Instant::now();
    while status(company, node).await["sync"]["pull"]["complete_through"].as_u64() < Some(head) {
        assert!(started.elapsed() < TIMEOUT, "{}", node.words());
        tokio::time::sleep(POLL_EVERY).await;
    }
}

async fn status(company: &RunningTenant, node: &RunningServer) -> Value {
    company.http.get(format!("{}/api/v1/status", node.url)).send().await.unwrap().json().await.unwrap()
}

/// A list as a node shows it, without the fields that only nodes have.
async fn rows(company: &RunningTenant, node: &RunningServer, list: &str) -> Vec<Value> {
    let url = format!("{}/api/v1/{list}?limit=1000", node.url);
    plain(company.http.get(url).send().await.unwrap().json().await.unwrap())
}

async fn centrals(company: &RunningTenant, list: &str) -> Vec<Value> {
    plain(company.ask(&format!("/api/v1/{list}?limit=1000")).await)
}

fn plain(list: Value) -> Vec<Value> {
    let mut rows = list["rows"].as_array().unwrap_or_else(|| panic!("{list}")).clone();
    for row in &mut rows {
        let row = row.as_object_mut().unwrap();
        for own in ["is_synced", "pending", "last_sync_at"] {
            row.remove(own);
        }
    }
    rows.sort_by_key(|row| row["id"].to_string());
    rows
}
