//! Goods that come in, and what their costs are shown to.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Shop;
use super::users::{Browser, with_password};
use crate::users::sample;

const RECEPTIONS: &str = "/api/v1/receptions";
const ORDERS: &str = "/api/v1/purchase-orders";
const EVENTS: &str = "/api/v1/events";

/// A shop with a cashier and Cléo, who counts the goods.
async fn shop() -> Shop {
    let shop = Shop::open().await;
    let site = shop.node.log().identity().site;
    let mut users = sample::users(site, 7).await;
    let mut cleo = users.users[0].clone();
    cleo.id = Uuid::from_u128(0x0199_aaaa_0000_7000_8000_0000_0000_0003);
    cleo.login = "cleo".to_owned();
    cleo.roles[0].role = "warehouse".to_owned();
    users.users.push(cleo);
    shop.node.users().receive(users).await.unwrap();
    shop
}

fn order(id: &str, more: Value) -> Value {
    let mut fields = json!({ "supplier": "Maison Blanc", "reference": id,
        "lines": [{ "product": "TEA", "quantity": "10", "unit_cost": "1.25" }, { "product": "MINT", "quantity": "4" }] });
    for (name, value) in more.as_object().unwrap() {
        fields[name] = value.clone();
    }
    json!({ "id": Uuid::now_v7(), "entity_type": "PURCHASE_ORDER", "entity_id": id, "action": "CREATE", "payload": fields })
}

