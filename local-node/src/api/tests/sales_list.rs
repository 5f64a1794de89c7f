//! What a till asks about its own sales.

use serde_json::{Value, json};

use super::Shop;

async fn refund(shop: &Shop, original: &str) -> Value {
    let body = json!({
        "original": original, "currency": "GBP", "total_minor": 255, "reason": "broken",
        "lines": [{"product": "85123A", "quantity": "1", "unit_price": "2.55"}],
    });
    let headers = [("idempotency-key", "refund-1")];
    let reply = shop.send_with("POST", "/api/v1/refunds", &headers, body.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["results"][0].clone()
}

async fn entities(shop: &Shop, path: &str) -> (Vec<String>, Option<String>) {
    let page = shop.get(path).await.json();
    let ids = page["rows"].as_array().unwrap().iter().map(|row| row["entity_id"].as_str().unwrap().to_owned());
    (ids.collect(), page["next_cursor"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn a_till_lists_its_sales_newest_first_page_by_page() {
    let shop = Shop::open().await;
    shop.sell(1..130).await;
    let client = json!({ "fields": { "name": "Dupont" } }).to_string();
    shop.send_with("POST", "/api/v1/clients", &[("idempotency-key", "c")], client).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let (ids, next) = entities(&shop, &format!("/api/v1/sales?limit=50{cursor}")).await;
        seen.extend(ids);
        let Some(next) = next else { break };
        cursor = format!("&cursor={next}");
    }
    let expected: Vec<String> = (1..130).rev().map(|number| format!("s-{number}")).collect();
    assert_eq!(seen, expected, "each once, without the client");
    shop.get("/api/v1/sales?cursor=x").await.problem(400, "INVALID_PARAMETER");
}

#[tokio::test]
async fn a_sale_is_found_by_its_id_and_by_its_receipts_number_with_its_refunds() {
    let shop = Shop::open().await;
    shop.sell(1..4).await;
    let refund = refund(&shop, "s-2").await;
    let (rows, _) = entities(&shop, "/api/v1/sales").await;
    assert_eq!(rows.len(), 4);
    let list = shop.get("/api/v1/sales").await.json();
    let sold = &list["rows"][2];
    assert_eq!(sold["entity_id"], "s-2");
    let number = format!("{}-{}", sold["epoch"], sold["seq"]);
    for name in [sold["id"].as_str().unwrap(), &number] {
        let found = shop.get(&format!("/api/v1/sales/{name}")).await.json();
        assert_eq!(found["sale"], *sold, "{name}");
        assert_eq!(found["refunds"][0]["id"], refund["event_id"], "{name}");
        assert_eq!((found["refunds"].as_array().unwrap().len(), &found["is_complete"]), (1, &json!(true)));
    }
    for missing in ["1-1", "1-999", "9-1", "nothing", refund["event_id"].as_str().unwrap()] {
        shop.get(&format!("/api/v1/sales/{missing}")).await.problem(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn a_sale_that_was_sealed_again_is_listed_once() {
    let shop = Shop::open().await;
    shop.sell(1..3).await;
    shop.node.log().open_epoch_and_reseal(None, "restored").await.unwrap();
    let (rows, _) = entities(&shop, "/api/v1/sales").await;
    assert_eq!(rows, ["s-2", "s-1"]);
}

#[tokio::test]
async fn what_waits_is_listed_oldest_first() {
    let shop = Shop::open().await;
    shop.sell(1..5).await;
    let (all, next) = entities(&shop, "/api/v1/queue/events").await;
    assert_eq!((all, next), (["s-1", "s-2", "s-3", "s-4"].map(str::to_owned).to_vec(), None));
    let (two, _) = entities(&shop, "/api/v1/queue/events?limit=2").await;
    assert_eq!(two, ["s-1", "s-2"]);
}
