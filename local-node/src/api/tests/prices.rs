//! A price that a person changed: who may, and what is sealed.

use serde_json::{Value, json};

use super::Shop;
use super::shop::id;

fn sale(number: u64, line: Value) -> Value {
    let mut whole = json!({ "product": "p", "quantity": "1", "unit_price": "2.00" });
    whole.as_object_mut().unwrap().extend(line.as_object().unwrap().clone());
    json!({
        "id": id(number), "entity_type": "SALE", "entity_id": format!("s-{number}"), "action": "SALE_RECORDED", "schema_version": 2,
        "payload": { "currency": "EUR", "total_minor": 200, "lines": [whole] },
    })
}

async fn key(shop: &Shop, grants: &[&str]) -> String {
    let made = json!({ "label": "till", "grants": grants }).to_string();
    let made = shop.send("POST", "/api/v1/local-keys", "application/json", made).await.json();
    format!("Bearer {}", made["key"].as_str().unwrap())
}

#[tokio::test]
async fn a_changed_price_needs_a_right_of_its_own_and_a_reason() {
    let shop = Shop::open().await;
    let cashier = key(&shop, &["read", "record:SALE_RECORDED"]).await;
    let manager = key(&shop, &["read", "record:SALE_RECORDED", "record:PRICE_OVERRIDDEN"]).await;
    let post = async |bearer: &str, body: &Value| {
        let headers = [("content-type", "application/json"), ("authorization", bearer)];
        shop.send_alone("POST", "/api/v1/events", &headers, body.to_string()).await
    };
    let changed = sale(1, json!({ "list_price": "3.10", "price_reason": "the box is torn" }));
    let problem = post(&cashier, &changed).await.problem(403, "FORBIDDEN");
    assert_eq!(problem["pointer"], json!("/payload/lines/0/price_reason"));
    assert!(problem["detail"].as_str().unwrap().contains("PRICE_OVERRIDDEN"), "{problem}");
    assert_eq!(post(&cashier, &sale(2, json!({}))).await.status, 200, "the price of the catalogue");
    assert_eq!(post(&manager, &changed).await.status, 200);
    let sealed = shop.get(&format!("/api/v1/events/{}", id(1))).await.json();
    assert_eq!(sealed["payload"]["lines"][0]["price_reason"], json!("the box is torn"));
    assert_eq!(sealed["payload"]["lines"][0]["list_price"], json!("3.10"));
    for line in
        [json!({ "list_price": "3.10" }), json!({ "price_reason": "" }), json!({ "price_reason": "x".repeat(501) })]
    {
        post(&manager, &sale(3, line)).await.problem(422, "INVALID_PAYLOAD");
    }
    let mut first_version = sale(4, json!({ "price_reason": "no member of version 1" }));
    first_version["schema_version"] = json!(1);
    post(&manager, &first_version).await.problem(422, "INVALID_PAYLOAD");
}
