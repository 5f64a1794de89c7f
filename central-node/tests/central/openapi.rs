//! The document at `/openapi.json` and the router agree.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, header};
use comptoir_test_support::TestCentral;
use tower::ServiceExt as _;

/// Every path constant, read from its source.
fn paths() -> impl Iterator<Item = &'static str> {
    let source = include_str!("../../../proto-schemas/src/paths.rs");
    source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split('"').nth(1))
}

#[tokio::test]
async fn every_route_is_in_the_openapi_document_and_every_path_has_a_route() {
    let scene = TestCentral::new().await;
    let mut routed = BTreeSet::new();
    for path in paths() {
        // A known path names its methods in `Allow`.
        let place = path.replace(['{', '}'], "");
        let request = Request::builder().method("TRACE").uri(&place).body(Body::empty()).unwrap();
        let response = scene.router.clone().oneshot(request).await.unwrap();
        let allow = response.headers().get(header::ALLOW);
        let allowed = allow.map(|allow| allow.to_str().unwrap().to_lowercase()).unwrap_or_default();
        let methods = allowed.split(',').filter(|method| !method.is_empty() && *method != "head");
        routed.extend(methods.map(|method| (path.to_owned(), method.to_owned())));
    }
    let document = scene.get_as("", "/openapi.json").await.assert_ok();
    let described = document["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().keys().map(move |method| (path.clone(), method.clone()))
    });
    assert_eq!(described.collect::<BTreeSet<_>>(), routed);
    assert!(routed.len() > 40);
}

/// The page is open to anybody who reaches the port.
#[tokio::test]
async fn the_start_page_shows_whether_central_works_and_nothing_of_any_tenant() {
    let scene = TestCentral::new().await;
    let alone = scene.get_as("", "/").await;
    let company = scene.company().await;
    company.node().await;
    let page = scene.get_as("", "/").await;
    page.assert_status(200);
    assert_eq!(alone.text, page.text, "tenants do not show");
    let html = page.text.as_str();
    assert!(html.contains("Le serveur central travaille") && !html.contains("://"), "{html}");
    let links: Vec<&str> = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(links, ["/docs", "/openapi.json", "/readyz", "/healthz"]);
    for link in links {
        assert_eq!(scene.get_as("", link).await.status, 200, "{link} needs no credential");
    }
}

#[tokio::test]
async fn a_parameter_that_postgres_text_cannot_hold_is_refused() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let nul_in_cursor = hex::encode(r#"["a\u0000"]"#);
    for path in [
        "/api/v1/deliveries?reference=a%00".to_owned(),
        "/api/v1/entities/CLIENT/a%00".to_owned(),
        "/api/v1/events/%ff".to_owned(),
        format!("/api/v1/products?cursor={nul_in_cursor}"),
    ] {
        company.get(&path).await.for_case(&path).assert_problem(400, "INVALID_PARAMETER");
    }
}
