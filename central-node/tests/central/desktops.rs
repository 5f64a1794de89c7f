//! What a desktop is told that does with a row what its document's loop does: `insert` at CREATE, `update` at UPDATE, and the server's data
//! of a conflict by `update`, too. A row that was made again, a field that is there no more, a row that waits for a person.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_test_support::{TestCentral, TestTenant};
use serde_json::{Value, json};

use crate::conflicts::ask;
use crate::devices::{Cache, outbox, up};

/// One event of one desktop, which has nothing else to say.
async fn write(company: &TestTenant<'_>, client: &str, event: &str, operation: &str, fields: Value) -> Value {
    up(company, client, None, &[outbox(company, event, operation, "s-1", &fields, 1)]).await
}

async fn resolve(company: &TestTenant<'_>, event: &str, accept: bool) -> (StatusCode, Value) {
    let body = json!({ "clientId": "desk-2", "outboxEventId": event, "acceptServerVersion": accept }).to_string();
    company.scene.post(&company.token, "/api/sync/resolve", body).await
}

impl Cache {
    /// The pupil that all of this is about.
    fn pupil(&self) -> Option<&Value> {
        self.rows.get(&("STUDENT".to_owned(), "s-1".to_owned()))
    }

    /// Writes what a choice was answered with.
    fn keep(&mut self, answer: &Value) {
        let key = ("STUDENT".to_owned(), "s-1".to_owned());
        match answer["serverData"].as_object() {
            None => drop(self.rows.remove(&key)),
            Some(row) => {
                let fields =
                    row.clone().into_iter().filter(|(name, _)| !["id", "serverVersion"].contains(&name.as_str()));
                self.rows.insert(key, Value::Object(fields.collect()));
            }
        }
    }

    fn forget(&mut self) {
        self.keep(&json!({ "serverData": null }));
    }
}

/// Desk-1's pupil, which desk-2 holds.
async fn pupil_on_both(company: &TestTenant<'_>) -> Cache {
    write(company, "desk-1", "a-1", "CREATE", json!({ "name": "Jean", "nickname": "Jeannot" })).await;
    let mut cache = Cache::default();
    cache.all(company, "desk-2", 100).await;
    cache
}

#[tokio::test]
async fn what_another_deleted_is_deleted_without_a_conflict_and_its_id_belongs_to_it_for_who_has_not_seen_it_go() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    pupil_on_both(&company).await;
    write(&company, "desk-1", "a-2", "DELETE", json!({})).await;
    let answer = write(&company, "desk-2", "b-1", "DELETE", json!({})).await;
    assert_eq!((&answer["conflicts"], &answer["acknowledged"][0]["entityId"]), (&json!([]), &json!("s-1")), "{answer}");
    // Whoever numbers its pupils by itself has made another pupil of that number meanwhile.
    let answer = write(&company, "desk-3", "c-1", "CREATE", json!({ "name": "Bea" })).await;
    let given = answer["acknowledged"][0]["entityId"].as_str().unwrap();
    assert_ne!(given, "s-1", "{answer}");
    let (_, pupil) = scene.get(&company.token, &format!("/api/v1/entities/STUDENT/{given}")).await;
    assert_eq!(pupil["fields"]["name"], json!("Bea"));
}

#[tokio::test]
async fn a_field_that_was_removed_comes_as_null_so_that_an_update_removes_it() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut cache = pupil_on_both(&company).await;
    write(&company, "desk-1", "a-2", "UPDATE", json!({ "nickname": null })).await;
    cache.all(&company, "desk-2", 100).await;
    assert_eq!(cache.pupil(), Some(&json!({ "name": "Jean", "nickname": null })));
    let mut fresh = Cache::default();
    fresh.all(&company, "desk-3", 100).await;
    assert_eq!(fresh.pupil(), Some(&json!({ "name": "Jean" })), "who has it for the first time has nothing to remove");
}

