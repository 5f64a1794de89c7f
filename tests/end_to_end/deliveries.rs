use comptoir_test_support::{POLL_EVERY, RunningTenant, TIMEOUT};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_driver_learns_who_was_first() {
    let mut company = RunningTenant::new("Europe/Paris", "EUR");
    let site = company.site("DEPOT");
    let first = company.node(&site, "driver-a", &company.central.url);
    let second = company.node(&site, "driver-b", &company.central.url);
    let order = json!({"id": Uuid::now_v7(), "entity_type": "DELIVERY", "entity_id": "BL-77", "action": "DELIVERY_CREATED",
        "payload": {"reference": "BL-77", "client": "Café du Port", "qr": "QR-77"}});
    let (status, body) = company.post(&format!("{}/api/v1/events", company.central.url), &order).await;
    assert_eq!(status, 200, "{body}");

    // Both drivers scan the same code while central is unreachable.
    company.central.kill();
    let mine = validate(&company, &first.url, "chauffeur-a", "48.85").await;
    company.central.start_again();
    company.drained(&first).await;
    company.central.kill();
    let theirs = validate(&company, &second.url, "chauffeur-b", "43.29").await;
    company.central.start_again();
    company.drained(&second).await;

    let decision = decision_of(&company, &first.url, &mine).await;
    assert_eq!(decision["verdict"], "ACCEPTED", "{decision}");
    let decision = decision_of(&company, &second.url, &theirs).await;
    assert_eq!(decision["verdict"], "CONFLICT", "{decision}");
    assert_eq!(decision["code"], "ALREADY_VALIDATED");
    assert_eq!(decision["resolution"]["action"], "DISCARD_LOCAL");
    let data = &decision["resolution"]["data"];
    assert_eq!(data["event_id"].as_str(), Some(mine.as_str()), "{data}");
    assert_eq!(data["user"], "chauffeur-a");
    assert_eq!(data["place"], "48.85,2.35");

    let queue: Value =
        company.http.get(format!("{}/api/v1/queue", second.url)).send().await.unwrap().json().await.unwrap();
    assert_eq!(queue["to_review"], 0, "the rule decided, so no person has to: {queue}");
    // The second shop shows the winning validation, and a user there gets one notification in their language.
    for node in [&first, &second] {
        let row = pulled(&company, &node.url, &mine).await;
        assert_eq!((&row["validation"]["user"], &row["reference"]), (&json!("chauffeur-a"), &json!("BL-77")), "{row}");
        assert_eq!((&row["is_synced"], &row["pending"]), (&json!(true), &json!([])), "{row}");
    }
    let unseen = format!("{}/api/v1/notifications?unseen=true", second.url);
    let unseen = async || -> Value { company.http.get(&unseen).send().await.unwrap().json().await.unwrap() };
    let notification = unseen().await["rows"][0].clone();
    assert_eq!(
        (&notification["kind"], &notification["by"]),
        (&json!("ALREADY_VALIDATED"), &json!("chauffeur-a")),
        "{notification}"
    );
    assert!(notification["title"].as_str().unwrap().starts_with("Validée par chauffeur-a le "), "{notification}");
    let seen = format!("{}/api/v1/notifications/{}/seen", second.url, notification["id"].as_str().unwrap());
    assert_eq!(company.post(&seen, &json!({})).await.0, 200);
    assert_eq!(unseen().await["rows"], json!([]));
    crate::auditor::assert_decided_again(&company);
}

/// The delivery at a node, once central's decision has been pulled.
async fn pulled(company: &RunningTenant, node_url: &str, first: &str) -> Value {
    let asked = std::time::Instant::now();
    loop {
        let list = company.http.get(format!("{node_url}/api/v1/deliveries")).send().await.unwrap();
        let row = list.json::<Value>().await.unwrap()["rows"][0].clone();
        if row["validation"]["event_id"] == first && row["is_synced"] == true {
            return row;
        }
        assert!(asked.elapsed() < TIMEOUT, "central's row does not arrive: {row}");
        tokio::time::sleep(POLL_EVERY).await;
    }
}

/// Records a validation at a node and returns its event id.
async fn validate(company: &RunningTenant, node_url: &str, user: &str, latitude: &str) -> String {
    let id = Uuid::now_v7().to_string();
    let body = json!({"id": id, "entity_type": "DELIVERY", "entity_id": "BL-77", "action": "DELIVERY_VALIDATED", "user": user,
        "payload": {"qr": "QR-77", "validated_at": "2026-01-07T10:00:00Z", "latitude": latitude, "longitude": "2.35"}});
    let (status, answer) = company.post(&format!("{node_url}/api/v1/events"), &body).await;
    assert_eq!(status, 200, "the driver gets an answer without a network: {answer}");
    id
}

async fn decision_of(company: &RunningTenant, node_url: &str, id: &str) -> Value {
    let event = company.http.get(format!("{node_url}/api/v1/events/{id}")).send().await.unwrap();
    let event: Value = event.json().await.unwrap();
    event["decision"].clone()
}
