//! Every local key asks a node for every operation. A node has one site and one tenant.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use comptoir_proto::paths;
use comptoir_test_support::TestNode;
use comptoir_tests::contract::{Endpoint, Reply};
use serde_json::json;

use super::answer::{Names, word};
use super::callers::Caller;
use super::places::{OWN, Place};
use super::request::{Operation, operations};
use super::table::Row;

/// A key that central would issue: it means nothing at a node.
const KEY_OF_CENTRAL: &str = "cpt_000000000000000000000000000000070011223344556677_\
    abababababababababababababababababababababababababababababababab00000000";

pub(super) async fn rows() -> Vec<Row> {
    let node = TestNode::start().await;
    let administrator = Endpoint::service(node.router.clone(), Some(node.key.clone()));
    let mut callers = vec![("nobody", None), ("central's key", Some(KEY_OF_CENTRAL.to_owned()))];
    for (name, grants) in [
        ("key: read", vec!["read"]),
        ("key: record SALE_RECORDED", vec!["record:SALE_RECORDED"]),
        ("key: record", vec!["record"]),
        ("key: audit", vec!["audit"]),
        ("key: export", vec!["export"]),
    ] {
        let made =
            administrator.post(paths::LOCAL_KEYS, &json!({ "label": "a program", "grants": grants })).await.json();
        callers.push((name, Some(made["key"].as_str().unwrap_or_else(|| panic!("no key: {made}")).to_owned())));
    }
    callers.push(("key: administer", Some(node.key.clone())));
    let operations = operations(&administrator).await;
    assert!(operations.len() > 40, "{}", operations.len());
    let place = nowhere();
    let mut rows = Vec::new();
    for operation in &operations {
        for &(caller, ref key) in &callers {
            let reply = ask(&node.router, operation, key.as_deref(), &place).await;
            let said = match word(&reply, operation.reads(), Names::BySiteId, &place) {
                // The operation was permitted, and looked for what is not there.
                "404" => "allowed",
                said => said,
            };
            rows.push(Row { operation: operation.name(), caller, answers: [said, "-", "-"] });
        }
    }
    rows
}

/// Sends a request and reads a refusal. Other answers are not read: the stream of changes has no end.
async fn ask(router: &Router, operation: &Operation, key: Option<&str>, place: &Place) -> Reply {
    use tower::ServiceExt as _;
    let nobody = Caller::of_endpoint("nobody", 0, Endpoint::service(router.clone(), None));
    let request = operation.about(place, &nobody, true);
    let mut builder = Request::builder().method(request.method()).uri(request.target());
    for (name, value) in request.headers() {
        builder = builder.header(*name, value.as_str());
    }
    if let Some(key) = key {
        builder = builder.header(header::AUTHORIZATION, format!("Bearer {key}"));
    }
    let body = Body::from(request.body().to_vec());
    let response = router.clone().oneshot(builder.body(body).expect("a request")).await.expect("a router answers");
    let (parts, body) = response.into_parts();
    let body = match parts.status.is_success() {
        true => Vec::new(),
        false => to_bytes(body, usize::MAX).await.expect("a refusal ends").to_vec(),
    };
    Reply { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// Ids that mean nothing.
fn nowhere() -> Place {
    let id = [9; 16];
    Place {
        name: OWN,
        tenant: comptoir_core::id::TenantId::from_bytes(id),
        site: comptoir_core::id::SiteId::from_bytes(id),
        node: comptoir_core::id::NodeId::from_bytes(id),
        key: String::new(),
        push: serde_json::Value::Null,
        sale: String::new(),
        quarantined: String::new(),
        conflict: String::new(),
        file: String::new(),
        users: vec![String::new()],
    }
}
