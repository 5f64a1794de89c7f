//! The desktop contract: what a desktop sends, the ids that it is given, and how its conflicts are decided.

use axum::http::StatusCode;
use comptoir_test_support::{TestCentral, TestTenant};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::devices::{down, ids, outbox, up};

#[tokio::test]
async fn a_pupil_made_offline_keeps_its_id_and_the_same_outbox_gets_the_same_answer() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let jean = json!({ "id": "student_1", "firstName": "Jean", "lastName": "DUPONT" });
    let event = outbox(&company, "evt_123", "CREATE", "student_1", &jean, 1_772_359_200_000);
    let answer = up(&company, "desk-1", None, std::slice::from_ref(&event)).await;
    assert_eq!((&answer["conflicts"], &answer["rejected"]), (&json!([]), &json!([])));
    let acknowledged = &answer["acknowledged"][0];
    assert_eq!((&acknowledged["outboxEventId"], &acknowledged["entityId"]), (&json!("evt_123"), &json!("student_1")));
    let (_, student) = scene.get(&company.token, "/api/v1/entities/STUDENT/student_1").await;
    assert_eq!(student["version"], acknowledged["serverVersion"]);
    let again = up(&company, "desk-1", Some("2026-03-01T09:30:00.000Z"), &[event]).await;
    assert_eq!(again, answer, "sent again after a lost answer, and after a synchronisation");
    assert_eq!(company.count("select count(*) from event where tenant_id = $1").await, 4);
}

#[tokio::test]
async fn a_taken_id_gives_way_to_another_which_later_events_and_references_follow() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let made =
        |id: &str, name: &str| outbox(&company, id, "CREATE", "s-1", &json!({ "id": "s-1", "firstName": name }), 1);
    let first = up(&company, "desk-1", None, &[made("a-1", "Jean")]).await;
    assert_eq!(first["acknowledged"][0]["entityId"], json!("s-1"));
    let edit = outbox(&company, "b-2", "UPDATE", "s-1", &json!({ "firstName": "Aïcha" }), 1);
    let mut grade = outbox(&company, "b-3", "CREATE", "g-1", &json!({ "studentId": "s-1", "mark": 12 }), 1);
    grade["entityType"] = json!("GRADE");
    let events = [made("b-1", "Aicha"), edit, grade];
    let second = up(&company, "desk-2", None, &events).await;
    assert_eq!((&second["conflicts"], &second["rejected"]), (&json!([]), &json!([])), "{second}");
    let given = second["acknowledged"][0]["entityId"].as_str().unwrap();
    assert!(Uuid::parse_str(given).is_ok() && second["acknowledged"][1]["entityId"] == json!(given), "{second}");
    let entity = |entity_type: &str, id: &str| format!("/api/v1/entities/{entity_type}/{id}");
    let (_, pupil) = scene.get(&company.token, &entity("STUDENT", given)).await;
    assert_eq!(pupil["fields"], json!({ "id": given, "firstName": "Aïcha" }));
    let (_, other) = scene.get(&company.token, &entity("STUDENT", "s-1")).await;
    assert_eq!(other["fields"]["firstName"], json!("Jean"), "the other's pupil is untouched");
    let (_, mark) = scene.get(&company.token, &entity("GRADE", "g-1")).await;
    assert_eq!(mark["fields"]["studentId"], json!(given));
    assert_eq!(up(&company, "desk-2", None, &events).await, second, "sent again");
    let later = outbox(&company, "b-4", "UPDATE", "s-1", &json!({ "phone": "06" }), 1);
    let third = up(&company, "desk-2", None, &[later]).await;
    assert_eq!(third["acknowledged"][0]["entityId"], json!(given), "in a later request, too");
}