async fn recorded(shop: &Shop, draft: Value) {
    let reply = shop.post(&draft).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

fn counted(order: &str) -> Value {
    json!({ "id": Uuid::now_v7(), "order": order, "reference": "BL-9",
        "lines": [{ "product": "TEA", "quantity": "8" }, { "product": "MINT", "quantity": "4", "lot": "L7" }] })
}

async fn event(shop: &Shop, id: &Value) -> Value {
    shop.get(&format!("{EVENTS}/{}", id.as_str().unwrap())).await.json()
}

async fn received(browser: &Browser<'_>, body: &Value) -> Value {
    let reply = browser.send("POST", RECEPTIONS, body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["results"][0].clone()
}

#[tokio::test]
async fn open_orders_of_the_site_are_listed_without_costs_for_a_person_who_may_not_see_them() {
    let shop = shop().await;
    let site = shop.node.log().identity().site.uuid();
    for (id, more) in [
        ("PO-1", json!({})),
        ("PO-2", json!({ "site": site })),
        ("PO-3", json!({ "site": Uuid::nil() })),
        ("PO-4", json!({ "closed": true })),
    ] {
        recorded(&shop, order(id, more)).await;
    }
    let listed = |answer: &Value| -> Vec<String> {
        answer["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = shop.get(ORDERS).await.json();
    assert_eq!(listed(&all), ["PO-1", "PO-2"]);
    assert_eq!(all["rows"][0]["fields"]["lines"][0]["unit_cost"], "1.25");
    let cleo = with_password(&shop, "cleo").await;
    let entity = "/api/v1/entities/PURCHASE_ORDER/PO-1";
    for answer in [cleo.get(ORDERS).await.text(), cleo.get(entity).await.text()] {
        assert!(answer.contains("Maison Blanc") && !answer.contains("unit_cost"), "{answer}");
    }
    assert!(shop.get(entity).await.text().contains("unit_cost"));
    // The list of any type has one tag for all readers, so it is refused rather than shortened.
    cleo.get("/api/v1/entities/PURCHASE_ORDER").await.problem(403, "FORBIDDEN");
    assert!(shop.get("/api/v1/entities/PURCHASE_ORDER").await.text().contains("unit_cost"));
}

#[tokio::test]
async fn goods_counted_without_costs_get_those_of_their_order_and_a_retry_is_the_same_event() {
    let shop = shop().await;
    recorded(&shop, order("PO-1", json!({}))).await;
    let cleo = with_password(&shop, "cleo").await;
    let body = counted("PO-1");
    let first = received(&cleo, &body).await;
    let sealed = event(&shop, &first["event_id"]).await;
    let expected = json!([{ "product": "TEA", "quantity": "8", "unit_cost": "1.25" },
        { "product": "MINT", "quantity": "4", "lot": "L7" }]);
    assert_eq!((&sealed["payload"]["lines"], &sealed["schema_version"]), (&expected, &json!(2)));
    // The order has another cost by now.
    let tag = shop.get("/api/v1/entities/PURCHASE_ORDER/PO-1").await.headers["etag"].to_str().unwrap().to_owned();
    let change = json!({ "id": Uuid::now_v7(), "entity_type": "PURCHASE_ORDER", "entity_id": "PO-1", "action": "UPDATE",
        "if_match": tag, "payload": { "lines": [{ "product": "TEA", "quantity": "10", "unit_cost": "9" }] } });
    recorded(&shop, change).await;
    let again = received(&cleo, &body).await;
    assert_eq!((&again["event_id"], &again["duplicate"]), (&first["event_id"], &json!(true)));
    let shown = cleo.get(&format!("{EVENTS}/{}", first["event_id"].as_str().unwrap())).await.text();
    assert!(shown.contains("BL-9") && !shown.contains("unit_cost"), "{shown}");
    let waiting = cleo.get("/api/v1/queue/events").await.text();
    assert!(waiting.contains("BL-9") && !waiting.contains("unit_cost"), "{waiting}");
}

#[tokio::test]
async fn a_cost_from_a_person_who_may_not_see_it_is_refused_by_every_way_in() {
    let shop = shop().await;
    let cleo = with_password(&shop, "cleo").await;
    let line = json!({ "product": "TEA", "quantity": "1", "unit_cost": "1" });
    let refused = cleo.send("POST", RECEPTIONS, &json!({ "id": Uuid::now_v7(), "lines": [line] })).await;
    assert_eq!(refused.problem(403, "FORBIDDEN")["pointer"], "/lines/0/unit_cost");
    for version in [1, 2] {
        let draft = json!({ "id": Uuid::now_v7(), "entity_type": "RECEPTION", "entity_id": "r", "action": "GOODS_RECEIVED",
            "schema_version": version, "payload": { "lines": [line] } });
        let refused = cleo.send("POST", EVENTS, &draft).await.problem(403, "FORBIDDEN");
        assert_eq!(refused["pointer"], "/payload/lines/0/unit_cost");
    }
    recorded(
        &shop,
        json!({ "id": Uuid::now_v7(), "entity_type": "RECEPTION", "entity_id": "r", "action": "GOODS_RECEIVED",
        "payload": { "lines": [line] } }),
    )
    .await;
}

#[tokio::test]
async fn a_reception_is_undone_once_with_all_its_goods() {
    let shop = shop().await;
    let cleo = with_password(&shop, "cleo").await;
    let reception = received(&cleo, &counted("PO-1")).await;
    let id = reception["event_id"].as_str().unwrap();
    let cancel = format!("{RECEPTIONS}/{id}/cancel");
    with_password(&shop, "amelie")
        .await
        .send("POST", &cancel, &json!({ "reason": "x" }))
        .await
        .problem(403, "FORBIDDEN");
    cleo.send("POST", &cancel, &json!({ "reason": " " })).await.problem(400, "MALFORMED_BODY");
    let undone = cleo.send("POST", &cancel, &json!({ "reason": "counted twice" })).await;
    assert_eq!(undone.status, 200, "{}", undone.text());
    let undone = undone.json()["results"][0].clone();
    let event = event(&shop, &undone["event_id"]).await;
    assert_eq!(
        event["payload"],
        json!({ "undoes": id, "reason": "counted twice", "reference": "BL-9",
        "lines": [{ "product": "TEA", "quantity": "8" }, { "product": "MINT", "quantity": "4", "lot": "L7" }] })
    );
    let again = cleo.send("POST", &cancel, &json!({ "reason": "once more" })).await.json();
    assert_eq!(
        (&again["results"][0]["event_id"], &again["results"][0]["duplicate"]),
        (&undone["event_id"], &json!(true))
    );
    let other = undone["event_id"].as_str().unwrap();
    for missing in [Uuid::now_v7().to_string(), other.to_owned()] {
        let path = format!("{RECEPTIONS}/{missing}/cancel");
        cleo.send("POST", &path, &json!({ "reason": "x" })).await.problem(404, "NOT_FOUND");
    }
    shop.sell(1..3).await;
    let listed = |answer: Value| -> Vec<String> {
        answer["rows"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed(cleo.get(RECEPTIONS).await.json()), ["GOODS_RETURNED", "GOODS_RECEIVED"]);
    assert_eq!(listed(cleo.get(&format!("{RECEPTIONS}?order=PO-1")).await.json()), ["GOODS_RECEIVED"]);
    assert_eq!(listed(cleo.get(&format!("{RECEPTIONS}?order=PO-2")).await.json()), [""; 0]);
}
