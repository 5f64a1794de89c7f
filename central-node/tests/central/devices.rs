//! Helpers of the mobile and desktop tests, and what holds for both contracts.

use std::collections::BTreeMap;

use comptoir_proto::mobile_v1::checksum;
use comptoir_test_support::events::TestEvent;
use comptoir_test_support::{TestCentral, TestTenant};
use serde_json::{Value, json};
use uuid::Uuid;

/// An event as a phone sends it.
pub(crate) fn phone_event(entity_type: &str, entity_id: &str, action: &str, payload: &Value) -> Value {
    json!({
        "id": Uuid::now_v7(), "entity_type": entity_type, "entity_id": entity_id, "action": action, "payload": payload,
        "occurred_at": "2026-03-01T09:00:00.000Z", "user_id": 7, "checksum": checksum(payload.to_string().as_bytes()),
    })
}

/// An event that [`comptoir_test_support::events`] builds, as a phone sends it.
pub(crate) fn phone_record(entity_id: &str, event: &impl TestEvent) -> Value {
    phone_event(event.entity_type(), entity_id, event.action(), &event.payload())
}

pub(crate) async fn phone_push(company: &TestTenant<'_>, key: &str, device: &str, events: &[Value]) -> Value {
    let body = json!({ "device_id": device, "batch_id": Uuid::now_v7(), "events": events }).to_string();
    company.server.post_as(key, "/api/sync/push", body).await.assert_ok()
}

pub(crate) async fn pull(company: &TestTenant<'_>, device: &str, since: &str, limit: usize) -> Value {
    let path = format!("/api/sync/pull?since={since}&device_id={device}&limit={limit}");
    company.get(&path).await.assert_ok()
}

/// A row of a desktop's outbox.
pub(crate) fn outbox(
    company: &TestTenant<'_>,
    id: &str,
    operation: &str,
    student: &str,
    payload: &Value,
    version: i64,
) -> Value {
    json!({
        "id": id, "tenantId": company.tenant.uuid(), "entityType": "STUDENT", "entityId": student, "operation": operation,
        "payload": payload, "localVersion": version, "createdAt": "2026-03-01T09:00:00.000Z", "attemptCount": 0, "status": "PENDING",
    })
}

/// The machine's clock, as a desktop writes it.
pub(crate) fn now() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    comptoir_proto::instant::format(comptoir_core::time::Timestamp(now.as_micros() as i64))
}

pub(crate) async fn up(company: &TestTenant<'_>, client: &str, since: Option<&str>, events: &[Value]) -> Value {
    let body = json!({ "clientId": client, "events": events, "lastSyncTimestamp": since }).to_string();
    company.post("/api/sync/up", body).await.assert_ok()
}

#[tokio::test]
async fn a_device_belongs_to_the_site_of_its_first_contact_and_a_bad_name_is_refused() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    phone_push(&company, &company.token, "office", &[]).await;
    let body = |device: &str| json!({ "device_id": device, "batch_id": "b", "events": [] }).to_string();
    shop.post(&scene, "/api/sync/push", body("office")).await.assert_problem(403, "WRONG_NODE");
    shop.post(&scene, "/api/sync/push", body(&"x".repeat(129))).await.assert_status(400);
    scene.post_as("nobody", "/api/sync/push", body("phone-1")).await.assert_status(401);
    let log = company.get("/api/v1/sync-log?status=FAILED").await.assert_ok();
    assert_eq!(log["statistics"]["failed"], 2, "refusals are logged too, where the tenant is known: {log}");
}

#[tokio::test]
async fn a_phone_whose_clock_is_a_year_ahead_is_corrected() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let made = phone_event("CLIENT", "c-1", "CREATE", &json!({ "name": "Zoé" }));
    phone_push(&company, &shop.key, "phone-1", &[made]).await;
    let at = |event: Value, at: &str| {
        let mut event = event;
        event["occurred_at"] = json!(at);
        event
    };
    // Both stamps come from a clock that is a year ahead; the later one is now, the earlier one an hour ago.
    let fast = |hours: i64, name: &str| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
        let text = comptoir_proto::instant::format(comptoir_core::time::Timestamp(
            (now + (365 * 24 + hours) * 3_600) * 1_000_000,
        ));
        at(phone_event("CLIENT", "c-1", "UPDATE", &json!({ "name": name })), &text)
    };
    let minutes_ago = {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
        comptoir_proto::instant::format(comptoir_core::time::Timestamp((now - 600) * 1_000_000))
    };
    let right = at(phone_event("CLIENT", "c-1", "UPDATE", &json!({ "name": "juste" })), &minutes_ago);
    phone_push(&company, &shop.key, "phone-2", &[right]).await;
    phone_push(
        &company,
        &shop.key,
        "phone-1",
        &[fast(-1, "en avance"), fast(0, "rien")].map(|mut event| {
            if event["payload"]["name"] == json!("rien") {
                event["payload"] = json!({ "phone": "06" });
                event["checksum"] = json!(checksum(event["payload"].to_string().as_bytes()));
            }
            event
        }),
    )
    .await;
    let client = company.get("/api/v1/clients/c-1").await.assert_ok();
    assert_eq!(client["fields"]["name"], "juste", "an hour ago by the right clock loses to ten minutes ago");
    assert_eq!(client["fields"]["phone"], "06");
    let log = company.get("/api/v1/sync-log?client=phone-1").await.assert_ok();
    assert_eq!(log["entries"][0]["clockDrifts"], true);
}

