//! The desktop contract: what a desktop sends, which ids it gets, and how its conflicts are resolved.

use comptoir_test_support::{Response, TestCentral, TestTenant};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::devices::{Cache, down, ids, outbox, up};

#[tokio::test]
async fn a_pupil_created_offline_keeps_its_id_and_a_resent_outbox_gets_the_same_answer() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let jean = json!({ "id": "student_1", "firstName": "Jean", "lastName": "DUPONT" });
    let event = outbox(&company, "evt_123", "CREATE", "student_1", &jean, 1_772_359_200_000);
    let answer = up(&company, "desk-1", None, std::slice::from_ref(&event)).await;
    assert_eq!(answer["conflicts"], json!([]));
    assert_eq!(answer["rejected"], json!([]));
    let acknowledged = &answer["acknowledged"][0];
    assert_eq!(acknowledged["outboxEventId"], "evt_123");
    assert_eq!(acknowledged["entityId"], "student_1");
    let student = company.get("/api/v1/entities/STUDENT/student_1").await.assert_ok();
    assert_eq!(student["version"], acknowledged["serverVersion"]);
    let again = up(&company, "desk-1", Some("2026-03-01T09:30:00.000Z"), &[event]).await;
    assert_eq!(again, answer, "sent again after a lost answer, and after a synchronisation");
    assert_eq!(company.events().await, 4);
}

/// D3: nothing is acknowledged that no other desktop will ever receive.
#[tokio::test]
async fn an_event_that_can_never_take_effect_is_rejected_with_a_reason_in_french() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let many: serde_json::Map<String, Value> = (0..500).map(|field| (format!("f{field}"), json!(1))).collect();
    let payloads =
        [json!({ "name": "Du\u{0}pont" }), Value::Null, json!([]), json!(5), json!("{}"), Value::Object(many)];
    let event = |(index, payload): (usize, &Value)| {
        outbox(&company, &format!("e-{index}"), "CREATE", &format!("s-{index}"), payload, 1)
    };
    let events: Vec<Value> = payloads.iter().enumerate().map(event).collect();
    let answer = up(&company, "desk-1", None, &events).await;
    assert_eq!((&answer["acknowledged"], &answer["conflicts"]), (&json!([]), &json!([])));
    assert_eq!(ids(&answer["rejected"], "outboxEventId"), ["e-0", "e-1", "e-2", "e-3", "e-4", "e-5"]);
    assert_eq!(ids(&answer["rejected"], "code"), ["INVALID_PAYLOAD"; 6]);
    for reason in ids(&answer["rejected"], "reason") {
        assert!(reason.starts_with("Refusé par le central, sans effet : /payload"), "{reason}");
    }
    assert_eq!(up(&company, "desk-1", None, &events).await, answer, "the same outbox, the same answers");
    let log = company.get("/api/v1/events?last=6").await.assert_ok();
    assert!(log["events"].as_array().unwrap().iter().all(|event| event["decision"]["verdict"] == "REJECTED"), "{log}");
    let sync = company.get("/api/v1/sync-log?client=desk-1").await.assert_ok();
    assert_eq!((&sync["entries"][0]["status"], &sync["entries"][0]["failedCount"]), (&json!("PARTIAL"), &json!(6)));
}

/// D3: a value that loses is no success either.
#[tokio::test]
async fn an_event_without_effect_is_rejected_with_what_applies_instead() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let client = |id: &str, operation: &str, name: &str, at: &str| {
        let mut event = outbox(&company, id, operation, "c-1", &json!({ "name": name }), 1);
        (event["entityType"], event["createdAt"]) = (json!("CLIENT"), json!(at));
        event
    };
    up(&company, "desk-1", None, &[client("a-1", "CREATE", "Zoé", "2026-03-01T09:00:00Z")]).await;
    let answer = up(&company, "desk-2", None, &[client("b-1", "UPDATE", "Ana", "2026-03-01T08:00:00Z")]).await;
    let rejected = json!({ "outboxEventId": "b-1", "code": "OVERWRITTEN", "reason": "La valeur du central reste" });
    assert_eq!(answer, json!({ "acknowledged": [], "conflicts": [], "rejected": [rejected] }));
}

