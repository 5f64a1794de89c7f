//! The document at `/openapi.json` and the router say the same.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, header};
use comptoir_test_support::TestCentral;
use serde_json::Value;
use tower::ServiceExt as _;

/// Each constant of the paths, as it stands in its source.
fn paths() -> impl Iterator<Item = &'static str> {
    let source = include_str!("../../../proto-schemas/src/paths.rs");
    source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split('"').nth(1))
}

#[tokio::test]
async fn every_route_is_in_the_document_and_the_other_way_round() {
    let scene = TestCentral::new().await;
    let mut routed = BTreeSet::new();
    for path in paths() {
        // A known path says which methods it takes.
        let place = path.replace(['{', '}'], "");
        let request = Request::builder().method("TRACE").uri(&place).body(Body::empty()).unwrap();
        let response = scene.router.clone().oneshot(request).await.unwrap();
        let allow = response.headers().get(header::ALLOW);
        let allowed = allow.map(|allow| allow.to_str().unwrap().to_lowercase()).unwrap_or_default();
        let methods = allowed.split(',').filter(|method| !method.is_empty() && *method != "head");
        routed.extend(methods.map(|method| (path.to_owned(), method.to_owned())));
    }
    let (_, document): (_, Value) = scene.get("", "/openapi.json").await;
    let described = document["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().keys().map(move |method| (path.clone(), method.clone()))
    });
    assert_eq!(described.collect::<BTreeSet<_>>(), routed);
    assert!(routed.len() > 40);
}

/// The page is open to anybody who reaches the port.
#[tokio::test]
async fn the_start_page_says_whether_central_works_and_nothing_of_any_tenant() {
    let scene = TestCentral::new().await;
    let alone = scene.get("", "/").await;
    let company = scene.company().await;
    company.node().await;
    let page = scene.get("", "/").await;
    assert_eq!(alone, page, "what tenants there are changes nothing of it");
    assert_eq!(page.0, 200);
    let html = page.1.as_str().expect("a page is no JSON");
    assert!(html.contains("Le serveur central travaille") && !html.contains("://"), "{html}");
    let links: Vec<&str> = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(links, ["/docs", "/openapi.json", "/readyz", "/healthz"]);
    for link in links {
        assert_eq!(scene.get("", link).await.0, 200, "{link} needs no credential");
    }
}

#[tokio::test]
async fn what_no_text_of_the_database_can_hold_is_refused_as_a_parameter() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let nul_in_cursor = hex::encode(r#"["a\u0000"]"#);
    for path in [
        "/api/v1/deliveries?reference=a%00".to_owned(),
        "/api/v1/entities/CLIENT/a%00".to_owned(),
        "/api/v1/events/%ff".to_owned(),
        format!("/api/v1/products?cursor={nul_in_cursor}"),
    ] {
        let (status, problem) = scene.get(&company.token, &path).await;
        assert_eq!((status.as_u16(), &problem["code"]), (400, &Value::from("INVALID_PARAMETER")), "{path}: {problem}");
    }
}