pub(crate) async fn down(company: &TestTenant<'_>, client: &str, since: Option<&str>) -> Value {
    let body = json!({ "clientId": client, "lastSyncTimestamp": since }).to_string();
    company.post("/api/sync/down", body).await.assert_ok()
}

pub(crate) fn ids<'a>(list: &'a Value, id: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|one| one[id].as_str().unwrap()).collect()
}

/// A desktop's rows by type and id. It applies changes as the contract's loop does and fails as a table would: at a CREATE of a
/// row that exists and at an UPDATE of one that does not.
#[derive(Default)]
pub(crate) struct Cache {
    pub(crate) rows: BTreeMap<(String, String), Value>,
    pub(crate) since: Value,
}

impl Cache {
    /// Applies one page; whether more follow.
    pub(crate) async fn page(&mut self, company: &TestTenant<'_>, client: &str, limit: u64) -> bool {
        let body = json!({ "clientId": client, "lastSyncTimestamp": self.since, "limit": limit }).to_string();
        let page = company.post("/api/sync/down", body).await.assert_ok();
        for change in page["changes"].as_array().unwrap() {
            let text = |name: &str| change[name].as_str().unwrap().to_owned();
            let key = (text("entityType"), text("entityId"));
            let row = change["payload"].clone();
            match text("operation").as_str() {
                "CREATE" => assert_eq!(self.rows.insert(key, row), None, "{change}"),
                "UPDATE" => {
                    let held = self.rows.get_mut(&key).unwrap_or_else(|| panic!("it is not there: {change}"));
                    held.as_object_mut().unwrap().extend(row.as_object().unwrap().clone());
                }
                _ => drop(self.rows.remove(&key)),
            }
        }
        self.since = page["syncTimestamp"].clone();
        page["hasMore"] == json!(true)
    }

    pub(crate) async fn all(&mut self, company: &TestTenant<'_>, client: &str, limit: u64) {
        while self.page(company, client, limit).await {}
    }

    pub(crate) fn names(&self) -> Vec<(&str, &str)> {
        self.rows.iter().map(|((_, id), row)| (id.as_str(), row["firstName"].as_str().unwrap_or_default())).collect()
    }
}

pub(crate) async fn office(company: &TestTenant<'_>, entity_type: &str, id: &str, action: &str, payload: Value) {
    let event = json!({ "id": Uuid::now_v7(), "entity_type": entity_type, "entity_id": id, "action": action, "payload": payload });
    company.post("/api/v1/events", &event).await.assert_ok();
}

pub(crate) async fn edit(
    company: &TestTenant<'_>,
    client: &str,
    event: &str,
    operation: &str,
    student: &str,
    name: &str,
) -> Value {
    let change = outbox(company, event, operation, student, &json!({ "firstName": name }), 1);
    let answer = up(company, client, None, &[change]).await;
    assert_eq!(answer["acknowledged"].as_array().map(Vec::len), Some(1), "{answer}");
    answer
}

#[tokio::test]
async fn every_sync_is_logged_with_statistics_that_only_its_tenant_sees() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let other = scene.company().await;
    let mut shop = company.node().await;
    shop.sell("s-1");
    shop.push_all(&scene).await;
    let made = outbox(&company, "a-1", "CREATE", "s-1", &json!({ "firstName": "Jean" }), 1);
    up(&company, "desk-1", None, &[made]).await;
    down(&company, "desk-1", None).await;
    pull(&company, "phone-1", "1970-01-01T00:00:00Z", 10).await;
    let log = company.get("/api/v1/sync-log?limit=2").await.assert_ok();
    assert_eq!(log["entries"].as_array().unwrap().len(), 2);
    let rest =
        company.get(&format!("/api/v1/sync-log?cursor={}", log["next_cursor"].as_str().unwrap())).await.assert_ok();
    let newest = &log["entries"][0];
    assert_eq!(newest["clientId"], "phone-1", "{log} {rest}");
    assert_eq!(newest["direction"], "DOWN", "{log} {rest}");
    assert_eq!(newest["contract"], "mobile");
    assert_eq!(newest["status"], "SUCCESS");
    let desk = company.get("/api/v1/sync-log?client=desk-1").await.assert_ok();
    assert_eq!(desk["statistics"]["syncs"], 2, "{desk}");
    assert_eq!(desk["statistics"]["events"], 1, "{desk}");
    let foreign = other.get("/api/v1/sync-log").await.assert_ok();
    assert_eq!(foreign["statistics"]["syncs"], 0, "another tenant sees none");
    let path = format!("/api/v1/sync-log?client={}", shop.node);
    let mut native = Value::Null;
    // The row of a node's push is written after its answer: poll for it.
    for _ in 0..10_000 {
        native = scene.get_as(&company.token, &path).await.body;
        if native["statistics"]["syncs"] != json!(0) {
            break;
        }
    }
    let push = &native["entries"][0];
    assert_eq!(push["contract"], "native");
    assert_eq!(push["direction"], "UP");
    assert_eq!(push["eventsCount"], 2);
    assert_eq!(push["clockDrifts"], true, "a sealed log's clock shows March: {push}");
    shop.get(&scene, "/api/v1/sync-log").await.assert_status(403);
    let days = company.count("select count(*) from reporting.sync_log_by_day where tenant_id = $1").await;
    assert!(days >= 3, "by client and direction: {days}");
}
