//! The QR code of a receipt: anybody can ask whether the log has exactly that record.

use comptoir_core::position::Seq;
use serde_json::Value;

use super::Shop;
use super::shop::id;

/// The path in the receipt of a sale.
async fn receipt_path(shop: &Shop, number: u64) -> String {
    let event = shop.get(&format!("/api/v1/events/{}", id(number))).await.json();
    event["receipt"].as_str().expect("an event has a receipt's path").to_owned()
}

/// Without any credential.
async fn ask(shop: &Shop, path: &str) -> Value {
    let reply = shop.send_alone("GET", path, &[], "").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

#[tokio::test]
async fn a_receipt_is_genuine_for_the_person_who_holds_it() {
    let shop = Shop::open().await;
    shop.sell(0..2).await;
    let path = receipt_path(&shop, 1).await;

    let proof = ask(&shop, &path).await;

    assert_eq!(proof["state"], "RECORDED");
    let event = shop.get(&format!("/api/v1/events/{}", id(1))).await.json();
    for field in ["action", "entity_id", "occurred_at"] {
        assert_eq!(proof["record"][field], event[field], "{field}");
    }
    for field in ["currency", "total_minor"] {
        assert_eq!(proof["record"][field], event["payload"][field], "{field}");
    }
    let shown: Vec<&String> = proof["record"].as_object().expect("a record").keys().collect();
    assert_eq!(shown, ["action", "currency", "entity_id", "occurred_at", "total_minor"], "and nobody's name");
}

#[tokio::test]
async fn an_altered_receipt_is_not_recorded_and_does_not_reveal_what_is() {
    let shop = Shop::open().await;
    shop.sell(0..1).await;
    let path = receipt_path(&shop, 0).await;
    // The last characters are of the chain, the ones before of the seq, and of the node.
    let altered = |at: usize| {
        let other = if path.as_bytes()[at] == b'A' { "B" } else { "A" };
        format!("{}{other}{}", &path[..at], &path[at + 1..])
    };
    for at in [30, 59, path.len() - 10] {
        assert_eq!(ask(&shop, &altered(at)).await, serde_json::json!({ "state": "NOT_RECORDED" }), "character {at}");
    }
    shop.send_alone("GET", "/r/no-code", &[], "").await.problem(404, "NOT_FOUND");
}

/// A receipt that was printed before a restore of the shop's disk stays genuine where its record is.
#[tokio::test]
async fn a_receipt_of_an_earlier_epoch_stays_genuine() {
    let shop = Shop::open().await;
    shop.sell(0..1).await;
    let path = receipt_path(&shop, 0).await;
    shop.node.log().open_epoch_and_reseal(None, "a test").await.unwrap();
    assert_eq!(ask(&shop, &path).await["state"], "RECORDED");
    assert!(shop.node.log().last(2) > Seq(0), "the sale was sealed again in the new epoch");
}

#[tokio::test]
async fn a_browser_gets_a_page_and_a_printer_a_picture() {
    let shop = Shop::open().await;
    shop.sell(0..1).await;
    let path = receipt_path(&shop, 0).await;
    let page = shop.send_alone("GET", &path, &[("accept", "text/html"), ("accept-language", "fr")], "").await;
    assert!(page.text().contains("authentique"), "{}", page.text());
    assert!(!page.text().contains("<script"), "{}", page.text());
    let picture = shop.send_alone("GET", &format!("{path}/qr.svg"), &[], "").await;
    assert_eq!((picture.status, &picture.headers["content-type"]), (200, &"image/svg+xml".parse().unwrap()));
    assert!(picture.text().contains("<svg"), "{}", picture.text());
}
