//! Documents that are still being typed: given a draft, when the till is killed at any step, then it is there or it is one event.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Shop;

const DRAFT: &str = "/api/v1/drafts/0199aaaa-0000-7000-8000-00000000d001";

fn invoice(total_minor: i64) -> Value {
    json!({"entity_type": "INVOICE", "action": "INVOICE_CREATED", "user": "u-1", "payload": {
        "client": "c-1", "currency": "EUR", "total_minor": total_minor,
        "lines": [{"product": "A", "quantity": "2", "unit_price": "2.55"}]}})
}

async fn save(shop: &Shop, body: &Value) -> u16 {
    shop.send("PUT", DRAFT, "application/json", body.to_string()).await.status
}

async fn submit(shop: &Shop) -> super::Reply {
    shop.send("POST", &format!("{DRAFT}/submit"), "application/json", "").await
}

#[tokio::test]
async fn what_was_typed_is_there_after_a_kill() {
    let shop = Shop::open().await;
    let half = json!({"entity_type": "INVOICE", "action": "INVOICE_CREATED", "payload": {"client": "c"}, "note": "half typed"});
    assert_eq!((save(&shop, &half).await, save(&shop, &half).await), (201, 200));
    let large = json!({"entity_type": "NOTE", "action": "CREATE", "text": "x".repeat(200_000)});
    let other = "/api/v1/drafts/0199aaaa-0000-7000-8000-00000000d002";
    assert_eq!(shop.send("PUT", other, "application/json", large.to_string()).await.status, 201);
    let shop = shop.restarted().await;
    assert_eq!(shop.get(DRAFT).await.json()["body"], half);
    let page = shop.get("/api/v1/drafts?limit=1").await.json();
    assert_eq!(
        (page["rows"].as_array().unwrap().len(), page["rows"][0]["action"].clone()),
        (1, json!("INVOICE_CREATED"))
    );
    let next = page["next_cursor"].as_str().unwrap();
    let page = shop.get(&format!("/api/v1/drafts?cursor={next}")).await.json();
    assert_eq!(
        (page["rows"][0]["body"]["text"].as_str().unwrap().len(), &page["next_cursor"]),
        (200_000, &Value::Null)
    );
    assert_eq!(shop.send("DELETE", other, "application/json", "").await.status, 204);
    shop.get(other).await.problem(404, "NOT_FOUND");
    assert_eq!(shop.send("DELETE", other, "application/json", "").await.status, 204, "deleted already");
}

#[tokio::test]
async fn a_draft_becomes_one_event_however_often_it_is_submitted() {
    let shop = Shop::open().await;
    save(&shop, &invoice(511)).await;
    submit(&shop).await.problem(422, "TOTAL_MISMATCH");
    assert_eq!(shop.get(DRAFT).await.status, 200, "a refused draft is still there");
    save(&shop, &invoice(510)).await;
    let first = submit(&shop).await.json()["results"][0].clone();
    assert_eq!(first["duplicate"], false);
    let again = submit(&shop).await.json()["results"][0].clone();
    assert_eq!(
        (&again["event_id"], &again["seq"], &again["duplicate"]),
        (&first["event_id"], &first["seq"], &json!(true))
    );
    let event = shop.get(&format!("/api/v1/events/{}", first["event_id"].as_str().unwrap())).await.json();
    assert_eq!(
        (&event["action"], &event["user"], &event["status"]),
        (&json!("INVOICE_CREATED"), &json!("u-1"), &json!("PENDING"))
    );
    assert_eq!(event["entity_id"], "0199aaaa-0000-7000-8000-00000000d001");
    assert_eq!(shop.get(DRAFT).await.problem(404, "NOT_FOUND")["event_id"], first["event_id"]);
    let reply = shop.send("PUT", DRAFT, "application/json", invoice(510).to_string()).await;
    assert_eq!(reply.problem(409, "EVENT_ID_REUSED")["event_id"], first["event_id"]);
    assert_eq!(shop.get("/api/v1/invoices").await.json()["rows"].as_array().unwrap().len(), 1);
}

/// The draft is in the log and was not removed: the kill came in between.
#[tokio::test]
async fn a_kill_between_the_event_and_the_drafts_end_is_no_second_event() {
    let shop = Shop::open().await;
    save(&shop, &invoice(510)).await;
    let kept = shop.node.log().kept(crate::event_log::Shelf::Draft, draft_id().as_bytes()).unwrap().unwrap();
    submit(&shop).await;
    let back = crate::event_log::Change::set(crate::event_log::Shelf::Draft, draft_id().as_bytes().to_vec(), kept);
    shop.node.log().keep(vec![vec![back]]).await.unwrap();
    let shop = shop.restarted().await;
    assert_eq!(shop.get("/api/v1/drafts").await.json()["rows"], json!([]), "recognised as submitted");
    assert_eq!(submit(&shop).await.json()["results"][0]["duplicate"], true);
    assert_eq!(shop.node.log().head().marks.durable.0, 2);
    assert_eq!(shop.node.log().kept(crate::event_log::Shelf::Draft, draft_id().as_bytes()).unwrap(), None);
}

fn draft_id() -> Uuid {
    DRAFT.rsplit('/').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_is_no_draft_is_told() {
    let shop = Shop::open().await;
    let put = async |path: &str, body: String| shop.send("PUT", path, "application/json", body).await;
    put(DRAFT, "{".to_owned()).await.problem(400, "BAD_JSON");
    put(DRAFT, json!({"action": "CREATE"}).to_string()).await.problem(400, "BAD_JSON");
    put(DRAFT, json!({"entity_type": "", "action": "CREATE"}).to_string()).await.problem(400, "BAD_JSON");
    put("/api/v1/drafts/one", invoice(1).to_string()).await.problem(400, "BAD_PARAMETER");
    let huge = json!({"entity_type": "NOTE", "action": "CREATE", "text": "x".repeat(300_000)});
    put(DRAFT, huge.to_string()).await.problem(413, "TOO_LARGE");
    submit(&shop).await.problem(404, "NOT_FOUND");
    save(&shop, &json!({"entity_type": "STOCK", "action": "UPDATE", "payload": {"quantity": 5}})).await;
    submit(&shop).await.problem(422, "STOCK_READ_ONLY");
}