#[tokio::test]
async fn a_used_id_is_replaced_and_later_events_and_references_follow_it() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let made =
        |id: &str, name: &str| outbox(&company, id, "CREATE", "s-1", &json!({ "id": "s-1", "firstName": name }), 1);
    let first = up(&company, "desk-1", None, &[made("a-1", "Jean")]).await;
    assert_eq!(first["acknowledged"][0]["entityId"], "s-1");
    let edit = outbox(&company, "b-2", "UPDATE", "s-1", &json!({ "firstName": "Aïcha" }), 1);
    let mut grade = outbox(&company, "b-3", "CREATE", "g-1", &json!({ "studentId": "s-1", "mark": 12 }), 1);
    grade["entityType"] = json!("GRADE");
    let events = [made("b-1", "Aicha"), edit, grade];
    let second = up(&company, "desk-2", None, &events).await;
    assert_eq!(second["conflicts"], json!([]), "{second}");
    assert_eq!(second["rejected"], json!([]), "{second}");
    let given = second["acknowledged"][0]["entityId"].as_str().unwrap();
    assert!(Uuid::parse_str(given).is_ok() && second["acknowledged"][1]["entityId"] == json!(given), "{second}");
    let entity = |entity_type: &str, id: &str| format!("/api/v1/entities/{entity_type}/{id}");
    let pupil = company.get(&entity("STUDENT", given)).await.assert_ok();
    assert_eq!(pupil["fields"], json!({ "id": given, "firstName": "Aïcha" }));
    let other = company.get(&entity("STUDENT", "s-1")).await.assert_ok();
    assert_eq!(other["fields"]["firstName"], "Jean", "the other's pupil is untouched");
    let mark = company.get(&entity("GRADE", "g-1")).await.assert_ok();
    assert_eq!(mark["fields"]["studentId"], json!(given));
    assert_eq!(up(&company, "desk-2", None, &events).await, second, "sent again");
    let later = outbox(&company, "b-4", "UPDATE", "s-1", &json!({ "phone": "06" }), 1);
    let third = up(&company, "desk-2", None, &[later]).await;
    assert_eq!(third["acknowledged"][0]["entityId"], json!(given), "in a later request, too");
}

/// D6: two offices enter the same form. There is one pupil, and both have it under its id.
#[tokio::test]
async fn a_second_create_with_the_same_content_is_the_same_entity() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let jean = json!({ "id": "s-1", "firstName": "Jean", "level": 6 });
    let first = up(&company, "desk-1", None, &[outbox(&company, "a-1", "CREATE", "s-1", &jean, 1)]).await;
    let again = [outbox(&company, "b-1", "CREATE", "s-1", &jean, 1)];
    let second = up(&company, "desk-2", None, &again).await;
    for field in ["entityId", "serverVersion"] {
        assert_eq!(second["acknowledged"][0][field], first["acknowledged"][0][field], "{second}");
    }
    assert_eq!(company.count("select count(*) from entity where tenant_id = $1 and entity_type = 'STUDENT'").await, 1);
    let mut cache = Cache::default();
    cache.rows.insert(("STUDENT".to_owned(), "s-1".to_owned()), jean.clone());
    cache.all(&company, "desk-2", 100).await;
    assert_eq!(cache.rows.values().collect::<Vec<_>>(), [&jean], "its row is replaced, not inserted twice");
    let version = second["acknowledged"][0]["serverVersion"].as_i64().unwrap();
    let edit = outbox(&company, "a-2", "UPDATE", "s-1", &json!({ "level": 5 }), version);
    up(&company, "desk-1", None, &[edit]).await;
    assert_eq!(up(&company, "desk-2", None, &again).await, second, "sent again after the pupil has changed");
}

