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
    assert_eq!(ids(&all["changes"], "operation"), ["DELETE", "CREATE"], "it had pulled before, and begins again");
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
    let replaced = |id: &str| ["DELETE", "CREATE"].map(|operation| (json!(operation), json!(id)));
    assert_eq!(given, ["s-1", "s-2", "s-3"].map(replaced).concat());
}

/// D9: it kept its `clientId` and does not say that it was wiped. It is given nothing that it cannot apply, wiped or not.
#[tokio::test]
async fn a_desktop_on_its_first_down_can_apply_everything_whether_it_was_wiped_or_not() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    for client in ["wiped", "whole"] {
        for number in 1..=3 {
            let id = format!("{client}-{number}");
            edit(&company, client, &format!("a-{id}"), "CREATE", &id, "Jean").await;
        }
        edit(&company, "desk-2", &format!("b-{client}"), "CREATE", &format!("{client}-4"), "Aïcha").await;
    }
    let mut office = Cache::default();
    office.all(&company, "desk-2", 100).await;
    for client in ["wiped", "whole"] {
        let (id, student) = (format!("c-{client}"), format!("{client}-1"));
        let mut change = outbox(&company, &id, "UPDATE", &student, &json!({ "firstName": "Zoé" }), 1);
        change["createdAt"] = json!(now());
        let answer = up(&company, "desk-2", office.since.as_str(), &[change]).await;
        assert_eq!(answer["acknowledged"].as_array().map(Vec::len), Some(1), "{answer}");
    }
    let names = async |client: &str, held: &[u8]| {
        let mut cache = Cache::default();
        for number in held {
            let key = ("STUDENT".to_owned(), format!("{client}-{number}"));
            cache.rows.insert(key, json!({ "firstName": "Jean" }));
        }
        cache.all(&company, client, 1).await;
        let of_client = cache.names().into_iter().filter(|(id, _)| id.starts_with(client));
        of_client.map(|(id, name)| format!("{id} {name}")).collect::<Vec<_>>()
    };
    assert_eq!(names("whole", &[1, 2, 3]).await, ["whole-1 Zoé", "whole-2 Jean", "whole-3 Jean", "whole-4 Aïcha"]);
    // Its other two come with `reload`: nothing shows that it has them no more.
    assert_eq!(names("wiped", &[]).await, ["wiped-1 Zoé", "wiped-4 Aïcha"]);
}

/// D9: the desktop had synchronised, was wiped, kept its `clientId`, and sends what its user has created since before it asks.
#[tokio::test]
async fn a_wiped_desktop_that_sends_before_it_asks_gets_everything() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    edit(&company, "desk-2", "b-1", "CREATE", "s-1", "Aïcha").await;
    Cache::default().all(&company, "desk-1", 100).await;
    edit(&company, "desk-1", "a-2", "CREATE", "s-2", "Jean").await;
    let mut cache = Cache::default();
    edit(&company, "desk-1", "a-3", "CREATE", "s-3", "Zoé").await;
    cache.rows.insert(("STUDENT".to_owned(), "s-3".to_owned()), json!({ "firstName": "Zoé" }));
    cache.all(&company, "desk-1", 1).await;
    assert_eq!(cache.names(), [("s-1", "Aïcha"), ("s-2", "Jean"), ("s-3", "Zoé")]);
}

/// D7: a misspelt type has no rows, and would look like an empty table.
#[tokio::test]
async fn a_down_of_an_unknown_type_is_refused_with_the_nearest_one() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let down = async |types: Value| {
        let body = json!({ "clientId": "desk-1", "lastSyncTimestamp": null, "entityTypes": types });
        company.post("/api/sync/down", body.to_string()).await
    };
    let refused = down(json!(["GRADE", "student"])).await;
    refused.assert_problem(400, "UNKNOWN_ENTITY_TYPE").pointer("/entityTypes/1").field("nearest", "STUDENT");
    down(json!(["PUPIL"])).await.assert_status(400);
    let book = json!({ "version": 2, "default": "version_check", "rules": { "PUPIL": "version_check" } });
    office(&company, "RULEBOOK", "rulebook", "RULEBOOK_ADOPTED", book).await;
    down(json!(["PUPIL", "STUDENT"])).await.assert_ok();
}

