//! The desktop contract: what a desktop receives, page by page.

use comptoir_test_support::TestCentral;
use comptoir_test_support::events::Sale;
use serde_json::{Value, json};

use crate::devices::{Cache, down, edit, ids, now, office, outbox, phone_push, phone_record, up};

#[tokio::test]
async fn a_desktop_receives_changes_of_others_as_create_update_and_delete() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let made = outbox(&company, "a-1", "CREATE", "s-1", &json!({ "firstName": "Jean" }), 1);
    let answer = up(&company, "desk-1", None, &[made]).await;
    let version = answer["acknowledged"][0]["serverVersion"].as_i64().unwrap();
    let own = down(&company, "desk-1", None).await;
    assert_eq!(own["changes"], json!([]), "what it made itself it has");
    let first = down(&company, "desk-2", None).await;
    let change = &first["changes"][0];
    assert_eq!(change["operation"], "CREATE");
    assert_eq!(change["entityId"], "s-1");
    assert_eq!(change["payload"], json!({ "firstName": "Jean" }));
    assert_eq!(change["serverVersion"], json!(version));
    let since = first["syncTimestamp"].as_str().unwrap().to_owned();
    let mut edit = outbox(&company, "b-1", "UPDATE", "s-1", &json!({ "phone": "06" }), version);
    edit["createdAt"] = json!(now());
    up(&company, "desk-2", Some(&since), &[edit]).await;
    let again = down(&company, "desk-2", Some(&since)).await;
    assert_eq!(again["changes"], json!([]));
    assert_eq!(again["hasMore"], false);
    let own_since = own["syncTimestamp"].as_str().unwrap();
    let update = down(&company, "desk-1", Some(own_since)).await;
    let fresh = &update["changes"][0];
    assert_eq!(fresh["operation"], "UPDATE", "it made the pupil itself: {update}");
    assert_eq!(fresh["payload"], json!({ "firstName": "Jean", "phone": "06" }));
    let since = update["syncTimestamp"].as_str().unwrap().to_owned();
    let gone = outbox(&company, "b-2", "DELETE", "s-1", &json!({}), fresh["serverVersion"].as_i64().unwrap());
    let answer = up(&company, "desk-2", None, &[gone]).await;
    assert_eq!(answer["acknowledged"].as_array().unwrap().len(), 1, "{answer}");
    let deleted = down(&company, "desk-1", Some(&since)).await;
    assert_eq!(deleted["changes"][0]["operation"], "DELETE");
    let body = json!({ "clientId": "desk-3", "lastSyncTimestamp": null, "entityTypes": ["GRADE"] }).to_string();
    let none = company.post("/api/sync/down", body).await.assert_ok();
    assert_eq!(none["changes"], json!([]), "only the types that were asked for");
}

#[tokio::test]
async fn a_wiped_desktop_receives_the_rows_it_had_created_itself() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let made = outbox(&company, "a-1", "CREATE", "s-1", &json!({ "firstName": "Jean" }), 1);
    up(&company, "desk-1", None, &[made]).await;
    assert_eq!(down(&company, "desk-1", None).await["changes"], json!([]));
    let all = down(&company, "desk-1", None).await;
    let words: Vec<&Value> = all["changes"].as_array().unwrap().iter().map(|change| &change["operation"]).collect();
    // Or its first answer was lost, and it has the row.
    assert_eq!(words, ["DELETE", "CREATE"], "it had pulled before, and begins again: {all}");
    assert_eq!(ids(&all["changes"], "entityId"), ["s-1", "s-1"]);
}

#[tokio::test]
async fn a_desktop_wiped_before_its_first_down_receives_its_own_rows_in_pages() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    for number in 1..=3 {
        let id = format!("s-{number}");
        let made = outbox(&company, &format!("a-{number}"), "CREATE", &id, &json!({ "firstName": "Jean" }), 1);
        up(&company, "desk-1", None, &[made]).await;
    }
    let (mut given, mut since) = (Vec::new(), Value::Null);
    for _page in 0..4 {
        let reload = since.is_null();
        let body =
            json!({ "clientId": "desk-1", "lastSyncTimestamp": since, "reload": reload, "limit": 1 }).to_string();
        let page = company.post("/api/sync/down", body).await.assert_ok();
        for change in page["changes"].as_array().unwrap() {
            given.push((change["operation"].clone(), change["entityId"].clone()));
        }
        since = page["syncTimestamp"].clone();
    }
    let created = |id: &str| [(json!("DELETE"), json!(id)), (json!("CREATE"), json!(id))];
    assert_eq!(given, ["s-1", "s-2", "s-3"].map(created).concat());
}