#[tokio::test]
async fn what_was_deleted_and_made_again_comes_as_deleted_and_then_as_new() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut cache = pupil_on_both(&company).await;
    write(&company, "desk-1", "a-2", "DELETE", json!({})).await;
    write(&company, "desk-1", "a-3", "CREATE", json!({ "name": "Zoé" })).await;
    cache.all(&company, "desk-2", 100).await;
    assert_eq!(cache.pupil(), Some(&json!({ "name": "Zoé" })), "and nothing of the one before");
}

/// Between two pages of a first load, and with a change of the new one that moves it on.
#[tokio::test]
async fn what_is_made_again_while_a_desktop_pages_through_is_no_second_row() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    for event in ["a-1", "b-1", "c-1"] {
        let made = outbox(&company, event, "CREATE", &event.replace("-1", ""), &json!({ "name": "Jean" }), 1);
        up(&company, "desk-1", None, &[made]).await;
    }
    let mut cache = Cache::default();
    cache.page(&company, "desk-2", 1).await;
    let again =
        |event: &str, operation: &str, name: &str| outbox(&company, event, operation, "a", &json!({ "name": name }), 1);
    for change in [again("d-1", "DELETE", ""), again("d-2", "CREATE", "Zoé"), again("d-3", "UPDATE", "Zoë")] {
        up(&company, "desk-1", None, &[change]).await;
    }
    cache.all(&company, "desk-2", 1).await;
    let names: Vec<(&str, &Value)> = cache.rows.iter().map(|((_, id), row)| (id.as_str(), &row["name"])).collect();
    assert_eq!(names, [("a", &json!("Zoë")), ("b", &json!("Jean")), ("c", &json!("Jean"))]);
}

/// Its user keeps the local version of a pupil that another had deleted: it lives again, and the client has it already.
#[tokio::test]
async fn what_lives_again_by_a_desktop_s_own_choice_is_no_second_row_on_it() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut cache = pupil_on_both(&company).await;
    write(&company, "desk-1", "a-2", "DELETE", json!({})).await;
    let edit = outbox(&company, "b-1", "UPDATE", "s-1", &json!({ "name": "Paul" }), 1);
    let answer = up(&company, "desk-2", cache.since.as_str(), &[edit]).await;
    assert_eq!(answer["conflicts"][0]["code"], json!("ENTITY_DELETED"), "{answer}");
    let (status, decided) = resolve(&company, "b-1", false).await;
    assert_eq!(status, StatusCode::OK, "{decided}");
    cache.keep(&decided);
    cache.all(&company, "desk-2", 100).await;
    assert_eq!(cache.pupil(), Some(&json!({ "name": "Paul", "nickname": "Jeannot" })));

    let unknown = outbox(&company, "b-2", "UPDATE", "s-2", &json!({ "name": "Léa" }), 1);
    let answer = up(&company, "desk-2", None, &[unknown]).await;
    assert_eq!(answer["conflicts"][0]["code"], json!("UNKNOWN_ENTITY"), "{answer}");
    cache.rows.insert(("STUDENT".to_owned(), "s-2".to_owned()), json!({ "name": "Léa" }));
    assert_eq!(resolve(&company, "b-2", false).await.0, StatusCode::OK);
    cache.all(&company, "desk-2", 100).await;
    assert_eq!(cache.rows.len(), 2, "nor where nobody had made it before");
}

/// Its user deleted a pupil that another had changed: that waits, and the pupil is on no disk of the client.
#[tokio::test]
async fn what_a_desktop_deleted_in_vain_comes_back_to_it() {
    let scene = TestCentral::new().await;
    for chooses_first in [false, true] {
        let company = scene.company().await;
        let mut cache = pupil_on_both(&company).await;
        write(&company, "desk-1", "a-2", "UPDATE", json!({ "name": "Jeanne" })).await;
        cache.forget();
        let answer = write(&company, "desk-2", "b-1", "DELETE", json!({})).await;
        assert_eq!(answer["conflicts"].as_array().map(Vec::len), Some(1), "{answer}");
        if chooses_first {
            let (_, decided) = resolve(&company, "b-1", true).await;
            cache.keep(&decided);
        }
        cache.all(&company, "desk-2", 100).await;
        let expected = json!({ "name": "Jeanne", "nickname": "Jeannot" });
        assert_eq!(cache.pupil(), Some(&expected), "chooses first: {chooses_first}");
    }
}

