//! Sessions of the till, over the API of a node.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Shop;
use super::shop::{Reply, id};

impl Shop {
    async fn till(&self) -> Value {
        let reply = self.get("/api/v1/till").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    async fn at_till(&self, what: &str, body: &Value) -> Reply {
        self.send("POST", &format!("/api/v1/till/{what}"), "application/json", body.to_string()).await
    }

    async fn opened(&self, float_minor: i64) -> Value {
        let reply = self.at_till("open", &json!({ "float_minor": float_minor })).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    async fn closed(&self, body: &Value) -> Value {
        let reply = self.at_till("close", body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["payload"].clone()
    }

    async fn sold(&self, number: u64, total_minor: i64, payments: Value) -> Reply {
        self.post(&sale(number, total_minor, payments)).await
    }
}

fn sale(number: u64, total_minor: i64, payments: Value) -> Value {
    let price = format!("{}.{:02}", total_minor / 100, total_minor % 100);
    json!({
        "id": id(number), "entity_type": "SALE", "entity_id": format!("s-{number}"), "action": "SALE_RECORDED",
        "payload": {
            "currency": "EUR", "total_minor": total_minor, "payments": payments,
            "lines": [{ "product": "p", "quantity": "1", "unit_price": price, "vat_rate": "20" }],
        },
    })
}

fn cash(total_minor: i64) -> Value {
    json!([{ "method": "cash", "amount_minor": total_minor }])
}

#[tokio::test]
async fn a_session_counts_what_the_log_has_between_its_opening_and_its_closing() {
    let shop = Shop::open().await;
    assert_eq!(shop.sold(1, 700, cash(700)).await.status, 200);
    assert_eq!(shop.till().await["session"], Value::Null);
    let opened = shop.opened(10_000).await;
    assert_eq!((&opened["session"]["number"], &opened["session"]["expected_minor"]), (&json!(1), &json!(10_000)));
    shop.sold(
        2,
        1_356,
        json!([{ "method": "cash", "amount_minor": 2_000 }, { "method": "cash", "amount_minor": -644 }]),
    )
    .await;
    shop.sold(3, 500, json!([{ "method": "card", "amount_minor": 500 }])).await;
    let refund = json!({
        "id": id(4), "original": "s-2", "currency": "EUR", "total_minor": 290, "reason": "broken",
        "lines": [{ "product": "p", "quantity": "1", "unit_price": "2.90" }], "payments": cash(290),
    });
    let refunded = shop.send("POST", "/api/v1/refunds", "application/json", refund.to_string()).await;
    assert_eq!(refunded.status, 200, "{}", refunded.text());
    let moved = shop.at_till("cash", &json!({ "id": id(5), "amount_minor": -2_000, "reason": "to the bank" })).await;
    assert_eq!(moved.status, 200, "{}", moved.text());
    let session = shop.till().await["session"].clone();
    assert_eq!(session["expected_minor"], json!(10_000 + 1_356 - 290 - 2_000));
    assert_eq!(
        (&session["sales"], &session["sales_minor"], &session["refunds_minor"]),
        (&json!(2), &json!(1_856), &json!(290))
    );
    assert_eq!(
        session["payments"],
        json!([{ "method": "card", "amount_minor": 500 }, { "method": "cash", "amount_minor": 1_066 }])
    );
    assert_eq!(session["moves"][0]["reason"], json!("to the bank"));
    let report = shop.closed(&json!({ "number": 1, "counted_minor": 9_066 })).await;
    assert_eq!((&report["difference_minor"], &report["grand_total_minor"]), (&json!(0), &json!(1_566)));
    assert_eq!(report["unsent"], json!(6), "the sale before, the opening, two sales, a refund and the movement");
}

/// The next session goes on with the number and the grand total, after a kill too.
#[tokio::test]
async fn reports_are_numbered_without_gap_and_the_grand_total_runs_on() {
    let mut shop = Shop::open().await;
    for number in 1..=5u64 {
        shop.opened(0).await;
        assert_eq!(shop.sold(number, 100, cash(100)).await.status, 200);
        shop = shop.restarted().await;
        let session = shop.till().await["session"].clone();
        assert_eq!((&session["number"], &session["expected_minor"]), (&json!(number), &json!(100)), "{session}");
        let report = shop.closed(&json!({ "number": number, "counted_minor": 100 })).await;
        assert_eq!((&report["number"], &report["grand_total_minor"]), (&json!(number), &json!(100 * number)));
    }
    let page = shop.get("/api/v1/till/closings?limit=2").await.json();
    let numbers = |page: &Value| -> Vec<u64> {
        page["rows"].as_array().unwrap().iter().map(|row| row["payload"]["number"].as_u64().unwrap()).collect()
    };
    assert_eq!((numbers(&page), &page["next_cursor"]), (vec![5, 4], &json!("4")));
    let rest = shop.get("/api/v1/till/closings?cursor=4").await.json();
    assert_eq!((numbers(&rest), rest.get("next_cursor")), (vec![3, 2, 1], None));
    shop.get("/api/v1/till/closings?cursor=x").await.problem(400, "INVALID_PARAMETER");
}

#[tokio::test]
async fn a_difference_needs_a_reason_and_nothing_else_does() {
    let shop = Shop::open().await;
    shop.opened(1_000).await;
    let short = json!({ "number": 1, "counted_minor": 999 });
    let problem = shop.at_till("close", &short).await.problem(422, "REASON_REQUIRED");
    assert_eq!((&problem["expected_minor"], &problem["counted_minor"]), (&json!(1_000), &json!(999)));
    let blank = json!({ "number": 1, "counted_minor": 999, "reason": "  " });
    shop.at_till("close", &blank).await.problem(422, "REASON_REQUIRED");
    let report = shop.closed(&json!({ "number": 1, "counted_minor": 999, "reason": "a cent fell" })).await;
    assert_eq!((&report["difference_minor"], &report["reason"]), (&json!(-1), &json!("a cent fell")));
}

#[tokio::test]
async fn a_count_that_cannot_be_is_refused_with_its_values() {
    let shop = Shop::open().await;
    let wrong_sum = json!({ "float_minor": 500, "counted": [{ "value_minor": 200, "count": 2 }] });
    let problem = shop.at_till("open", &wrong_sum).await.problem(422, "INVALID_PAYLOAD");
    assert!(problem["detail"].as_str().unwrap().contains("400"), "{problem}");
    for body in [
        json!({ "float_minor": -1 }),
        json!({ "float_minor": i64::MAX }),
        json!({ "float_minor": 0, "counted": [{ "value_minor": 0, "count": 1 }] }),
        json!({ "float_minor": 0, "counted": vec![json!({ "value_minor": 1, "count": 0 }); 41] }),
        json!({ "float_minor": 1, "counted": [{ "value_minor": i64::MAX, "count": 1_000_000 }] }),
    ] {
        shop.at_till("open", &body).await.problem(422, "INVALID_PAYLOAD");
    }
    shop.at_till("open", &json!({ "float": 1 })).await.problem(400, "MALFORMED_BODY");
    shop.opened(0).await;
    for body in [
        json!({ "id": id(1), "amount_minor": 0, "reason": "nothing" }),
        json!({ "id": id(1), "amount_minor": i64::MIN, "reason": "all" }),
        json!({ "id": id(1), "amount_minor": 5, "reason": " " }),
        json!({ "id": id(1), "amount_minor": 5, "reason": "x".repeat(501) }),
    ] {
        shop.at_till("cash", &body).await.problem(422, "INVALID_PAYLOAD");
    }
    shop.at_till("cash", &json!({ "amount_minor": 5, "reason": "r" })).await.problem(400, "IDEMPOTENCY_KEY_MISSING");
}

#[tokio::test]
async fn one_session_is_open_and_only_that_one_is_closed() {
    let shop = Shop::open().await;
    shop.at_till("close", &json!({ "number": 1, "counted_minor": 0 })).await.problem(409, "TILL_NOT_OPEN");
    shop.at_till("cash", &json!({ "id": id(1), "amount_minor": 5, "reason": "r" })).await.problem(409, "TILL_NOT_OPEN");
    shop.at_till("print", &Value::Null).await.problem(409, "TILL_NOT_OPEN");
    shop.opened(0).await;
    let problem = shop.at_till("open", &json!({ "float_minor": 5 })).await.problem(409, "TILL_ALREADY_OPEN");
    assert_eq!(problem["number"], json!(1));
    shop.closed(&json!({ "number": 1, "counted_minor": 0 })).await;
    shop.opened(0).await;
    // A retry of the first closing must not close the second session.
    shop.at_till("close", &json!({ "number": 1, "counted_minor": 0 })).await.problem(409, "TILL_NOT_OPEN");
    assert_eq!(shop.till().await["session"]["number"], json!(2));
}

/// A sale whose answer was lost is sent again after the till was closed: it is the same sale of the same session.
#[tokio::test]
async fn a_sale_keeps_its_session_when_it_is_sent_again() {
    let shop = Shop::open().await;
    let session = shop.opened(0).await["session"]["id"].clone();
    assert_eq!(shop.sold(1, 700, cash(700)).await.status, 200);
    shop.closed(&json!({ "number": 1, "counted_minor": 700 })).await;
    for _ in 0..2 {
        let again = shop.sold(1, 700, cash(700)).await;
        assert_eq!((again.status, &again.json()["results"][0]["duplicate"]), (200, &json!(true)), "{}", again.text());
        shop.opened(0).await;
        shop.closed(&json!({ "number": shop.till().await["session"]["number"], "counted_minor": 0 })).await;
    }
    let event = shop.get(&format!("/api/v1/events/{}", id(1))).await.json();
    assert_eq!(event["correlation"], session);
    // One sold while the till is closed names none.
    assert_eq!(shop.sold(2, 700, cash(700)).await.status, 200);
    let event = shop.get(&format!("/api/v1/events/{}", id(2))).await.json();
    assert_eq!(event.get("correlation"), None);
}

/// What a caller groups by itself stays so, and counts in the session all the same.
#[tokio::test]
async fn a_sale_with_its_own_correlation_counts_in_the_session() {
    let shop = Shop::open().await;
    shop.opened(0).await;
    let mut body = sale(1, 700, cash(700));
    body["correlation"] = json!(Uuid::from_u128(7));
    assert_eq!(shop.post(&body).await.status, 200);
    assert_eq!(shop.till().await["session"]["expected_minor"], json!(700));
}

/// Lists and streams are sales too.
#[tokio::test]
async fn sales_of_a_list_and_of_a_stream_name_the_session() {
    let shop = Shop::open().await;
    let session = shop.opened(0).await["session"]["id"].clone();
    let list = json!([sale(1, 100, cash(100)), sale(2, 100, cash(100))]);
    assert_eq!(shop.post(&list).await.status, 200);
    let lines = format!("{}\n{}\n", sale(3, 100, cash(100)), sale(4, 100, cash(100)));
    let streamed = shop.send("POST", "/api/v1/events", "application/x-ndjson", lines).await;
    assert_eq!(streamed.status, 200, "{}", streamed.text());
    for number in 1..=4 {
        let event = shop.get(&format!("/api/v1/events/{}", id(number))).await.json();
        assert_eq!(event["correlation"], session, "{number}");
    }
    assert_eq!(shop.till().await["session"]["expected_minor"], json!(400));
}

/// Between the count and the report no sale is recorded: every sale is in exactly one report.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sales_during_a_closing_are_in_one_report_each() {
    let shop = std::sync::Arc::new(Shop::open().await);
    shop.opened(0).await;
    let seller = shop.clone();
    let selling = tokio::spawn(async move {
        for number in 1..=60 {
            assert_eq!(seller.sold(number, 100, cash(100)).await.status, 200);
        }
    });
    let mut reported = 0;
    for number in 1..=6u64 {
        tokio::task::yield_now().await;
        let reason = "a count while it sells";
        let report = shop.closed(&json!({ "number": number, "counted_minor": 0, "reason": reason })).await;
        reported += report["sales_minor"].as_i64().unwrap();
        shop.opened(0).await;
    }
    selling.await.unwrap();
    let rest = shop.closed(&json!({ "number": 7, "counted_minor": 0, "reason": "the rest" })).await;
    let (rest, grand_total) = (rest["sales_minor"].as_i64().unwrap(), rest["grand_total_minor"].as_i64().unwrap());
    let outside = outside_of_sessions(&shop).await;
    assert_eq!(reported + rest + outside, 6_000);
    assert_eq!(grand_total, reported + rest);
}

/// Sales between a closing and the next opening.
async fn outside_of_sessions(shop: &Shop) -> i64 {
    let (mut sum, mut open) = (0, false);
    let log = shop.get("/api/v1/events?limit=1000").await.json();
    for event in log["events"].as_array().unwrap() {
        match event["action"].as_str().unwrap() {
            "TILL_OPENED" => open = true,
            "TILL_CLOSED" => open = false,
            "SALE_RECORDED" if !open => sum += event["payload"]["total_minor"].as_i64().unwrap(),
            _ => {}
        }
    }
    sum
}

/// Its sums are the node's own.
#[tokio::test]
async fn no_draft_says_what_a_till_counted() {
    let shop = Shop::open().await;
    for action in ["TILL_OPENED", "CASH_MOVED", "TILL_CLOSED"] {
        let draft =
            json!({ "id": id(1), "entity_type": "TILL_SESSION", "entity_id": "t", "action": action, "payload": {} });
        let problem = shop.post(&draft).await.problem(422, "INVALID_PAYLOAD");
        assert_eq!(problem["errors"], Value::Null, "{problem}");
        assert_eq!(problem["pointer"], json!("/action"), "{problem}");
    }
}

#[tokio::test]
async fn a_key_moves_cash_only_if_its_grants_say_so() {
    let shop = Shop::open().await;
    let grants = json!({ "label": "till", "grants": ["read", "record:TILL_OPENED", "record:TILL_CLOSED"] });
    let made = shop.send("POST", "/api/v1/local-keys", "application/json", grants.to_string()).await.json();
    let bearer = format!("Bearer {}", made["key"].as_str().unwrap());
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    let send = async |path: &str, body: Value| shop.send_alone("POST", path, &headers, body.to_string()).await;
    assert_eq!(send("/api/v1/till/open", json!({ "float_minor": 100 })).await.status, 200);
    let body = json!({ "id": id(1), "amount_minor": -100, "reason": "mine" });
    send("/api/v1/till/cash", body).await.problem(403, "FORBIDDEN");
    assert_eq!(send("/api/v1/till/close", json!({ "number": 1, "counted_minor": 100 })).await.status, 200);
}

#[tokio::test]
async fn a_movement_that_is_sent_again_moves_nothing_twice() {
    let shop = Shop::open().await;
    shop.opened(0).await;
    let body = json!({ "id": id(1), "amount_minor": 500, "reason": "change from the bank" });
    assert_eq!(shop.at_till("cash", &body).await.status, 200);
    let again = shop.at_till("cash", &body).await;
    assert_eq!(again.json()["results"][0]["duplicate"], json!(true), "{}", again.text());
    let other = json!({ "id": id(1), "amount_minor": 600, "reason": "change from the bank" });
    shop.at_till("cash", &other).await.problem(409, "EVENT_ID_REUSED");
    assert_eq!(shop.till().await["session"]["expected_minor"], json!(500));
    shop.closed(&json!({ "number": 1, "counted_minor": 500 })).await;
    assert_eq!(shop.at_till("cash", &body).await.status, 200, "also after the closing");
}

/// What somebody practised is a record like every other, and no sale.
#[tokio::test]
async fn a_training_sale_counts_nowhere() {
    let shop = Shop::open().await;
    shop.opened(1_000).await;
    let mut practised = sale(1, 700, cash(700));
    (practised["entity_type"], practised["action"]) = (json!("TRAINING"), json!("TRAINING_SALE_RECORDED"));
    assert_eq!(shop.post(&practised).await.status, 200);
    let session = shop.till().await["session"].clone();
    assert_eq!((&session["sales"], &session["expected_minor"]), (&json!(0), &json!(1_000)));
    assert_eq!(shop.get("/api/v1/sales").await.json()["rows"], json!([]));
    let event = shop.get(&format!("/api/v1/events/{}", id(1))).await.json();
    assert_eq!(event.get("correlation"), None);
    let receipt = event["receipt"].as_str().unwrap();
    let page = shop.send_alone("GET", receipt, &[("accept", "text/html"), ("accept-language", "en")], "").await;
    assert!(page.text().contains("Training sale, without value"), "{}", page.text());
    practised["payload"]["total_minor"] = json!(701);
    practised["id"] = json!(id(2));
    shop.post(&practised).await.problem(422, "TOTAL_MISMATCH");
}