/// D6: whatever names the type is followed; a number is an id too. What names no type cannot be known.
#[tokio::test]
async fn references_to_a_replaced_id_follow_it_in_every_spelling() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let made = |id: &str, name: &str| {
        outbox(&company, id, "CREATE", "707929", &json!({ "id": 707_929, "firstName": name }), 1)
    };
    up(&company, "desk-1", None, &[made("a-1", "Alice")]).await;
    let mut grade = outbox(
        &company,
        "b-2",
        "CREATE",
        "g-1",
        &json!({
            "studentId": "707929", "student_id": 707_929, "studentIds": [707_929, "707929", "8"], "student.id": "707929",
            "student": { "id": 707_929, "firstName": "Bob" }, "students": [{ "id": "707929" }], "idStudent": "707929",
            "eleveId": "707929", "points": 707_929, "classId": "707929",
        }),
        1,
    );
    grade["entityType"] = json!("GRADE");
    let events = [made("b-1", "Bob"), grade];
    let answer = up(&company, "desk-2", None, &events).await;
    let own = answer["acknowledged"][0]["entityId"].as_str().unwrap_or_else(|| panic!("{answer}"));
    assert_ne!(own, "707929");
    let grade = company.get("/api/v1/entities/GRADE/g-1").await.assert_ok();
    let expected = json!({
        "studentId": own, "student_id": own, "studentIds": [own, own, "8"], "student.id": own,
        "student": { "id": own, "firstName": "Bob" }, "students": [{ "id": own }], "idStudent": own,
        "eleveId": "707929", "points": 707_929, "classId": "707929",
    });
    assert_eq!(grade["fields"], expected);
    let pupil = company.get(&format!("/api/v1/entities/STUDENT/{own}")).await.assert_ok();
    assert_eq!(pupil["fields"]["id"], own);
    assert_eq!(up(&company, "desk-2", None, &events).await, answer, "sent again");
}

/// D6: the client has its first pupil under the new id, so the old id is free on it, and its user creates another pupil.
#[tokio::test]
async fn a_second_create_of_a_replaced_id_is_another_entity() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let made = |id: &str, name: &str| outbox(&company, id, "CREATE", "s-1", &json!({ "firstName": name }), 1);
    let edit = |id: &str, level: &str| outbox(&company, id, "UPDATE", "s-1", &json!({ "level": level }), 1);
    up(&company, "desk-1", None, &[made("a-1", "Alice")]).await;
    let first = [made("b-1", "Bob"), edit("b-2", "6")];
    let earlier = up(&company, "desk-2", None, &first).await;
    let second = [made("b-3", "Carl"), edit("b-4", "5")];
    let later = up(&company, "desk-2", None, &second).await;
    let (bob, carl) = (&earlier["acknowledged"][0]["entityId"], &later["acknowledged"][0]["entityId"]);
    assert_eq!(ids(&later["acknowledged"], "entityId"), [carl.as_str().unwrap(); 2], "{later}");
    let fields = async |id: &str| {
        scene.get_as(&company.token, &format!("/api/v1/entities/STUDENT/{id}")).await.body["fields"].clone()
    };
    assert_eq!(fields("s-1").await, json!({ "firstName": "Alice" }));
    assert_eq!(fields(bob.as_str().unwrap()).await, json!({ "firstName": "Bob", "level": "6" }));
    assert_eq!(fields(carl.as_str().unwrap()).await, json!({ "firstName": "Carl", "level": "5" }));
    assert_eq!(up(&company, "desk-2", None, &first).await, earlier, "sent again");
    assert_eq!(up(&company, "desk-2", None, &second).await, later, "sent again");
}

/// D7: it would be acknowledged, and no screen would show it.
#[tokio::test]
async fn an_event_of_an_unknown_type_is_rejected_with_the_nearest_one() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let of_type = |entity_type: &str| {
        let mut event = outbox(&company, entity_type, "CREATE", "s-1", &json!({ "firstName": "Jean" }), 1);
        event["entityType"] = json!(entity_type);
        event
    };
    let events = ["student", "NODE", "Grades", "STUDENT", "CLIENT"].map(of_type);
    let answer = up(&company, "desk-1", None, &events).await;
    assert_eq!(ids(&answer["acknowledged"], "outboxEventId"), ["STUDENT", "CLIENT"], "{answer}");
    assert_eq!(ids(&answer["rejected"], "code"), ["UNKNOWN_ENTITY_TYPE"; 3], "{answer}");
    let reasons = [
        "Type d'entité inconnu : student. Le plus proche est STUDENT",
        "Type d'entité inconnu : NODE. Le plus proche est GRADE",
        "Type d'entité inconnu : Grades. Le plus proche est GRADE",
    ];
    assert_eq!(ids(&answer["rejected"], "reason"), reasons);
    let stored = "select count(*) from entity where tenant_id = $1";
    assert_eq!(company.count(stored).await, 2);
}

