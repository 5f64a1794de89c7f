use super::Shop;

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
