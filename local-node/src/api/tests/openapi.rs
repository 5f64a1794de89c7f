use super::Shop;

/// A person opens the printed address.
#[tokio::test]
async fn the_start_page_uses_the_browsers_language_and_links_to_existing_paths() {
    let shop = Shop::open().await;
    shop.sell(1..3).await;
    let french = shop.send("GET", "/start", "application/json", "").await;
    let english = shop.send_with("GET", "/start", &[("accept-language", "en-GB")], "").await;
    assert_eq!((french.status, english.status), (200, 200));
    assert_eq!(english.headers["content-type"], "text/html; charset=utf-8");
    assert!(french.text().contains("<dt>À envoyer</dt><dd>2<small>"), "{}", french.text());
    assert!(english.text().contains("<dt>To be sent</dt><dd>2<small>"), "{}", english.text());
    assert!(english.text().contains(&shop.node.log().identity().site.to_string()));
    assert!(!english.text().contains("://"), "the page contains an address");
    let links: Vec<String> =
        english.text().split("href=\"").skip(1).filter_map(|rest| Some(rest.split('"').next()?.to_owned())).collect();
    assert_eq!(links.len(), 5);
    for link in links {
        assert_eq!(shop.send("GET", &link, "application/json", "").await.status, 200, "{link}");
    }
}

/// The screens' client is generated from this copy, so a change of the API breaks their build and not a user's screen.
/// `COMPTOIR_WRITE_SPEC=1` writes it.
#[tokio::test]
async fn the_screens_are_compiled_against_the_api_as_it_is() {
    let shop = Shop::open().await;
    let document = shop.get("/openapi.json").await.json();
    let text = format!("{}\n", serde_json::to_string_pretty(&document).unwrap());
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/api/node.json");
    if std::env::var_os("COMPTOIR_WRITE_SPEC").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let copy = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        copy == text,
        "web/api/node.json is not what this node says: run `COMPTOIR_WRITE_SPEC=1 cargo test --workspace --lib -- \
         the_screens_are`"
    );
}

/// A browser gets the screens at `/` where they were built, and the start page where they were not.
#[tokio::test]
async fn the_first_page_is_the_screens_or_says_what_the_shop_does() {
    let shop = Shop::open().await;
    let page = shop.send_alone("GET", "/", &[], "").await;
    assert_eq!((page.status, &page.headers["content-type"]), (200, &"text/html; charset=utf-8".parse().unwrap()));
    let is_built = comptoir_http_edge::screens_page(&axum::http::HeaderMap::new()).is_some();
    let expected = if is_built { "/assets/" } else { "La boutique enregistre" };
    assert!(page.text().contains(expected), "{}", page.text());
    shop.send_alone("GET", "/assets/none.js", &[], "").await.problem(404, "NOT_FOUND");
}