/// Central has given the client's own pupil another id, and the other client's pupil has arrived under the old one.
#[tokio::test]
async fn a_client_with_a_replaced_id_edits_the_other_record_by_its_version() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let made =
        |id: &str, name: &str| outbox(&company, id, "CREATE", "s-1", &json!({ "id": "s-1", "firstName": name }), 1);
    let first = up(&company, "desk-1", None, &[made("a-1", "Jean")]).await;
    let version = first["acknowledged"][0]["serverVersion"].as_i64().unwrap();
    let second = up(&company, "desk-2", None, &[made("b-1", "Aïcha")]).await;
    let own = second["acknowledged"][0]["entityId"].as_str().unwrap().to_owned();
    // A version of the other's pupil that this client never received.
    let counted = outbox(&company, "b-2", "UPDATE", "s-1", &json!({ "phone": "06" }), version);
    let answer = up(&company, "desk-2", None, std::slice::from_ref(&counted)).await;
    assert_eq!(answer["acknowledged"][0]["entityId"], json!(own), "{answer}");
    let page = down(&company, "desk-2", None).await;
    let since = page["syncTimestamp"].as_str();
    assert_eq!(ids(&page["changes"], "entityId"), vec!["s-1"]);
    assert_eq!(page["changes"][0]["serverVersion"], json!(version));
    assert_eq!(up(&company, "desk-2", since, &[counted]).await, answer, "sent again after the other's came down");
    let late = outbox(&company, "b-3", "UPDATE", "s-1", &json!({ "level": "6" }), 1_772_359_200_000);
    let other = outbox(&company, "b-4", "UPDATE", "s-1", &json!({ "id": "s-1", "firstName": "Jeanne" }), version);
    let events = [late, other];
    let answer = up(&company, "desk-2", since, &events).await;
    assert_eq!(answer["conflicts"], json!([]), "{answer}");
    assert_eq!(answer["rejected"], json!([]), "{answer}");
    assert_eq!(ids(&answer["acknowledged"], "entityId"), [own.as_str(), "s-1"], "{answer}");
    assert_eq!(up(&company, "desk-2", since, &events).await, answer, "sent again");
    let fields = async |id: &str| {
        scene.get_as(&company.token, &format!("/api/v1/entities/STUDENT/{id}")).await.body["fields"].clone()
    };
    assert_eq!(fields("s-1").await, json!({ "id": "s-1", "firstName": "Jeanne" }));
    assert_eq!(fields(&own).await, json!({ "id": own, "firstName": "Aïcha", "phone": "06", "level": "6" }));
    let next = answer["acknowledged"][1]["serverVersion"].as_i64().unwrap();
    let chained = outbox(&company, "b-5", "UPDATE", "s-1", &json!({ "level": "5" }), next);
    let stale = outbox(&company, "c-1", "UPDATE", "s-1", &json!({ "level": "4" }), version);
    let answer = up(&company, "desk-2", since, &[chained]).await;
    assert_eq!(answer["acknowledged"][0]["entityId"], "s-1", "from the version that its own edit made: {answer}");
    let answer = up(&company, "desk-3", since, &[stale]).await;
    assert_eq!(answer["conflicts"].as_array().map(Vec::len), Some(1), "and is held to it like anybody: {answer}");
}

#[tokio::test]
async fn an_invalid_id_is_replaced() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let long = "x".repeat(80);
    let events = [
        outbox(&company, "e-1", "CREATE", &long, &json!({ "id": long, "firstName": "Jean" }), 1),
        outbox(&company, "e-2", "UPDATE", &long, &json!({ "phone": "06" }), 1),
    ];
    let answer = up(&company, "desk-1", None, &events).await;
    let given = answer["acknowledged"][0]["entityId"].as_str().unwrap_or_else(|| panic!("{answer}"));
    assert!(Uuid::parse_str(given).is_ok());
    let pupil = company.get(&format!("/api/v1/entities/STUDENT/{given}")).await.assert_ok();
    assert_eq!(pupil["fields"], json!({ "id": given, "firstName": "Jean", "phone": "06" }));
}

