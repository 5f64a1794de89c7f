//! What a desktop receives that applies rows as the contract's loop does: `insert` at CREATE, `update` at UPDATE, and `update`
//! with the server's data of a conflict. Cases: an entity created again, a removed field, a row in conflict.

use std::time::{SystemTime, UNIX_EPOCH};

use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_test_support::{Response, TestCentral, TestTenant};
use serde_json::{Value, json};

use crate::conflicts::ask;
use crate::devices::{Cache, outbox, up};

/// Sends one event of one desktop.
async fn write(company: &TestTenant<'_>, client: &str, event: &str, operation: &str, fields: Value) -> Value {
    up(company, client, None, &[outbox(company, event, operation, "s-1", &fields, 1)]).await
}

async fn resolve(company: &TestTenant<'_>, event: &str, accept: bool) -> Response {
    let body = json!({ "clientId": "desk-2", "outboxEventId": event, "acceptServerVersion": accept });
    company.post("/api/sync/resolve", body).await
}

impl Cache {
    fn pupil(&self) -> Option<&Value> {
        self.rows.get(&("STUDENT".to_owned(), "s-1".to_owned()))
    }

    /// Stores the answer to a choice.
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
async fn deleting_a_deleted_entity_is_no_conflict_and_its_id_is_not_reused() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    pupil_on_both(&company).await;
    write(&company, "desk-1", "a-2", "DELETE", json!({})).await;
    let answer = write(&company, "desk-2", "b-1", "DELETE", json!({})).await;
    assert_eq!(answer["conflicts"], json!([]), "{answer}");
    assert_eq!(answer["acknowledged"][0]["entityId"], "s-1", "{answer}");
    // A client that numbers its own pupils has created another pupil under that number.
    let answer = write(&company, "desk-3", "c-1", "CREATE", json!({ "name": "Bea" })).await;
    let given = answer["acknowledged"][0]["entityId"].as_str().unwrap();
    assert_ne!(given, "s-1", "{answer}");
    let pupil = company.get(&format!("/api/v1/entities/STUDENT/{given}")).await.assert_ok();
    assert_eq!(pupil["fields"]["name"], "Bea");
}

#[tokio::test]
async fn a_removed_field_arrives_as_null_so_that_an_update_removes_it() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut cache = pupil_on_both(&company).await;
    write(&company, "desk-1", "a-2", "UPDATE", json!({ "nickname": null })).await;
    cache.all(&company, "desk-2", 100).await;
    assert_eq!(cache.pupil(), Some(&json!({ "name": "Jean", "nickname": null })));
    let mut fresh = Cache::default();
    fresh.all(&company, "desk-3", 100).await;
    assert_eq!(fresh.pupil(), Some(&json!({ "name": "Jean" })), "a first load has nothing to remove");
}

#[tokio::test]
async fn an_entity_deleted_and_created_again_arrives_as_delete_then_create() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut cache = pupil_on_both(&company).await;
    write(&company, "desk-1", "a-2", "DELETE", json!({})).await;
    write(&company, "desk-1", "a-3", "CREATE", json!({ "name": "Zoé" })).await;
    cache.all(&company, "desk-2", 100).await;
    assert_eq!(cache.pupil(), Some(&json!({ "name": "Zoé" })), "no field of the deleted one");
}

