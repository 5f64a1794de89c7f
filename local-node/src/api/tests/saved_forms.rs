//! Saved forms: after a kill at any step the form exists or it is one event.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Reply, Shop};

const FORM: &str = "/api/v1/saved-forms/0199aaaa-0000-7000-8000-00000000d001";

fn invoice(total_minor: i64) -> Value {
    json!({"entity_type": "INVOICE", "action": "INVOICE_CREATED", "user": "u-1", "payload": {
        "client": "c-1", "currency": "EUR", "total_minor": total_minor,
        "lines": [{"product": "A", "quantity": "2", "unit_price": "2.55"}]}})
}

async fn put(shop: &Shop, headers: &[(&str, &str)], body: &Value) -> Reply {
    shop.send_with("PUT", FORM, headers, body.to_string()).await
}

/// The first save names no ETag.
async fn save(shop: &Shop, body: &Value) -> Reply {
    put(shop, &[], body).await
}

/// A later save names the last ETag.
async fn save_over(shop: &Shop, seen: &str, body: &Value) -> Reply {
    put(shop, &[("if-match", seen)], body).await
}

async fn submit(shop: &Shop, seen: &str) -> Reply {
    shop.send_with("POST", &format!("{FORM}/submit"), &[("if-match", seen)], "").await
}

async fn delete(shop: &Shop, path: &str, seen: &str) -> Reply {
    shop.send_with("DELETE", path, &[("if-match", seen)], "").await
}