/// The client's own pupil has another id by now, and the other's has come down to it under the old one.
#[tokio::test]
async fn a_client_whose_id_was_replaced_edits_the_other_s_record_of_that_id_by_its_version() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let made =
        |id: &str, name: &str| outbox(&company, id, "CREATE", "s-1", &json!({ "id": "s-1", "firstName": name }), 1);
    let first = up(&company, "desk-1", None, &[made("a-1", "Jean")]).await;
    let version = first["acknowledged"][0]["serverVersion"].as_i64().unwrap();
    let second = up(&company, "desk-2", None, &[made("b-1", "Aïcha")]).await;
    let own = second["acknowledged"][0]["entityId"].as_str().unwrap().to_owned();
    // A number of its own making that happens to be one of the other's versions, which it was never given.
    let counted = outbox(&company, "b-2", "UPDATE", "s-1", &json!({ "phone": "06" }), version);
    let answer = up(&company, "desk-2", None, std::slice::from_ref(&counted)).await;
    assert_eq!(answer["acknowledged"][0]["entityId"], json!(own), "{answer}");
    let page = down(&company, "desk-2", None).await;
    let since = page["syncTimestamp"].as_str();
    assert_eq!(
        (ids(&page["changes"], "entityId"), &page["changes"][0]["serverVersion"]),
        (vec!["s-1"], &json!(version))
    );
    assert_eq!(up(&company, "desk-2", since, &[counted]).await, answer, "sent again after the other's came down");
    let late = outbox(&company, "b-3", "UPDATE", "s-1", &json!({ "level": "6" }), 1_772_359_200_000);
    let other = outbox(&company, "b-4", "UPDATE", "s-1", &json!({ "id": "s-1", "firstName": "Jeanne" }), version);
    let events = [late, other];
    let answer = up(&company, "desk-2", since, &events).await;
    assert_eq!((&answer["conflicts"], &answer["rejected"]), (&json!([]), &json!([])), "{answer}");
    assert_eq!(ids(&answer["acknowledged"], "entityId"), [own.as_str(), "s-1"], "{answer}");
    assert_eq!(up(&company, "desk-2", since, &events).await, answer, "sent again");
    let fields =
        async |id: &str| scene.get(&company.token, &format!("/api/v1/entities/STUDENT/{id}")).await.1["fields"].clone();
    assert_eq!(fields("s-1").await, json!({ "id": "s-1", "firstName": "Jeanne" }));
    assert_eq!(fields(&own).await, json!({ "id": own, "firstName": "Aïcha", "phone": "06", "level": "6" }));
    let next = answer["acknowledged"][1]["serverVersion"].as_i64().unwrap();
    let chained = outbox(&company, "b-5", "UPDATE", "s-1", &json!({ "level": "5" }), next);
    let stale = outbox(&company, "c-1", "UPDATE", "s-1", &json!({ "level": "4" }), version);
    let answer = up(&company, "desk-2", since, &[chained]).await;
    assert_eq!(
        answer["acknowledged"][0]["entityId"],
        json!("s-1"),
        "from the version that its own edit made: {answer}"
    );
    let answer = up(&company, "desk-3", since, &[stale]).await;
    assert_eq!(answer["conflicts"].as_array().map(Vec::len), Some(1), "and is held to it like anybody: {answer}");
}

#[tokio::test]
async fn an_id_that_is_none_here_is_given_another() {
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
    let (_, pupil) = scene.get(&company.token, &format!("/api/v1/entities/STUDENT/{given}")).await;
    assert_eq!(pupil["fields"], json!({ "id": given, "firstName": "Jean", "phone": "06" }));
}