/// A row is sent at its last change, which may be many pages after its creation.
#[tokio::test]
async fn a_row_arrives_as_created_before_updated_for_every_page_size() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    for number in 1..=4 {
        edit(&company, "desk-1", &format!("a-{number}"), "CREATE", &format!("s-{number}"), "Jean").await;
    }
    office(
        &company,
        "DELIVERY",
        "d-1",
        "DELIVERY_CREATED",
        json!({ "reference": "BL-1", "client": "Cantine", "qr": "q" }),
    )
    .await;
    let goods = json!({ "currency": "EUR", "lines": [{ "product": "A", "quantity": "6", "unit_cost": "1.25" }] });
    office(&company, "RECEPTION", "r-1", "GOODS_RECEIVED", goods.clone()).await;
    edit(&company, "desk-1", "b-2", "UPDATE", "s-2", "Aïcha").await;
    edit(&company, "desk-1", "b-1", "UPDATE", "s-1", "Zoé").await;
    let validated = json!({ "qr": "q", "validated_at": "2026-03-01T09:00:00Z" });
    office(&company, "DELIVERY", "d-1", "DELIVERY_VALIDATED", validated).await;
    office(&company, "RECEPTION", "r-2", "GOODS_RECEIVED", goods).await;
    for limit in [1, 2, 3, 100] {
        let mut cache = Cache::default();
        cache.all(&company, &format!("desk-of-{limit}"), limit).await;
        let expected = [("d-1", ""), ("A", ""), ("s-1", "Zoé"), ("s-2", "Aïcha"), ("s-3", "Jean"), ("s-4", "Jean")];
        assert_eq!(cache.names(), expected, "pages of {limit}");
    }
}

/// A row that another client changes between two pages moves behind them.
#[tokio::test]
async fn a_row_that_moves_while_a_desktop_pages_is_neither_lost_nor_mislabelled() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    for number in 1..=6 {
        edit(&company, "desk-1", &format!("a-{number}"), "CREATE", &format!("s-{number}"), "Jean").await;
    }
    let mut cache = Cache::default();
    for (round, moving) in ["s-5", "s-3", "s-1", "s-5"].into_iter().enumerate() {
        cache.page(&company, "desk-2", 1).await;
        edit(&company, "desk-1", &format!("b-{round}"), "UPDATE", moving, &format!("Jean {round}")).await;
    }
    cache.all(&company, "desk-2", 1).await;
    let expected =
        [("s-1", "Jean 2"), ("s-2", "Jean"), ("s-3", "Jean 1"), ("s-4", "Jean"), ("s-5", "Jean 3"), ("s-6", "Jean")];
    assert_eq!(cache.names(), expected);
}

/// Under last-writer-wins a desktop's own edit is accepted before the desktop has received another's change, and moves the row
/// behind the page.
#[tokio::test]
async fn a_desktop_s_own_edit_hides_no_earlier_edit_of_another_between_pages() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let client = async |desk: &str, event: &str, operation: &str, id: &str, fields: Value| {
        let mut change = outbox(&company, event, operation, id, &fields, 1);
        change["entityType"] = json!("CLIENT");
        let answer = up(&company, desk, None, &[change]).await;
        assert_eq!(answer["acknowledged"].as_array().map(Vec::len), Some(1), "{answer}");
    };
    for id in ["c-1", "c-2", "c-3"] {
        client("desk-1", &format!("a-{id}"), "CREATE", id, json!({ "firstName": "Jean" })).await;
    }
    let mut cache = Cache::default();
    cache.all(&company, "desk-2", 100).await;
    for id in ["c-1", "c-2", "c-3"] {
        client("desk-1", &format!("b-{id}"), "UPDATE", id, json!({ "firstName": "Zoé" })).await;
    }
    assert!(cache.page(&company, "desk-2", 1).await);
    client("desk-2", "own", "UPDATE", "c-2", json!({ "phone": "06" })).await;
    cache.all(&company, "desk-2", 1).await;
    assert_eq!(cache.names(), [("c-1", "Zoé"), ("c-2", "Zoé"), ("c-3", "Zoé")]);
}

#[tokio::test]
async fn a_product_created_after_the_first_load_is_created_on_a_desktop_once() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut cache = Cache::default();
    let received = async |reference: &str, product: &str| {
        let lines = json!([{ "product": product, "quantity": "6", "unit_cost": "1.25" }]);
        office(&company, "RECEPTION", reference, "GOODS_RECEIVED", json!({ "currency": "EUR", "lines": lines })).await;
    };
    received("r-1", "A").await;
    cache.all(&company, "desk-1", 100).await;
    received("r-2", "B").await;
    received("r-3", "A").await;
    cache.all(&company, "desk-1", 100).await;
    received("r-4", "B").await;
    cache.all(&company, "desk-1", 100).await;
    let stock: Vec<(&str, &Value)> = cache.rows.iter().map(|((_, id), row)| (id.as_str(), &row["quantity"])).collect();
    assert_eq!(stock, [("A", &json!("12")), ("B", &json!("12"))]);
}

/// An administrator's own release draft may name any event.
#[tokio::test]
async fn a_release_that_no_event_names_does_not_break_a_desktop_s_page() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let wrong_total = phone_record("sale-1", &Sale { total_minor: 511, ..Sale::default() });
    phone_push(&company, &company.token, "phone-1", std::slice::from_ref(&wrong_total)).await;
    let release = json!({ "event_id": wrong_total["id"] });
    office(&company, "QUARANTINE", &"-".repeat(36), "QUARANTINE_RELEASED", release).await;
    edit(&company, "desk-1", "a-2", "CREATE", "s-2", "Anna").await;
    // The sale has changed its stock, too.
    assert_eq!(ids(&down(&company, "desk-2", None).await["changes"], "entityId"), ["A", "s-2"]);
}
