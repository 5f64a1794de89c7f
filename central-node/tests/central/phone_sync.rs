//! A phone's state, its shop, and what it sends damaged.

use comptoir_central::Clock;
use comptoir_central::devices::move_device;
use comptoir_core::id::SiteId;
use comptoir_test_support::events::InvoiceCreation;
use comptoir_test_support::{SealedLog, TestCentral, TestTenant};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::devices::{ids, office, phone_event, phone_push, phone_record, pull};

/// M3: the document's status has no query.
#[tokio::test]
async fn a_status_without_a_query_is_that_of_the_keys_only_phone() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let status = "/api/sync/status";
    shop.get(&scene, status).await.assert_problem(400, "INVALID_PARAMETER").detail_contains("device_id=");
    phone_push(&company, &shop.key, "phone-1", &[]).await;
    phone_push(&company, &company.token, "office", &[]).await;
    let alone = shop.get(&scene, status).await.assert_ok();
    assert_eq!(alone, {
        let mut named = shop.get(&scene, "/api/sync/status?device_id=phone-1").await.assert_ok();
        named["server_time"] = alone["server_time"].clone();
        named
    });
    assert_eq!(alone["device"]["is_active"], true);
    // An administrator speaks for every phone of the tenant.
    company.get(status).await.assert_problem(400, "INVALID_PARAMETER").pointer("device_id");
    phone_push(&company, &shop.key, "phone-2", &[]).await;
    shop.get(&scene, status).await.assert_problem(400, "INVALID_PARAMETER");
}

/// M8: a payload that is damaged on the phone itself would be sent for ever.
#[tokio::test]
async fn the_same_damaged_bytes_are_refused_for_good_the_second_time() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let damaged = |name: &str| {
        let mut event = phone_event("CLIENT", "c-1", "CREATE", &json!({ "name": "Zoé" }));
        event["payload"]["name"] = json!(name);
        event
    };
    let (first, other) = (damaged("Zo"), damaged("Zoë"));
    let push = async |device: &str, events: &[Value]| {
        let answer = phone_push(&company, &shop.key, device, events).await;
        let outcome = |failed: &Value| {
            assert_eq!(failed["error_code"], "CHECKSUM_MISMATCH", "{failed}");
            (failed["retry"] == json!(true), failed["resolution"]["action"].as_str().map(str::to_owned))
        };
        answer["failed_events"].as_array().unwrap().iter().map(outcome).collect::<Vec<_>>()
    };
    let (again, never) = ((true, None), (false, Some("FIX_AND_RESEND".to_owned())));
    assert_eq!(push("phone-1", std::slice::from_ref(&first)).await, std::slice::from_ref(&again));
    assert_eq!(push("phone-1", &[first.clone(), other.clone()]).await, [never.clone(), again.clone()]);
    assert_eq!(push("phone-1", &[first.clone(), other]).await, [never.clone(), never]);
    assert_eq!(push("phone-2", std::slice::from_ref(&first)).await, [again], "another phone's transport");
    let mut mended = first;
    mended["payload"]["name"] = json!("Zoé");
    let answer = phone_push(&company, &shop.key, "phone-1", &[mended]).await;
    assert_eq!(answer["success"], true, "the id was not used: {answer}");
}

/// M8: the memory is bounded.
#[tokio::test]
async fn a_phone_that_sends_only_damage_fills_no_table() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let damaged = |count: usize| {
        let event = |_| {
            let mut event = phone_event("CLIENT", "c-1", "CREATE", &json!({ "name": "Zoé" }));
            event["checksum"] = json!("0");
            event
        };
        (0..count).map(event).collect::<Vec<_>>()
    };
    for count in [900, 900, 900, 1] {
        phone_push(&company, &shop.key, "phone-1", &damaged(count)).await;
    }
    let kept = company.count("select count(*) from device_checksum_failure where tenant_id = $1").await;
    assert!((1_000..=1_900).contains(&kept), "{kept}");
}

/// Pulls as a phone does, and keeps the rows by type and id.
struct Phone<'a> {
    company: &'a TestTenant<'a>,
    name: &'a str,
    since: String,
    rows: std::collections::BTreeMap<(String, String), Value>,
}