#[tokio::test]
async fn another_client_s_change_conflicts_and_a_client_s_own_edits_do_not() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let created = outbox(&company, "a-1", "CREATE", "s-1", &json!({ "firstName": "Jean" }), 1_772_359_200_000);
    let edited = outbox(&company, "a-2", "UPDATE", "s-1", &json!({ "firstName": "Jeanne" }), 1_772_359_200_001);
    let first = up(&company, "desk-1", None, &[created, edited]).await;
    assert_eq!(first["acknowledged"].as_array().unwrap().len(), 2, "{first}");
    let version = first["acknowledged"][1]["serverVersion"].as_i64().unwrap();
    let blind = outbox(&company, "b-1", "UPDATE", "s-1", &json!({ "firstName": "Paul" }), 1_772_359_200_002);
    let second = up(&company, "desk-2", None, &[blind]).await;
    let conflict = &second["conflicts"][0];
    assert_eq!(conflict["outboxEventId"], "b-1");
    assert_eq!(conflict["serverData"], json!({ "id": "s-1", "firstName": "Jeanne", "serverVersion": version }));
    let reason = format!("Version locale (1772359200002) différente de version serveur ({version})");
    assert_eq!(conflict["reason"], json!(reason));
    let seen = outbox(&company, "c-1", "UPDATE", "s-1", &json!({ "lastName": "Dupont" }), version);
    let third = up(&company, "desk-3", None, &[seen]).await;
    assert_eq!(third["conflicts"], json!([]), "made from the version that central holds: {third}");
    let stale = outbox(&company, "d-1", "UPDATE", "s-1", &json!({ "lastName": "Durand" }), version);
    let fourth = up(&company, "desk-4", None, &[stale]).await;
    assert_eq!(fourth["conflicts"].as_array().unwrap().len(), 1, "made from the one before: {fourth}");
}

#[tokio::test]
async fn another_tenant_s_event_is_rejected_and_not_stored() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let other = scene.company().await;
    let foreign = outbox(&other, "x-1", "CREATE", "s-9", &json!({ "firstName": "Eve" }), 1);
    let mut odd = outbox(&company, "x-2", "CREATE", "s-2", &json!({ "firstName": "Odd" }), 1);
    odd["operation"] = json!("MERGE");
    let mut product = outbox(&company, "x-3", "CREATE", "A", &json!({ "name": "Pomme" }), 1);
    product["entityType"] = json!("PRODUCT");
    let good = outbox(&company, "x-4", "CREATE", "s-1", &json!({ "firstName": "Jean" }), 1);
    let answer = up(&company, "desk-1", None, &[foreign, odd, product, good]).await;
    let rejected: Vec<(&Value, &Value)> =
        answer["rejected"].as_array().unwrap().iter().map(|one| (&one["outboxEventId"], &one["code"])).collect();
    let (a, b, c) = (json!("WRONG_TENANT"), json!("MALFORMED_BODY"), json!("CENTRAL_ONLY"));
    assert_eq!(rejected, [(&json!("x-1"), &a), (&json!("x-2"), &b), (&json!("x-3"), &c)]);
    assert_eq!(answer["acknowledged"][0]["outboxEventId"], "x-4");
    assert_eq!(other.count("select count(*) from event where tenant_id = $1").await, 2);
    let stored = "select count(*) from entity where tenant_id = $1 and entity_type = 'STUDENT'";
    assert_eq!(company.count(stored).await, 1);
}

#[tokio::test]
async fn a_desktop_resolves_a_conflict_with_the_server_the_local_or_merged_fields() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let pupils = ["s-1", "s-2", "s-3"];
    let create = |id: &&str| {
        outbox(&company, &format!("a-{id}"), "CREATE", id, &json!({ "firstName": "Jean", "level": "6" }), 1)
    };
    up(&company, "desk-1", None, &pupils.iter().map(create).collect::<Vec<_>>()).await;
    let edit = |id: &&str| outbox(&company, &format!("b-{id}"), "UPDATE", id, &json!({ "firstName": "Paul" }), 1);
    let answer = up(&company, "desk-2", None, &pupils.iter().map(edit).collect::<Vec<_>>()).await;
    assert_eq!(answer["conflicts"].as_array().unwrap().len(), 3, "{answer}");
    let resolve = async |event: &str, accept: bool, merged: Value| {
        let mut body = json!({ "clientId": "desk-2", "outboxEventId": event, "acceptServerVersion": accept });
        if !merged.is_null() {
            body["merged"] = merged;
        }
        company.post("/api/sync/resolve", body).await
    };
    let server = resolve("b-s-1", true, Value::Null).await.assert_ok();
    assert_eq!(server["serverData"]["firstName"], "Jean");
    assert_eq!(server["entityId"], "s-1");
    let again = resolve("b-s-1", true, Value::Null).await.assert_ok();
    assert_eq!(again["serverEventId"], server["serverEventId"], "the same choice again is the same choice");
    // Another choice is refused.
    resolve("b-s-1", false, Value::Null).await.assert_status(409);
    let local = resolve("b-s-2", false, Value::Null).await.assert_ok();
    assert_eq!(local["serverData"]["firstName"], "Paul");
    assert_eq!(local["serverData"]["level"], "6");
    let merged = resolve("b-s-3", false, json!({ "firstName": "Jean-Paul" })).await.assert_ok();
    assert_eq!(merged["serverData"]["firstName"], "Jean-Paul");
    assert_eq!(merged["serverData"]["serverVersion"], merged["serverVersion"]);
    resolve("b-none", true, Value::Null).await.assert_status(404);
    let later =
        outbox(&company, "b-9", "UPDATE", "s-2", &json!({ "level": "5" }), local["serverVersion"].as_i64().unwrap());
    let answer = up(&company, "desk-2", None, &[later]).await;
    assert_eq!(answer["acknowledged"].as_array().unwrap().len(), 1, "the conflict is closed: {answer}");
}