#[tokio::test]
async fn one_choice_is_taken_for_every_edit_that_waits_with_it() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    pupil_on_both(&company).await;
    write(&company, "desk-1", "a-2", "UPDATE", json!({ "name": "Jeanne" })).await;
    let edits = [("b-1", json!({ "name": "Paul" })), ("b-2", json!({ "level": "5" }))];
    let edits = edits.map(|(event, fields)| outbox(&company, event, "UPDATE", "s-1", &fields, 1));
    let answer = up(&company, "desk-2", None, &edits).await;
    assert_eq!(answer["conflicts"].as_array().map(Vec::len), Some(2), "{answer}");
    let (status, second) = resolve(&company, "b-2", false).await;
    assert_eq!((status, &second["serverData"]["name"]), (StatusCode::OK, &json!("Paul")), "{second}");
    let (status, first) = resolve(&company, "b-1", false).await;
    assert_eq!((status, &first["serverEventId"]), (StatusCode::OK, &second["serverEventId"]), "{first}");
    assert_eq!(first["serverData"], second["serverData"]);
    let (status, problem) = resolve(&company, "b-1", true).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("ALREADY_RESOLVED")), "{problem}");
    assert_eq!(problem["resolution_event_id"], second["serverEventId"]);
}

/// A person at head office decided: nothing of that comes down where the server's version stands, so the refusal says what stands.
#[tokio::test]
async fn a_choice_that_comes_too_late_is_told_what_stands() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    pupil_on_both(&company).await;
    let moved = write(&company, "desk-1", "a-2", "UPDATE", json!({ "name": "Jeanne" })).await;
    let event = "018f0000-0000-7000-8000-0000000000b1";
    write(&company, "desk-2", event, "UPDATE", json!({ "name": "Paul", "level": "5" })).await;
    let path = format!("/api/v1/conflicts/{event}");
    let (_, conflict) = scene.get(&company.token, &path).await;
    let to = ("POST", format!("{path}/resolve"));
    let choice = json!({ "choice": "server" });
    let (status, _, decided) = ask(&scene, &company.token, (to.0, &to.1), conflict["etag"].as_str(), &choice).await;
    assert_eq!(status, StatusCode::OK, "{decided}");
    let (status, problem) = resolve(&company, event, false).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("ALREADY_RESOLVED")), "{problem}");
    let version = &moved["acknowledged"][0]["serverVersion"];
    let data = json!({ "id": "s-1", "name": "Jeanne", "nickname": "Jeannot", "level": null, "serverVersion": version });
    assert_eq!((&problem["serverData"], &problem["version"]), (&data, version));
}

#[tokio::test]
async fn the_server_s_data_put_away_what_the_client_wrote_and_central_has_not() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    pupil_on_both(&company).await;
    write(&company, "desk-1", "a-2", "UPDATE", json!({ "name": "Jeanne" })).await;
    let answer = write(&company, "desk-2", "b-1", "UPDATE", json!({ "name": "Paul", "level": "5" })).await;
    let shown = &answer["conflicts"][0]["serverData"];
    assert_eq!((&shown["name"], shown.get("level")), (&json!("Jeanne"), Some(&Value::Null)), "{answer}");
    let (_, decided) = resolve(&company, "b-1", true).await;
    assert_eq!(&decided["serverData"], shown);
}