impl<'a> Phone<'a> {
    fn new(company: &'a TestTenant<'a>, name: &'a str) -> Phone<'a> {
        Phone { company, name, since: "1970-01-01T00:00:00Z".to_owned(), rows: Default::default() }
    }

    /// Asks for a page and does not receive it.
    async fn lose(&self, limit: usize) {
        pull(self.company, self.name, &self.since, limit).await;
    }

    /// Whether more follows.
    async fn page(&mut self, limit: usize) -> bool {
        let page = pull(self.company, self.name, &self.since, limit).await;
        for event in page["events"].as_array().unwrap() {
            let [kind, id] = ["entity_type", "entity_id"].map(|name| event[name].as_str().unwrap().to_owned());
            self.rows.insert((kind, id), event["payload"].clone());
        }
        self.since = page["server_time"].as_str().unwrap().to_owned();
        page["has_more"] == json!(true)
    }

    async fn all(&mut self, limit: usize) {
        while self.page(limit).await {}
    }

    fn of(&self, kind: &str) -> Vec<&str> {
        self.rows.keys().filter(|(of, _)| of == kind).map(|(_, id)| id.as_str()).collect()
    }
}

async fn shop_with_rows(company: &TestTenant<'_>) -> SealedLog {
    let mut shop = company.node().await;
    for number in 1..=4 {
        office(company, "CLIENT", &format!("c-{number}"), "CREATE", json!({ "name": "Zoé" })).await;
        shop.sell(&format!("s-{number}"));
        phone_push(company, &shop.key, "till", &[phone_record(&format!("i-{number}"), &InvoiceCreation::default())])
            .await;
    }
    shop.push_all(company.server).await;
    shop
}

/// M5: the token that the README shows is an administrator's.
#[tokio::test]
async fn a_phone_without_a_shop_gets_the_references_of_its_own_invoices() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut phone = Phone::new(&company, "phone-1");
    let invoice = phone_record("i-own", &InvoiceCreation::default());
    phone_push(&company, &company.token, "phone-1", &[invoice]).await;
    let other = phone_record("i-other", &InvoiceCreation::default());
    phone_push(&company, &company.token, "phone-2", &[other]).await;
    phone.all(100).await;
    assert_eq!(phone.of("INVOICE"), ["i-own"], "and no other's");
    let reference = phone.rows[&("INVOICE".to_owned(), "i-own".to_owned())]["reference"].as_str().unwrap();
    assert!(reference.starts_with('F'), "{reference}");
    phone.all(100).await;
    let status = company.get("/api/sync/status?device_id=phone-1").await.assert_ok();
    assert_eq!(status["device"]["pending_events"], 0, "{status}");
}

/// M5: whatever a phone lost on the way, it has every row of its shop in the end.
#[tokio::test]
async fn a_phone_that_is_given_to_a_shop_gets_what_was_missing() {
    let scene = TestCentral::new().await;
    for limit in [1, 2, 100] {
        let company = scene.company().await;
        let shop = shop_with_rows(&company).await;
        let name = format!("phone-{limit}");
        let mut phone = Phone::new(&company, &name);
        let invoice = phone_record(&format!("i-{name}"), &InvoiceCreation::default());
        phone_push(&company, &company.token, &name, &[invoice]).await;
        phone.all(100).await;
        assert_eq!(phone.of("INVOICE"), [format!("i-{name}")]);
        shop.get(&scene, &format!("/api/sync/pull?device_id={name}")).await.assert_problem(403, "WRONG_NODE");

        move_device((scene.central.database(), &Clock::system()), company.tenant, &name, company.site).await.unwrap();

        let status = shop.get(&scene, &format!("/api/sync/status?device_id={name}")).await.assert_ok();
        assert_eq!(status["sync_required"], true, "{status}");
        // Answers are lost at the beginning, on the way and at the end.
        phone.lose(limit).await;
        phone.lose(limit).await;
        while phone.page(limit).await {
            phone.lose(limit).await;
        }
        let own = format!("i-{name}");
        let expected = ["i-1", "i-2", "i-3", "i-4", own.as_str()];
        assert_eq!(phone.of("INVOICE"), expected, "limit {limit}");
        assert!(!phone.of("STOCK").is_empty(), "limit {limit}");
        let quiet = pull(&company, &name, &phone.since, 100).await;
        assert_eq!(quiet["events"], json!([]), "once: {quiet}");
        let status = shop.get(&scene, &format!("/api/sync/status?device_id={name}")).await.assert_ok();
        assert_eq!(status["sync_required"], false, "{status}");
        let later = phone_record(&format!("j-{name}"), &InvoiceCreation::default());
        phone_push(&company, &shop.key, &name, &[later]).await;
        phone.all(100).await;
        let numbered = &phone.rows[&("INVOICE".to_owned(), format!("j-{name}"))]["reference"];
        assert_eq!(numbered.as_str().unwrap().matches('-').count(), 2, "the shop's series: {numbered}");
        let page = pull(&company, "till", "1970-01-01T00:00:00Z", 1000).await;
        assert!(!ids(&page["events"], "entity_id").contains(&own.as_str()), "another phone's own stays its own");
    }
}

#[tokio::test]
async fn a_phone_is_given_only_to_a_shop_that_exists_and_only_if_it_has_come() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    phone_push(&company, &company.token, "phone-1", &[]).await;
    let nowhere = SiteId::new(Uuid::now_v7());
    let error = move_device((scene.central.database(), &Clock::system()), company.tenant, "phone-1", nowhere)
        .await
        .unwrap_err();
    assert!(error.to_string().contains(&nowhere.to_string()), "{error}");
    let error = move_device((scene.central.database(), &Clock::system()), company.tenant, "phone-7", company.site)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("phone-7"), "{error}");
}
