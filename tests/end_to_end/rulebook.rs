use comptoir_test_support::{POLL_EVERY, RunningTenant, TIMEOUT};
use serde_json::{Value, json};
use uuid::Uuid;

/// A rulebook in which shops may name products, and only head office may name clients.
const RULES: &str = "version = 2\n[rules]\nPRODUCT = \"last_writer_wins\"\nCLIENT = \"central_only\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_previews_central_s_decision_by_its_company_s_rulebook() {
    let mut company = RunningTenant::with("Europe/Paris", "EUR", Some(RULES));
    let site = company.site("LYO");
    let node = company.node(&site, "till", &company.central.url);
    until(&company, &format!("{}/api/v1/status", node.url), |status| {
        status["sync"]["pull"]["complete_through"].is_u64() && status["sync"]["pull"]["device"]["is_active"] == true
    })
    .await;
    let events = format!("{}/api/v1/events", node.url);
    let (status, refused) = company.post(&events, &made("CLIENT", "c-1", "Durand")).await;
    assert_eq!((status.as_u16(), &refused["code"]), (422, &json!("CENTRAL_ONLY")), "{refused}");

    company.central.kill();
    let (status, answer) = company.post(&events, &made("PRODUCT", "A", "Tea")).await;
    assert_eq!(status, 200, "{answer}");
    let products = format!("{}/api/v1/products", node.url);
    let waiting =
        until(&company, &products, |list| list["rows"][0]["fields"]["name"] == "Tea").await["rows"][0].clone();
    assert_eq!((&waiting["is_synced"], &waiting["version"]), (&json!(false), &json!(0)), "{waiting}");
    company.central.start_again();
    company.drained(&node).await;
    let decided = until(&company, &products, |list| list["rows"][0]["is_synced"] == true).await;
    assert_eq!(decided["rows"][0]["fields"], waiting["fields"], "central decided as the shop showed");
}

fn made(entity_type: &str, id: &str, name: &str) -> Value {
    json!({"id": Uuid::now_v7(), "entity_type": entity_type, "entity_id": id, "action": "CREATE", "payload": {"name": name}})
}

/// A node's answer, once it is as expected.
async fn until(company: &RunningTenant, url: &str, expected: impl Fn(&Value) -> bool) -> Value {
    let asked = std::time::Instant::now();
    loop {
        let answer: Value = company.http.get(url).send().await.unwrap().json().await.unwrap_or_default();
        if expected(&answer) {
            return answer;
        }
        assert!(asked.elapsed() < TIMEOUT, "{url}: {answer}");
        tokio::time::sleep(POLL_EVERY).await;
    }
}
