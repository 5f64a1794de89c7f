//! Edits through central name the version that their editor had seen.

use axum::http::{StatusCode, header};
use comptoir_test_support::{TestCentral, TestTenant};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::conflicts::ask;

fn fields(fields: &Value) -> Value {
    json!({ "id": Uuid::now_v7(), "fields": fields })
}

async fn etag(company: &TestTenant<'_>, path: &str) -> String {
    let (_, headers, body) = ask(company.scene, &company.token, ("GET", path), None, &Value::Null).await;
    headers.get(header::ETAG).unwrap_or_else(|| panic!("{path}: {body}")).to_str().unwrap().to_owned()
}

#[tokio::test]
async fn two_users_of_central_do_not_overwrite_each_other_unseen_whatever_the_rule() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let shop = company.node().await;
    let new = json!({ "id": Uuid::now_v7(), "entity_id": "1", "fields": { "name": "Dupont" } });
    assert_eq!(scene.post(&shop.key, "/api/v1/clients", new.to_string()).await.0, StatusCode::OK);
    let pupil = json!({ "id": Uuid::now_v7(), "entity_type": "STUDENT", "entity_id": "1", "action": "CREATE",
        "payload": { "name": "Dupont" } });
    assert_eq!(scene.post(&company.token, "/api/v1/events", pupil.to_string()).await.0, StatusCode::OK);
    // Clients are under last-writer-wins, pupils under the version check.
    for path in ["/api/v1/clients/1", "/api/v1/entities/CLIENT/1", "/api/v1/entities/STUDENT/1"] {
        for method in ["PUT", "PATCH", "DELETE"] {
            let (status, _, problem) = ask(&scene, &shop.key, (method, path), None, &fields(&json!({}))).await;
            assert_eq!((status.as_u16(), &problem["code"]), (428, &json!("PRECONDITION_REQUIRED")), "{method} {path}");
            for tag in ["*", "17", "W/\"17\"", "\"x\""] {
                let (status, _, problem) = ask(&scene, &shop.key, (method, path), Some(tag), &fields(&json!({}))).await;
                assert_eq!(
                    (status.as_u16(), &problem["code"]),
                    (400, &json!("INVALID_PARAMETER")),
                    "{method} {path} {tag}"
                );
            }
        }
        let seen = etag(&company, path).await;
        let first = fields(&json!({ "phone": "06" }));
        let (status, _, answer) = ask(&scene, &shop.key, ("PATCH", path), Some(&seen), &first).await;
        assert_eq!((status, &answer["results"][0]["decision"]["verdict"]), (StatusCode::OK, &json!("ACCEPTED")));
        let second = fields(&json!({ "phone": "07" }));
        let (status, headers, problem) = ask(&scene, &company.token, ("PUT", path), Some(&seen), &second).await;
        assert_eq!((status.as_u16(), &problem["code"]), (412, &json!("PRECONDITION_FAILED")), "{path}");
        let now = etag(&company, path).await;
        assert_eq!(
            (headers[header::ETAG].to_str().unwrap(), format!("\"{}\"", problem["version"])),
            (&*now, now.clone())
        );
        // The first one again, after its answer was lost: it is not held against what came of it.
        let (status, _, again) = ask(&scene, &shop.key, ("PATCH", path), Some(&seen), &first).await;
        assert_eq!((status, &again["results"][0]["duplicate"]), (StatusCode::OK, &json!(true)), "{again}");
        let (status, _, _) = ask(&scene, &company.token, ("PUT", path), Some(&now), &second).await;
        assert_eq!(status, StatusCode::OK);
        let (_, entity) = scene.get(&company.token, path).await;
        assert_eq!(entity["fields"], json!({ "name": "Dupont", "phone": "07" }));
    }
    let path = "/api/v1/clients/1";
    let seen = etag(&company, path).await;
    let ids = [Uuid::now_v7(), Uuid::now_v7()].map(|id| json!({ "id": id }));
    let deleted = ids.each_ref().map(|id| ask(&scene, &shop.key, ("DELETE", path), Some(&seen), id));
    let mut statuses: Vec<u16> =
        futures_util::future::join_all(deleted).await.iter().map(|answer| answer.0.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404], "of two at once, one comes second");
    let (status, _, problem) =
        ask(&scene, &shop.key, ("PATCH", "/api/v1/clients/9"), Some("\"3\""), &fields(&json!({}))).await;
    assert_eq!((status.as_u16(), &problem["code"]), (404, &json!("NOT_FOUND")), "nobody can have seen it");
}

#[tokio::test]
async fn an_entity_of_any_type_is_made_under_a_name_that_is_free() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let path = "/api/v1/entities/CLASS/6B";
    let make = |name: &str| {
        axum::http::Request::put(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", company.token))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::IF_NONE_MATCH, "*")
            .body(axum::body::Body::from(fields(&json!({ "name": name })).to_string()))
            .unwrap()
    };
    let (status, answer) = scene.send(make("Sixième B")).await;
    assert_eq!((status, &answer["results"][0]["decision"]["verdict"]), (StatusCode::OK, &json!("ACCEPTED")));
    let (status, problem) = scene.send(make("6e B")).await;
    assert_eq!((status.as_u16(), &problem["code"]), (412, &json!("PRECONDITION_FAILED")));
    let seen = etag(&company, path).await;
    let (status, _, _) =
        ask(&scene, &company.token, ("DELETE", path), Some(&seen), &json!({ "id": Uuid::now_v7() })).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(scene.send(make("6e B")).await.0, StatusCode::OK, "the name is free again");
    let (_, class) = scene.get(&company.token, path).await;
    assert_eq!(class["fields"], json!({ "name": "6e B" }));
}
