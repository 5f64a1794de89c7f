use std::collections::BTreeSet;

use serde_json::Value;

use super::Shop;

/// Each path constant, as in its source.
fn paths() -> impl Iterator<Item = &'static str> {
    let source = include_str!("../../../../proto-schemas/src/paths.rs");
    source.lines().filter_map(|line| line.strip_prefix("pub const ")?.split('"').nth(1))
}

#[tokio::test]
async fn every_route_is_in_the_document_and_the_other_way_round() {
    let shop = Shop::open().await;
    let mut routed = BTreeSet::new();
    for path in paths() {
        // A known path names its methods.
        let place = path.replace("{type}", "X").replace(['{', '}'], "");
        let reply = shop.send("TRACE", &place, "application/json", "").await;
        let allowed =
            reply.headers.get("allow").map(|allow| allow.to_str().unwrap().to_lowercase()).unwrap_or_default();
        let methods = allowed.split(',').filter(|method| !method.is_empty() && *method != "head");
        routed.extend(methods.map(|method| (path.to_owned(), method.to_owned())));
    }
    let document = shop.send("GET", "/openapi.json", "application/json", "").await.json();
    let described = document["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().keys().map(move |method| (path.clone(), method.clone()))
    });
    assert_eq!(described.collect::<BTreeSet<_>>(), routed);
    assert!(routed.len() > 30);
}

/// A person opens the printed address.
#[tokio::test]
async fn the_start_page_uses_the_browsers_language_and_links_to_existing_paths() {
    let shop = Shop::open().await;
    shop.sell(1..3).await;
    let french = shop.send("GET", "/", "application/json", "").await;
    let english = shop.send_with("GET", "/", &[("accept-language", "en-GB")], "").await;
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

#[tokio::test]
async fn the_document_and_its_page_need_nothing_from_elsewhere() {
    let shop = Shop::open().await;
    let page = shop.send("GET", "/docs", "application/json", "").await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("://"), "the page contains an address");
    let document: Value = shop.send("GET", "/openapi.json", "application/json", "").await.json();
    assert_eq!(document["openapi"], "3.1.0");
}
