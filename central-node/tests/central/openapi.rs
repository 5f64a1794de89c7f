//! What central answers without a credential, and parameters that no text of the database can hold.

use serde_json::Value;

use crate::harness::TestCentral;

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
