//! 7: a node's key is rotated while the node runs.

use std::time::Instant;

use comptoir_test_support::{POLL_EVERY, RunningServer, RunningTenant, TIMEOUT, text};
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn sell(company: &RunningTenant, node: &RunningServer, sale: &str) {
    let body = json!({ "entity_id": sale, "currency": "EUR", "total_minor": 510,
        "lines": [{ "product": "A", "quantity": "2", "unit_price": "2.55" }] });
    let url = format!("{}/api/v1/sales", node.url);
    let sold =
        company.http.post(url).header("idempotency-key", sale).json(&body).send().await.expect("the node answers");
    assert!(sold.status().is_success(), "{:?}", sold.text().await);
}

/// Waits until the node has learned that central refuses its key.
async fn refused(company: &RunningTenant, node: &RunningServer) {
    let started = Instant::now();
    loop {
        let status = company.http.get(format!("{}/api/v1/status", node.url)).send().await.expect("the node answers");
        let status: Value = status.json().await.expect("a status is JSON");
        if status.to_string().contains("UNAUTHORIZED") {
            return;
        }
        assert!(started.elapsed() < TIMEOUT, "still waiting: {status}\n{}", node.words());
        tokio::time::sleep(POLL_EVERY).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_node_changes_to_its_new_key_and_loses_no_sale() {
    let company = RunningTenant::new("Europe/Paris", "EUR");
    let issued = company.issue_node(&company.site("LYO"), "till");
    let (old, file) = (text(&issued["SYNC_API_KEY"]), company.path("key"));
    std::fs::write(&file, &old).expect("the folder takes a file");
    let node = RunningServer::node_with_key_file(&company.path("till"), &issued, &file, &company.central.url);
    sell(&company, &node, "before").await;
    company.drained(&node).await;

    // Without an overlap the old key ends at once, and nobody has given the node the new one yet.
    let id = old.split('_').nth(1).expect("a key has an id");
    let new = company.admin(&["key", "rotate", "--tenant", &company.tenant, "--key", id, "--overlap-days", "0"]);
    sell(&company, &node, "meanwhile").await;
    refused(&company, &node).await;
    std::fs::write(&file, text(&new["key"])).expect("the folder takes a file");
    sell(&company, &node, "after").await;
    company.drained(&node).await;

    let log = company.ask("/api/v1/events?limit=100").await;
    let sold: Vec<&Value> = log["events"]
        .as_array()
        .expect("events")
        .iter()
        .filter(|event| event["action"] == "SALE_RECORDED")
        .map(|event| &event["entity_id"])
        .collect();
    assert_eq!(sold, ["before", "meanwhile", "after"]);
    let answer =
        company.http.get(format!("{}/api/v1/sync/identity", company.central.url)).bearer_auth(&old).send().await;
    assert_eq!(answer.expect("central answers").status(), StatusCode::UNAUTHORIZED);
    // A restart with one key is no alarm.
    let events = company.ask("/api/v1/security-events").await;
    assert_eq!(events["events"], json!([]));
}