#[tokio::test]
async fn a_refusal_says_in_words_what_was_wrong_and_by_the_name_that_the_document_has() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    pupil_on_both(&company).await;
    let mut product = outbox(&company, "b-1", "CREATE", "A", &json!({ "name": "Pomme" }), 1);
    product["entityType"] = json!("PRODUCT");
    let answer = up(&company, "desk-2", None, &[product]).await;
    let rejected = &answer["rejected"][0];
    assert_eq!(rejected["code"], json!("CENTRAL_ONLY"), "{answer}");
    assert!(rejected["reason"].as_str().is_some_and(|reason| reason.contains("central")), "{answer}");
    let down = async |body: Value| scene.post(&company.token, "/api/sync/down", body.to_string()).await;
    let (status, problem) = down(json!({ "clientId": "desk-2", "entityTypes": ["STUDENT", "A\0"] })).await;
    assert_eq!((status, &problem["pointer"]), (StatusCode::BAD_REQUEST, &json!("/entityTypes")), "{problem}");
    let (status, problem) = down(json!({ "clientId": "" })).await;
    assert_eq!((status, &problem["pointer"]), (StatusCode::BAD_REQUEST, &json!("clientId")), "{problem}");
}

/// The document's sample sends a clock as `localVersion`. What its user does to the other's class of that id, once both are on the
/// client by their ids, is about the other's class; what was under way before is about its own.
#[tokio::test]
async fn a_client_whose_id_was_replaced_means_by_the_old_id_what_it_has_under_it() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let event = |id: &str, operation: &str, entity_type: &str, entity: &str, payload: Value, made_at: Timestamp| {
        let mut event = outbox(&company, id, operation, entity, &payload, 1_772_359_200_000);
        event["entityType"] = json!(entity_type);
        event["createdAt"] = json!(instant::format(made_at));
        event
    };
    let now = || Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64);
    let before = now();
    up(&company, "desk-1", None, &[event("a-1", "CREATE", "CLASS", "6A", json!({ "name": "A" }), before)]).await;
    let made = event("b-1", "CREATE", "CLASS", "6A", json!({ "name": "B" }), before);
    let own = up(&company, "desk-2", None, &[made]).await["acknowledged"][0]["entityId"].clone();
    let mut cache = Cache::default();
    cache.all(&company, "desk-2", 100).await;
    let (since, after) = (cache.since.as_str(), now());
    let events = [
        event("b-2", "UPDATE", "CLASS", "6A", json!({ "room": "12" }), before),
        event("b-3", "UPDATE", "CLASS", "6A", json!({ "id": "6A", "room": "14" }), after),
        event("b-4", "CREATE", "STUDENT", "s-1", json!({ "classId": "6A" }), before),
        event("b-5", "CREATE", "STUDENT", "s-2", json!({ "classId": "6A" }), after),
    ];
    let answer = up(&company, "desk-2", since, &events).await;
    assert_eq!(answer["acknowledged"].as_array().map(Vec::len), Some(4), "{answer}");
    assert_eq!(up(&company, "desk-2", since, &events).await, answer, "sent again");
    assert_eq!(
        up(&company, "desk-2", None, &events).await,
        answer,
        "and by a client that forgot when it had synchronised"
    );
    let fields =
        async |path: String| scene.get(&company.token, &format!("/api/v1/entities/{path}")).await.1["fields"].clone();
    let own_class = format!("CLASS/{}", own.as_str().unwrap());
    assert_eq!(fields(own_class).await, json!({ "name": "B", "room": "12" }));
    assert_eq!(fields("CLASS/6A".to_owned()).await, json!({ "id": "6A", "name": "A", "room": "14" }));
    assert_eq!(fields("STUDENT/s-1".to_owned()).await, json!({ "classId": own }));
    assert_eq!(fields("STUDENT/s-2".to_owned()).await, json!({ "classId": "6A" }));
}

/// A desktop is given stock and documents beside entities; they are read elsewhere.
#[tokio::test]
async fn who_looks_for_stock_among_entities_is_told_where_it_is() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    for (entity_type, list) in
        [("STOCK", "/api/v1/stock"), ("DELIVERY", "/api/v1/deliveries"), ("INVOICE", "/api/v1/invoices")]
    {
        let (status, problem) = scene.get(&company.token, &format!("/api/v1/entities/{entity_type}/A")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.ends_with(list)), "{problem}");
    }
}