/// A pupil that one desktop created and another edited without having received it. Returns the version that the conflict showed.
async fn in_conflict(company: &TestTenant<'_>) -> u64 {
    let made = outbox(company, "a-1", "CREATE", "s-1", &json!({ "firstName": "Jean", "level": "6" }), 1);
    up(company, "desk-1", None, &[made]).await;
    let blind = outbox(company, "b-1", "UPDATE", "s-1", &json!({ "firstName": "Paul" }), 1);
    let answer = up(company, "desk-2", None, &[blind]).await;
    answer["conflicts"][0]["serverData"]["serverVersion"].as_u64().unwrap_or_else(|| panic!("{answer}"))
}

async fn choose(company: &TestTenant<'_>, accept: bool, version: Option<u64>) -> Response {
    let mut body = json!({ "clientId": "desk-2", "outboxEventId": "b-1", "acceptServerVersion": accept });
    if let Some(version) = version {
        body["serverVersion"] = json!(version);
    }
    company.post("/api/sync/resolve", body).await
}

/// The entity changed after the user had looked at it.
#[tokio::test]
async fn a_choice_about_a_moved_entity_is_refused_with_its_present_data() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shown = in_conflict(&company).await;
    let edit = outbox(&company, "a-2", "UPDATE", "s-1", &json!({ "level": "5" }), 1);
    let moved = up(&company, "desk-1", None, &[edit]).await["acknowledged"][0]["serverVersion"].clone();
    for (accept, version) in [(false, Some(shown)), (true, Some(shown)), (false, None)] {
        let data = json!({ "id": "s-1", "firstName": "Jean", "level": "5", "serverVersion": moved });
        choose(&company, accept, version)
            .await
            .assert_problem(412, "PRECONDITION_FAILED")
            .field("serverData", data)
            .field("version", moved.clone())
            .field("entityId", "s-1");
    }
    let decided = choose(&company, false, moved.as_u64()).await.assert_ok();
    assert_eq!(decided["serverData"]["firstName"], "Paul", "{decided}");
    let again = choose(&company, false, moved.as_u64()).await.assert_ok();
    assert_eq!(again, decided, "the same choice, although the pupil moved by it");
}

#[tokio::test]
async fn without_a_version_a_choice_is_about_the_rows_the_desktop_has_received() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    in_conflict(&company).await;
    let edit = outbox(&company, "a-2", "UPDATE", "s-1", &json!({ "level": "5" }), 1);
    up(&company, "desk-1", None, &[edit]).await;
    choose(&company, false, None).await.assert_problem(412, "PRECONDITION_FAILED");
    let page = down(&company, "desk-2", None).await;
    let change = page["changes"].as_array().unwrap().last().unwrap();
    assert_eq!(change["payload"]["level"], "5", "the other's change comes down: {page}");
    // Whether the page arrived is not known.
    choose(&company, false, None).await.assert_problem(412, "PRECONDITION_FAILED");
    down(&company, "desk-2", page["syncTimestamp"].as_str()).await;
    let decided = choose(&company, false, None).await.assert_ok();
    assert_eq!(decided["serverData"]["firstName"], "Paul", "{decided}");

    let other = scene.company().await;
    in_conflict(&other).await;
    let edit = outbox(&other, "a-2", "UPDATE", "s-1", &json!({ "level": "5" }), 1);
    up(&other, "desk-1", None, &[edit]).await;
    let decided = choose(&other, true, None).await.assert_ok();
    assert_eq!(decided["serverData"]["level"], "5", "{decided}");
}