#[tokio::test]
async fn another_s_change_makes_a_conflict_with_the_server_s_data_and_one_s_own_chain_of_edits_makes_none() {
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
    assert_eq!(conflict["outboxEventId"], json!("b-1"));
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
async fn another_tenant_s_event_is_rejected_alone_and_nothing_of_it_is_stored() {
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
    assert_eq!(answer["acknowledged"][0]["outboxEventId"], json!("x-4"));
    assert_eq!(other.count("select count(*) from event where tenant_id = $1").await, 2);
    let stored = "select count(*) from entity where tenant_id = $1 and entity_type = 'STUDENT'";
    assert_eq!(company.count(stored).await, 1);
}

#[tokio::test]
async fn a_conflict_of_a_desktop_is_resolved_by_the_server_s_version_by_its_own_or_by_merged_fields() {
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
        scene.post(&company.token, "/api/sync/resolve", body.to_string()).await
    };
    let (status, server) = resolve("b-s-1", true, Value::Null).await;
    assert_eq!(status, StatusCode::OK, "{server}");
    assert_eq!((&server["serverData"]["firstName"], &server["entityId"]), (&json!("Jean"), &json!("s-1")));
    let (_, again) = resolve("b-s-1", true, Value::Null).await;
    assert_eq!(again["serverEventId"], server["serverEventId"], "the same choice again is the same choice");
    let (status, _) = resolve("b-s-1", false, Value::Null).await;
    assert_eq!(status, StatusCode::CONFLICT, "and no other");
    let (_, local) = resolve("b-s-2", false, Value::Null).await;
    assert_eq!(local["serverData"]["firstName"], json!("Paul"));
    assert_eq!(local["serverData"]["level"], json!("6"));
    let (_, merged) = resolve("b-s-3", false, json!({ "firstName": "Jean-Paul" })).await;
    assert_eq!(merged["serverData"]["firstName"], json!("Jean-Paul"));
    assert_eq!(merged["serverData"]["serverVersion"], merged["serverVersion"]);
    let (status, _) = resolve("b-none", true, Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let later =
        outbox(&company, "b-9", "UPDATE", "s-2", &json!({ "level": "5" }), local["serverVersion"].as_i64().unwrap());
    let answer = up(&company, "desk-2", None, &[later]).await;
    assert_eq!(answer["acknowledged"].as_array().unwrap().len(), 1, "the conflict is closed: {answer}");
}

/// A pupil that one desktop made and another edited blindly: the second is in conflict, and has been shown version `.0`.
async fn in_conflict(company: &TestTenant<'_>) -> u64 {
    let made = outbox(company, "a-1", "CREATE", "s-1", &json!({ "firstName": "Jean", "level": "6" }), 1);
    up(company, "desk-1", None, &[made]).await;
    let blind = outbox(company, "b-1", "UPDATE", "s-1", &json!({ "firstName": "Paul" }), 1);
    let answer = up(company, "desk-2", None, &[blind]).await;
    answer["conflicts"][0]["serverData"]["serverVersion"].as_u64().unwrap_or_else(|| panic!("{answer}"))
}

async fn choose(company: &TestTenant<'_>, accept: bool, version: Option<u64>) -> (StatusCode, Value) {
    let mut body = json!({ "clientId": "desk-2", "outboxEventId": "b-1", "acceptServerVersion": accept });
    if let Some(version) = version {
        body["serverVersion"] = json!(version);
    }
    company.scene.post(&company.token, "/api/sync/resolve", body.to_string()).await
}

/// What the choice would write over came after the user had looked.
#[tokio::test]
async fn a_desktop_s_choice_about_what_has_moved_on_is_refused_with_what_is_there_now() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shown = in_conflict(&company).await;
    let edit = outbox(&company, "a-2", "UPDATE", "s-1", &json!({ "level": "5" }), 1);
    let moved = up(&company, "desk-1", None, &[edit]).await["acknowledged"][0]["serverVersion"].clone();
    for (accept, version) in [(false, Some(shown)), (true, Some(shown)), (false, None)] {
        let (status, problem) = choose(&company, accept, version).await;
        assert_eq!((status, &problem["code"]), (StatusCode::PRECONDITION_FAILED, &json!("PRECONDITION_FAILED")));
        let data = json!({ "id": "s-1", "firstName": "Jean", "level": "5", "serverVersion": moved });
        assert_eq!((&problem["serverData"], &problem["version"], &problem["entityId"]), (&data, &moved, &json!("s-1")));
    }
    let (status, decided) = choose(&company, false, moved.as_u64()).await;
    assert_eq!((status, &decided["serverData"]["firstName"]), (StatusCode::OK, &json!("Paul")), "{decided}");
    let (_, again) = choose(&company, false, moved.as_u64()).await;
    assert_eq!(again, decided, "the same choice, although the pupil moved by it");
}

#[tokio::test]
async fn a_desktop_that_names_no_version_decides_about_what_it_holds_and_may_always_take_the_server_s() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    in_conflict(&company).await;
    let edit = outbox(&company, "a-2", "UPDATE", "s-1", &json!({ "level": "5" }), 1);
    up(&company, "desk-1", None, &[edit]).await;
    assert_eq!(choose(&company, false, None).await.0, StatusCode::PRECONDITION_FAILED);
    let page = down(&company, "desk-2", None).await;
    let change = page["changes"].as_array().unwrap().last().unwrap();
    assert_eq!(change["payload"]["level"], json!("5"), "the other's change comes down: {page}");
    assert_eq!(
        choose(&company, false, None).await.0,
        StatusCode::PRECONDITION_FAILED,
        "whether it arrived is not known"
    );
    down(&company, "desk-2", page["syncTimestamp"].as_str()).await;
    let (status, decided) = choose(&company, false, None).await;
    assert_eq!((status, &decided["serverData"]["firstName"]), (StatusCode::OK, &json!("Paul")), "{decided}");

    let other = scene.company().await;
    in_conflict(&other).await;
    let edit = outbox(&other, "a-2", "UPDATE", "s-1", &json!({ "level": "5" }), 1);
    up(&other, "desk-1", None, &[edit]).await;
    let (status, decided) = choose(&other, true, None).await;
    assert_eq!((status, &decided["serverData"]["level"]), (StatusCode::OK, &json!("5")), "{decided}");
}
