//! What central answers without a credential, and parameters that no text of the database can hold.

use comptoir_test_support::TestCentral;

/// The page is open to anybody who reaches the port.
#[tokio::test]
async fn the_start_page_shows_whether_central_works_and_nothing_of_any_tenant() {
    let server = TestCentral::new().await;
    let alone = server.get_as("", "/").await;
    let company = server.company().await;
    company.node().await;
    let page = server.get_as("", "/").await;
    page.assert_status(200);
    assert_eq!(alone.text, page.text, "tenants do not show");
    let html = page.text.as_str();
    assert!(html.contains("Le serveur central travaille") && !html.contains("://"), "{html}");
    let links: Vec<&str> = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    // Without screens there is no page for drivers.
    let others: Vec<&str> = links.iter().copied().filter(|link| *link != "/driver/").collect();
    assert_eq!(others, ["/docs", "/openapi.json", "/readyz", "/healthz"]);
    for link in links {
        assert_eq!(server.get_as("", link).await.status, 200, "{link} needs no credential");
    }
}

/// D8: it is null where the entity was deleted, and a client that is generated from the document has to know.
#[tokio::test]
async fn the_server_data_of_a_resolution_may_be_null() {
    let scene = TestCentral::new().await;
    let document = scene.get_as("", "/openapi.json").await.assert_ok();
    for schema in ["ResolveResponse", "DesktopConflict"] {
        let data = &document["components"]["schemas"][schema]["properties"]["serverData"];
        assert!(data.to_string().contains("null"), "{schema}: {data}");
    }
}

/// The client of head office's screens is generated from this copy, so a change of the API breaks their build and not a user's
/// screen. `COMPTOIR_WRITE_SPEC=1` writes it.
#[tokio::test]
async fn the_screens_are_compiled_against_the_api_as_it_is() {
    let server = TestCentral::new().await;
    let document = server.get_as("", "/openapi.json").await.assert_ok();
    let text = format!("{}\n", serde_json::to_string_pretty(&document).unwrap());
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/api/central.json");
    if std::env::var_os("COMPTOIR_WRITE_SPEC").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let copy = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        copy == text,
        "web/api/central.json is not what central says: run `COMPTOIR_WRITE_SPEC=1 cargo test --workspace --test central -- \
         the_screens_are`"
    );
}

#[tokio::test]
async fn a_parameter_that_postgres_text_cannot_hold_is_refused() {
    let server = TestCentral::new().await;
    let company = server.company().await;
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