/// D2: the document's complete example, by a desktop that synchronises before its user has created anything.
#[tokio::test]
async fn the_first_desktop_of_an_empty_tenant_gets_nothing_of_its_own_back() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut cache = Cache::default();
    cache.all(&company, "desk-1", 100).await;
    assert!(is_usable(&cache.since), "{}", cache.since);
    let made = outbox(&company, "a-1", "CREATE", "s-1", &json!({ "firstName": "Jean" }), 1);
    up(&company, "desk-1", cache.since.as_str(), &[made]).await;
    for _again in 0..2 {
        cache.all(&company, "desk-1", 100).await;
        assert_eq!(cache.names(), [], "what it made itself it has");
    }
    edit(&company, "desk-2", "b-1", "CREATE", "s-2", "Zoé").await;
    cache.all(&company, "desk-1", 100).await;
    assert_eq!(cache.names(), [("s-2", "Zoé")]);
}

/// D2: the tenant has rows, but none of the types that the first `down` asks for.
#[tokio::test]
async fn a_first_down_of_types_without_rows_gets_nothing_of_its_own_back() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    edit(&company, "desk-2", "b-1", "CREATE", "s-1", "Zoé").await;
    let down = async |since: &Value| {
        let body = json!({ "clientId": "desk-1", "lastSyncTimestamp": since, "entityTypes": ["GRADE"] });
        company.post("/api/sync/down", body.to_string()).await.assert_ok()
    };
    let first = down(&Value::Null).await;
    assert_eq!(first["changes"], json!([]));
    assert!(is_usable(&first["syncTimestamp"]), "{first}");
    let mut grade = outbox(&company, "a-1", "CREATE", "g-1", &json!({ "mark": 12 }), 1);
    grade["entityType"] = json!("GRADE");
    up(&company, "desk-1", first["syncTimestamp"].as_str(), &[grade]).await;
    assert_eq!(down(&first["syncTimestamp"]).await["changes"], json!([]), "what it made itself it has");
}

/// A time of this tenant, not the beginning of all times.
fn is_usable(time: &Value) -> bool {
    time.as_str().is_some_and(|time| time > "2026")
}

/// M9: a client that stores its own clock, which is ten years ahead, instead of `syncTimestamp`.
#[tokio::test]
async fn a_time_in_the_future_skips_no_change_of_a_desktop() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let future = Some("2036-01-01T00:00:00.000Z");
    edit(&company, "desk-2", "b-1", "CREATE", "s-1", "Zoé").await;
    let first = down(&company, "desk-1", future).await;
    assert_eq!(ids(&first["changes"], "entityId"), ["s-1"], "it was never given anything: {first}");
    edit(&company, "desk-2", "b-2", "CREATE", "s-2", "Jean").await;
    edit(&company, "desk-2", "b-3", "UPDATE", "s-1", "Zoë").await;
    // The base of its edit is what it was given, not the head.
    let blind = outbox(&company, "a-1", "UPDATE", "s-1", &json!({ "firstName": "Paul" }), 1_772_359_200_000);
    let answer = up(&company, "desk-1", future, &[blind]).await;
    assert_eq!(answer["conflicts"][0]["serverData"]["firstName"], "Zoë", "{answer}");
    let second = down(&company, "desk-1", future).await;
    assert_eq!(ids(&second["changes"], "entityId"), ["s-2", "s-1"], "{second}");
    let warning = "Cette heure n'a pas été donnée par le serveur : envoyez syncTimestamp de la dernière réponse, \
                   jamais l'horloge de l'appareil";
    assert_eq!(second["warning"], warning);
    let third = down(&company, "desk-1", second["syncTimestamp"].as_str()).await;
    assert_eq!((&third["changes"], &third["warning"]), (&json!([]), &Value::Null), "{third}");
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