/// The entity is created again between two pages of a first load and then moves on by another edit.
#[tokio::test]
async fn an_entity_created_again_while_a_desktop_pages_is_no_second_row() {
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

/// The user keeps the local version of a pupil that another client had deleted. The pupil exists again, and this client has it
/// already.
#[tokio::test]
async fn an_entity_restored_by_a_desktop_s_own_choice_is_no_second_row_on_it() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut cache = pupil_on_both(&company).await;
    write(&company, "desk-1", "a-2", "DELETE", json!({})).await;
    let edit = outbox(&company, "b-1", "UPDATE", "s-1", &json!({ "name": "Paul" }), 1);
    let answer = up(&company, "desk-2", cache.since.as_str(), &[edit]).await;
    assert_eq!(answer["conflicts"][0]["code"], "ENTITY_DELETED", "{answer}");
    let decided = resolve(&company, "b-1", false).await.assert_ok();
    cache.keep(&decided);
    cache.all(&company, "desk-2", 100).await;
    assert_eq!(cache.pupil(), Some(&json!({ "name": "Paul", "nickname": "Jeannot" })));

    let unknown = outbox(&company, "b-2", "UPDATE", "s-2", &json!({ "name": "Léa" }), 1);
    let answer = up(&company, "desk-2", None, &[unknown]).await;
    assert_eq!(answer["conflicts"][0]["code"], "UNKNOWN_ENTITY", "{answer}");
    cache.rows.insert(("STUDENT".to_owned(), "s-2".to_owned()), json!({ "name": "Léa" }));
    resolve(&company, "b-2", false).await.assert_ok();
    cache.all(&company, "desk-2", 100).await;
    assert_eq!(cache.rows.len(), 2, "nor for an entity that nobody had created before");
}

/// The user deleted a pupil that another client had changed: the deletion is in conflict, and the client has no row any more.
#[tokio::test]
async fn a_row_that_a_desktop_deleted_in_vain_arrives_again() {
    let scene = TestCentral::new().await;
    for chooses_first in [false, true] {
        let company = scene.company().await;
        let mut cache = pupil_on_both(&company).await;
        write(&company, "desk-1", "a-2", "UPDATE", json!({ "name": "Jeanne" })).await;
        cache.forget();
        let answer = write(&company, "desk-2", "b-1", "DELETE", json!({})).await;
        assert_eq!(answer["conflicts"].as_array().map(Vec::len), Some(1), "{answer}");
        if chooses_first {
            let decided = resolve(&company, "b-1", true).await.assert_ok();
            cache.keep(&decided);
        }
        cache.all(&company, "desk-2", 100).await;
        let expected = json!({ "name": "Jeanne", "nickname": "Jeannot" });
        assert_eq!(cache.pupil(), Some(&expected), "chooses first: {chooses_first}");
    }
}

#[tokio::test]
async fn one_choice_resolves_every_edit_of_the_conflict() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    pupil_on_both(&company).await;
    write(&company, "desk-1", "a-2", "UPDATE", json!({ "name": "Jeanne" })).await;
    let edits = [("b-1", json!({ "name": "Paul" })), ("b-2", json!({ "level": "5" }))];
    let edits = edits.map(|(event, fields)| outbox(&company, event, "UPDATE", "s-1", &fields, 1));
    let answer = up(&company, "desk-2", None, &edits).await;
    assert_eq!(answer["conflicts"].as_array().map(Vec::len), Some(2), "{answer}");
    let second = resolve(&company, "b-2", false).await.assert_ok();
    assert_eq!(second["serverData"]["name"], "Paul", "{second}");
    let first = resolve(&company, "b-1", false).await.assert_ok();
    assert_eq!(first["serverEventId"], second["serverEventId"], "{first}");
    assert_eq!(first["serverData"], second["serverData"]);
    resolve(&company, "b-1", true)
        .await
        .assert_problem(409, "ALREADY_RESOLVED")
        .field("resolution_event_id", second["serverEventId"].clone());
}

/// Head office chose the server's version: no change comes down for it, so the refusal carries the present data.
#[tokio::test]
async fn a_choice_after_the_resolution_is_answered_with_the_present_data() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    pupil_on_both(&company).await;
    let moved = write(&company, "desk-1", "a-2", "UPDATE", json!({ "name": "Jeanne" })).await;
    let event = "018f0000-0000-7000-8000-0000000000b1";
    write(&company, "desk-2", event, "UPDATE", json!({ "name": "Paul", "level": "5" })).await;
    let path = format!("/api/v1/conflicts/{event}");
    let conflict = company.get(&path).await.assert_ok();
    let to = ("POST", format!("{path}/resolve"));
    let choice = json!({ "choice": "server" });
    ask(&scene, &company.token, (to.0, &to.1), conflict["etag"].as_str(), &choice).await.assert_ok();
    let refused = resolve(&company, event, false).await;
    let version = &moved["acknowledged"][0]["serverVersion"];
    let data = json!({ "id": "s-1", "name": "Jeanne", "nickname": "Jeannot", "level": null, "serverVersion": version });
    refused.assert_problem(409, "ALREADY_RESOLVED").field("serverData", data).field("version", version.clone());
}

