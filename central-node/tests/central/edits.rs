//! Edits through central name the version that the editor saw.

use axum::http::header;
use comptoir_test_support::events::Edit;
use comptoir_test_support::{TestCentral, TestTenant};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::conflicts::ask;

fn fields(fields: &Value) -> Value {
    json!({ "id": Uuid::now_v7(), "fields": fields })
}

async fn etag(company: &TestTenant<'_>, path: &str) -> String {
    ask(company.server, &company.token, ("GET", path), None, &Value::Null).await.header(header::ETAG).to_owned()
}

#[tokio::test]
async fn two_users_of_central_do_not_overwrite_each_other_under_any_rule() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let shop = company.node().await;
    let new = json!({ "id": Uuid::now_v7(), "entity_id": "1", "fields": { "name": "Dupont" } });
    shop.post(&server, "/api/v1/clients", new).await.assert_ok();
    let pupil = Edit { entity_type: "STUDENT", fields: json!({ "name": "Dupont" }), ..Edit::default() };
    company.record("1", &pupil).await;
    // Clients are under last-writer-wins, pupils under version check.
    for path in ["/api/v1/clients/1", "/api/v1/entities/CLIENT/1", "/api/v1/entities/STUDENT/1"] {
        for method in ["PUT", "PATCH", "DELETE"] {
            ask(&server, &shop.key, (method, path), None, &fields(&json!({})))
                .await
                .assert_problem(428, "PRECONDITION_REQUIRED");
            for tag in ["*", "17", "W/\"17\"", "\"x\""] {
                ask(&server, &shop.key, (method, path), Some(tag), &fields(&json!({})))
                    .await
                    .for_case((method, tag))
                    .assert_problem(400, "INVALID_PARAMETER");
            }
        }
        let seen = etag(&company, path).await;
        let first = fields(&json!({ "phone": "06" }));
        let answer = ask(&server, &shop.key, ("PATCH", path), Some(&seen), &first).await.assert_ok();
        assert_eq!(answer["results"][0]["decision"]["verdict"], "ACCEPTED");
        let second = fields(&json!({ "phone": "07" }));
        let stale = ask(&server, &company.token, ("PUT", path), Some(&seen), &second).await;
        stale.assert_problem(412, "PRECONDITION_FAILED");
        let now = etag(&company, path).await;
        assert_eq!(stale.header(header::ETAG), now);
        assert_eq!(format!("\"{}\"", stale.body["version"]), now);
        // The first edit again, after its answer was lost: not compared with its own effect.
        let again = ask(&server, &shop.key, ("PATCH", path), Some(&seen), &first).await.assert_ok();
        assert_eq!(again["results"][0]["duplicate"], true, "{again}");
        ask(&server, &company.token, ("PUT", path), Some(&now), &second).await.assert_status(200);
        let entity = company.get(path).await.assert_ok();
        assert_eq!(entity["fields"], json!({ "name": "Dupont", "phone": "07" }));
    }
    let path = "/api/v1/clients/1";
    let seen = etag(&company, path).await;
    let ids = [Uuid::now_v7(), Uuid::now_v7()].map(|id| json!({ "id": id }));
    let deleted = ids.each_ref().map(|id| ask(&server, &shop.key, ("DELETE", path), Some(&seen), id));
    let mut statuses: Vec<u16> =
        futures_util::future::join_all(deleted).await.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404], "of two at once, one comes second");
    // No version of an unknown entity can have been seen.
    ask(&server, &shop.key, ("PATCH", "/api/v1/clients/9"), Some("\"3\""), &fields(&json!({})))
        .await
        .assert_problem(404, "NOT_FOUND");
}

#[tokio::test]
async fn an_entity_of_any_type_is_created_under_a_free_id() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let path = "/api/v1/entities/CLASS/6B";
    let make = |name: &str| {
        axum::http::Request::put(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", company.token))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::IF_NONE_MATCH, "*")
            .body(axum::body::Body::from(fields(&json!({ "name": name })).to_string()))
            .unwrap()
    };
    let answer = server.request(make("Sixième B")).await.assert_ok();
    assert_eq!(answer["results"][0]["decision"]["verdict"], "ACCEPTED");
    server.request(make("6e B")).await.assert_problem(412, "PRECONDITION_FAILED");
    let seen = etag(&company, path).await;
    ask(&server, &company.token, ("DELETE", path), Some(&seen), &json!({ "id": Uuid::now_v7() })).await.assert_ok();
    // The name is free again.
    server.request(make("6e B")).await.assert_ok();
    let class = company.get(path).await.assert_ok();
    assert_eq!(class["fields"], json!({ "name": "6e B" }));
}