fn tag(reply: &Reply) -> String {
    reply.headers["etag"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_saved_form_survives_a_kill() {
    let shop = Shop::open().await;
    let half = json!({"entity_type": "INVOICE", "action": "INVOICE_CREATED", "payload": {"client": "c"}, "note": "half typed"});
    let (first, second) = (save(&shop, &half).await, save(&shop, &half).await);
    assert_eq!((first.status, second.status, tag(&first)), (201, 200, tag(&second)));
    let large = json!({"entity_type": "NOTE", "action": "CREATE", "text": "x".repeat(200_000)});
    let other = "/api/v1/saved-forms/0199aaaa-0000-7000-8000-00000000d002";
    let of_other = tag(&shop.send("PUT", other, "application/json", large.to_string()).await);
    let shop = shop.restarted().await;
    let there = shop.get(FORM).await;
    assert_eq!((&there.json()["body"], tag(&there)), (&half, tag(&first)), "and its tag holds");
    let page = shop.get("/api/v1/saved-forms?limit=1").await.json();
    assert_eq!(
        (page["rows"].as_array().unwrap().len(), &page["rows"][0]["action"], &page["rows"][0]["etag"]),
        (1, &json!("INVOICE_CREATED"), &json!(tag(&first)))
    );
    let next = page["next_cursor"].as_str().unwrap();
    let page = shop.get(&format!("/api/v1/saved-forms?cursor={next}")).await.json();
    assert_eq!(
        (page["rows"][0]["body"]["text"].as_str().unwrap().len(), &page["next_cursor"]),
        (200_000, &Value::Null)
    );
    assert_eq!(delete(&shop, other, &of_other).await.status, 204);
    shop.get(other).await.problem(404, "NOT_FOUND");
    assert_eq!(delete(&shop, other, &of_other).await.status, 204, "deleted already");
}

#[tokio::test]
async fn a_form_becomes_one_event_however_often_it_is_submitted() {
    let shop = Shop::open().await;
    let wrong = tag(&save(&shop, &invoice(511)).await);
    submit(&shop, &wrong).await.problem(422, "TOTAL_MISMATCH");
    assert_eq!(tag(&shop.get(FORM).await), wrong, "a refused saved form is still there");
    let right = tag(&save_over(&shop, &wrong, &invoice(510)).await);
    let first = submit(&shop, &right).await.json()["results"][0].clone();
    assert_eq!(first["duplicate"], false);
    let again = submit(&shop, &right).await.json()["results"][0].clone();
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
    assert_eq!(shop.get(FORM).await.problem(404, "NOT_FOUND")["event_id"], first["event_id"]);
    for reply in [save(&shop, &invoice(510)).await, delete(&shop, FORM, &right).await] {
        assert_eq!(reply.problem(409, "EVENT_ID_REUSED")["event_id"], first["event_id"]);
    }
    assert_eq!(shop.get("/api/v1/invoices").await.json()["rows"].as_array().unwrap().len(), 1);
}

/// The event is in the log and the form was not removed: the kill came in between.
#[tokio::test]
async fn a_kill_between_event_and_removal_makes_no_second_event() {
    let shop = Shop::open().await;
    let seen = tag(&save(&shop, &invoice(510)).await);
    let kept = shop.node.log().get(crate::event_log::KeySpace::SavedForm, form_id().as_bytes()).unwrap().unwrap();
    submit(&shop, &seen).await;
    let back =
        crate::event_log::KeyChange::set(crate::event_log::KeySpace::SavedForm, form_id().as_bytes().to_vec(), kept);
    shop.node.log().put(vec![vec![back]]).await.unwrap();
    let shop = shop.restarted().await;
    assert_eq!(shop.get("/api/v1/saved-forms").await.json()["rows"], json!([]), "recognised as submitted");
    assert_eq!(submit(&shop, &seen).await.json()["results"][0]["duplicate"], true);
    assert_eq!(shop.node.log().head().marks.durable.0, 2);
    assert_eq!(shop.node.log().get(crate::event_log::KeySpace::SavedForm, form_id().as_bytes()).unwrap(), None);
}

fn form_id() -> Uuid {
    FORM.rsplit('/').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn malformed_forms_are_refused() {
    let shop = Shop::open().await;
    let put = async |path: &str, body: String| shop.send("PUT", path, "application/json", body).await;
    put(FORM, "{".to_owned()).await.problem(400, "MALFORMED_BODY");
    put(FORM, json!({"action": "CREATE"}).to_string()).await.problem(400, "MALFORMED_BODY");
    put(FORM, json!({"entity_type": "", "action": "CREATE"}).to_string()).await.problem(400, "MALFORMED_BODY");
    put(FORM, json!(["CLIENT", "CREATE"]).to_string()).await.problem(400, "MALFORMED_BODY");
    put("/api/v1/saved-forms/one", invoice(1).to_string()).await.problem(400, "INVALID_PARAMETER");
    let huge = json!({"entity_type": "NOTE", "action": "CREATE", "text": "x".repeat(300_000)});
    put(FORM, huge.to_string()).await.problem(413, "TOO_LARGE");
    submit(&shop, "\"1\"").await.problem(404, "NOT_FOUND");
    let stock = save(&shop, &json!({"entity_type": "STOCK", "action": "UPDATE", "payload": {"quantity": 5}})).await;
    submit(&shop, &tag(&stock)).await.problem(422, "STOCK_READ_ONLY");
}

/// A till with two tabs that show the same form, both saving every few seconds.
#[tokio::test]
async fn of_two_tabs_on_one_form_none_overwrites_the_other_unseen() {
    let shop = Shop::open().await;
    let begun = tag(&save(&shop, &invoice(1)).await);
    let left = save_over(&shop, &begun, &invoice(2)).await;
    assert_eq!(
        (left.status, &left.json()["version"], left.json()["etag"] == json!(tag(&left))),
        (200, &json!(2), true)
    );
    for (reply, status, code) in [
        (save_over(&shop, &begun, &invoice(3)).await, 412, "PRECONDITION_FAILED"),
        (submit(&shop, &begun).await, 412, "PRECONDITION_FAILED"),
        (delete(&shop, FORM, &begun).await, 412, "PRECONDITION_FAILED"),
        (put(&shop, &[("if-none-match", "*")], &invoice(3)).await, 412, "PRECONDITION_FAILED"),
        (save(&shop, &invoice(3)).await, 428, "PRECONDITION_REQUIRED"),
    ] {
        let said = reply.problem(status, code);
        assert_eq!((&said["version"], &said["etag"]), (&json!(2), &json!(tag(&left))), "{said}");
    }
    for (method, path) in [("DELETE", FORM.to_owned()), ("POST", format!("{FORM}/submit"))] {
        shop.send_with(method, &path, &[], "").await.problem(428, "PRECONDITION_REQUIRED");
    }
    let there = shop.get(FORM).await;
    assert_eq!((&there.json()["body"], tag(&there)), (&invoice(2), tag(&left)), "what the other saved is read");
    assert_eq!(save_over(&shop, &tag(&there), &invoice(3)).await.json()["version"], 3);
}

#[tokio::test]
async fn a_saving_whose_answer_was_lost_is_the_same_saving() {
    let shop = Shop::open().await;
    let headers = [("if-none-match", "*")];
    let (made, again) = (put(&shop, &headers, &invoice(1)).await, put(&shop, &headers, &invoice(1)).await);
    assert_eq!((made.status, again.status, made.json()), (201, 200, again.json()));
    let begun = tag(&made);
    let (saved, again) = (save_over(&shop, &begun, &invoice(2)).await, save_over(&shop, &begun, &invoice(2)).await);
    assert_eq!((saved.status, again.status, saved.json()), (200, 200, again.json()));
    assert_ne!(tag(&saved), begun);
    // Once another tab has saved, the repetition is refused like any overwrite.
    save_over(&shop, &tag(&saved), &invoice(3)).await;
    save_over(&shop, &begun, &invoice(2)).await.problem(412, "PRECONDITION_FAILED");
}

#[tokio::test]
async fn a_deleted_form_is_not_restored_by_an_open_editor() {
    let shop = Shop::open().await;
    let begun = tag(&save(&shop, &invoice(1)).await);
    assert_eq!(delete(&shop, FORM, &begun).await.status, 204);
    save_over(&shop, &begun, &invoice(2)).await.problem(404, "NOT_FOUND");
    assert_eq!(put(&shop, &[("if-none-match", "*")], &invoice(3)).await.status, 201);
    // Id and version are equal; the form is another one.
    save_over(&shop, &begun, &invoice(2)).await.problem(412, "PRECONDITION_FAILED");
    delete(&shop, FORM, &begun).await.problem(412, "PRECONDITION_FAILED");
}

/// A save whose caller goes away on its way to the disk still counts: the next save with the earlier tag is refused.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_saves_from_one_read_one_wins_even_if_a_caller_goes_away() {
    for round in 0..40 {
        let shop = std::sync::Arc::new(Shop::open().await);
        let begun = tag(&save(&shop, &invoice(0)).await);
        let (other, seen) = (shop.clone(), begun.clone());
        let hasty = tokio::spawn(async move { save_over(&other, &seen, &invoice(1)).await.status });
        for _ in 0..round % 8 {
            tokio::task::yield_now().await;
        }
        hasty.abort();
        let patient = save_over(&shop, &begun, &invoice(2)).await.status;
        let _lock = shop.node.saved_forms().lock().await;
        let there = shop.get(FORM).await.json();
        let expected = match patient {
            200 => invoice(2),
            412 => invoice(1),
            other => panic!("{other}"),
        };
        assert_eq!((&there["body"], &there["version"]), (&expected, &json!(2)), "round {round}: {patient}");
    }
}

#[tokio::test]
async fn a_precondition_that_says_nothing_is_refused() {
    let shop = Shop::open().await;
    save(&shop, &invoice(1)).await;
    for headers in [
        &[("if-match", "*")][..],
        &[("if-match", "1")],
        &[("if-none-match", "\"1\"")],
        &[("if-match", "\"1\""), ("if-none-match", "*")],
    ] {
        put(&shop, headers, &invoice(2)).await.problem(400, "INVALID_PARAMETER");
    }
}