#[tokio::test]
async fn the_server_s_data_removes_fields_that_only_the_client_wrote() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    pupil_on_both(&company).await;
    write(&company, "desk-1", "a-2", "UPDATE", json!({ "name": "Jeanne" })).await;
    let answer = write(&company, "desk-2", "b-1", "UPDATE", json!({ "name": "Paul", "level": "5" })).await;
    let shown = &answer["conflicts"][0]["serverData"];
    assert_eq!(shown["name"], "Jeanne", "{answer}");
    assert_eq!(shown.get("level"), Some(&Value::Null), "{answer}");
    let decided = resolve(&company, "b-1", true).await.assert_ok();
    assert_eq!(&decided["serverData"], shown);
}

#[tokio::test]
async fn a_refusal_has_a_reason_and_names_the_field_as_the_contract_does() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    pupil_on_both(&company).await;
    let mut product = outbox(&company, "b-1", "CREATE", "A", &json!({ "name": "Pomme" }), 1);
    product["entityType"] = json!("PRODUCT");
    let answer = up(&company, "desk-2", None, &[product]).await;
    let rejected = &answer["rejected"][0];
    assert_eq!(rejected["code"], "CENTRAL_ONLY", "{answer}");
    assert!(rejected["reason"].as_str().is_some_and(|reason| reason.contains("central")), "{answer}");
    let down = async |body: Value| company.post("/api/sync/down", body).await;
    down(json!({ "clientId": "desk-2", "entityTypes": ["STUDENT", "A\0"] }))
        .await
        .assert_problem(400, "UNKNOWN_ENTITY_TYPE")
        .pointer("/entityTypes/1");
    down(json!({ "clientId": "" })).await.assert_problem(400, "INVALID_PARAMETER").pointer("clientId");
}

/// The contract's sample sends a clock as `localVersion`. Once both classes are on the client, an edit of the old id is about the
/// other's class; an edit made before is about the client's own.
#[tokio::test]
async fn a_client_with_a_replaced_id_means_by_the_old_id_the_row_it_has_under_it() {
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
    assert_eq!(up(&company, "desk-2", None, &events).await, answer, "sent by a client that lost its cursor");
    let fields = async |path: String| {
        scene.get_as(&company.token, &format!("/api/v1/entities/{path}")).await.body["fields"].clone()
    };
    let own_class = format!("CLASS/{}", own.as_str().unwrap());
    assert_eq!(fields(own_class).await, json!({ "name": "B", "room": "12" }));
    assert_eq!(fields("CLASS/6A".to_owned()).await, json!({ "id": "6A", "name": "A", "room": "14" }));
    assert_eq!(fields("STUDENT/s-1".to_owned()).await, json!({ "classId": own }));
    assert_eq!(fields("STUDENT/s-2".to_owned()).await, json!({ "classId": "6A" }));
}

/// A desktop receives stock and documents alongside entities; their reads have other paths.
#[tokio::test]
async fn reading_stock_as_an_entity_points_to_the_stock_list() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    for (entity_type, list) in
        [("STOCK", "/api/v1/stock"), ("DELIVERY", "/api/v1/deliveries"), ("INVOICE", "/api/v1/invoices")]
    {
        let problem = company.get(&format!("/api/v1/entities/{entity_type}/A")).await;
        problem.assert_status(404);
        assert!(problem.body["detail"].as_str().is_some_and(|detail| detail.ends_with(list)), "{problem:?}");
    }
}
