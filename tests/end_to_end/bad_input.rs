use comptoir_core::limits::{PAYLOAD_BYTES_MAX, PUSH_RECORDS_MAX};
use comptoir_proto::sync_v1::PushRequest;
use comptoir_test_support::SealedLog;
use comptoir_test_support::events::{Sale, TestEvent as _};
use comptoir_test_support::processes;
use comptoir_test_support::{RunningTenant, text};
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_refuses_invalid_events_and_writes_none_of_them() {
    let company = RunningTenant::new("Europe/Paris", "EUR");
    let site = company.site("S1");
    let node = company.node(&site, "till", &company.central.url);
    let events = format!("{}/api/v1/events", node.url);
    let draft = |entity_type: &str, action: &str, payload: Value| json!({"id": Uuid::now_v7(), "entity_type": entity_type, "entity_id": "E", "action": action, "payload": payload});
    let mut misspelt = draft("SALE", "SALE_RECORDED", Sale::default().payload());
    misspelt["ocurred_at"] = json!("2026-01-07T10:00:00Z");
    let long = "x".repeat(PAYLOAD_BYTES_MAX);
    let cases = [
        (misspelt, StatusCode::BAD_REQUEST, "MALFORMED_BODY"),
        (
            draft("SALE", "SALE_RECORDED", json!({"currency": "EUR"})),
            StatusCode::UNPROCESSABLE_ENTITY,
            "INVALID_PAYLOAD",
        ),
        (
            draft("SALE", "SALE_RECORDED", Sale { total_minor: 499, ..Sale::default() }.payload()),
            StatusCode::UNPROCESSABLE_ENTITY,
            "TOTAL_MISMATCH",
        ),
        (draft("SALE", "SALE_INVENTED", Sale::default().payload()), StatusCode::UNPROCESSABLE_ENTITY, "UNKNOWN_SCHEMA"),
        (draft("STUDENT", "CREATE", json!({"essay": long})), StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE"),
        (
            draft("STOCK", "STOCK_ADJUSTED", json!({"reason": "mine", "lines": [{"product": "P", "quantity": "9"}]})),
            StatusCode::UNPROCESSABLE_ENTITY,
            "STOCK_READ_ONLY",
        ),
        (draft("RULEBOOK", "RULEBOOK_ADOPTED", json!({})), StatusCode::UNPROCESSABLE_ENTITY, "CENTRAL_ONLY"),
    ];
    let before = durable(&company, &node.url).await;
    for (draft, status, code) in &cases {
        let (answered, problem) = company.post(&events, draft).await;
        assert_eq!((answered, problem["code"].as_str()), (*status, Some(*code)), "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
    }
    assert_eq!(durable(&company, &node.url).await, before, "no refused event was written");
    let (status, answer) = company.post(&events, &draft("SALE", "SALE_RECORDED", Sale::default().payload())).await;
    assert_eq!(status, StatusCode::OK, "the next sale is accepted: {answer}");
    company.drained(&node).await;
}

#[test]
fn commands_on_an_unknown_tenant_fail_instead_of_listing_nothing() {
    let company = RunningTenant::new("Europe/Paris", "EUR");
    let data_dir = company.path("central").display().to_string();
    let stranger = Uuid::now_v7().to_string();
    for list in [["site", "list"], ["node", "list"], ["key", "list"], ["restore-window", "status"]] {
        let args = ["admin", list[0], list[1], "--tenant", &stranger];
        let refused = processes::run_comptoir(&args, &[("DATA_DIR", &data_dir)]).unwrap_err();
        assert!(refused.0 == 5 && refused.1.contains(&stranger), "{list:?}: {refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn central_quarantines_invalid_records_in_place_and_accepts_the_rest() {
    let company = RunningTenant::new("Europe/Paris", "EUR");
    let site = company.site("S1");
    let issued = company.issue_node(&site, "by-hand");
    let key = text(&issued["SYNC_API_KEY"]);
    let mut node = SealedLog::issued(&issued);
    node.record("before", &Sale::default());
    node.record("wrong-total", &Sale { total_minor: 499, ..Sale::default() });
    node.seal_bytes(b"these bytes are no record".to_vec());
    node.seal("STOCK", "S", "STOCK_ADJUSTED", &json!({"reason": "mine", "lines": [{"product": "P", "quantity": "9"}]}));
    node.seal("SALE", "bad-payload", "SALE_RECORDED", &json!({"currency": "euro"}));
    let mut reused = node.event("SALE", "after", "SALE_RECORDED", &Sale::default().payload());
    node.seal_bytes(comptoir_proto::stored_v1::encode(&reused).unwrap());
    reused.seq = reused.seq.next();
    reused.content.payload = Sale::default().payload().to_string().replace("\"A\"", "\"B\"").into_bytes();
    node.seal_bytes(comptoir_proto::stored_v1::encode(&reused).unwrap());
    let request = node.take_push();
    let (status, answer) = push(&company, &request, &key).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let results: Vec<(&str, Option<&str>)> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| (result["verdict"].as_str().unwrap(), result["code"].as_str()))
        .collect();
    assert_eq!(
        results,
        [
            ("ACCEPTED", None),
            ("ACCEPTED", None),
            ("QUARANTINED", Some("TOTAL_MISMATCH")),
            ("QUARANTINED", Some("UNDECODABLE")),
            ("SUPERSEDED", Some("STOCK_READ_ONLY")),
            ("QUARANTINED", Some("INVALID_PAYLOAD")),
            ("ACCEPTED", None),
            ("REJECTED", Some("EVENT_ID_REUSED")),
        ]
    );
    let head = company.head().await;

    // A wrong key, another tenant's id and a push with a gap: nothing is written.
    let (rest, last) = key.split_at(key.len() - 1);
    let wrong = format!("{rest}{}", if last == "0" { '1' } else { '0' });
    assert_refused(&company, &request, &wrong, StatusCode::UNAUTHORIZED, "UNAUTHORIZED").await;
    let mut stranger = SealedLog::issued(&issued);
    stranger.tenant = comptoir_core::id::TenantId::new(Uuid::from_u128(7));
    stranger.record("theirs", &Sale::default());
    assert_refused(&company, &stranger.take_push(), &key, StatusCode::FORBIDDEN, "WRONG_TENANT").await;
    let mut other_node = request.clone();
    other_node.node = Uuid::from_u128(8);
    assert_refused(&company, &other_node, &key, StatusCode::FORBIDDEN, "WRONG_NODE").await;
    node.record("lost", &Sale::default());
    let missing = node.take_push();
    node.record("after-the-gap", &Sale::default());
    let after_gap = node.take_push();
    assert_refused(&company, &after_gap, &key, StatusCode::CONFLICT, "SEQ_GAP").await;
    for late in [missing, after_gap] {
        assert_eq!(push(&company, &late, &key).await.0, StatusCode::OK);
    }

    let held = company.sales("site").await;
    assert_eq!(held["rows"][0]["sales"], 4, "before, after, and the two late sales: {held}");
    let quarantine = company.ask("/api/v1/quarantine").await;
    assert_eq!(quarantine["events"].as_array().map(Vec::len), Some(3), "{quarantine}");
    assert!(company.head().await > head);
    let replay = crate::auditor::assert_decided_again(&company);
    assert_eq!(replay["verdicts"]["QUARANTINED"], 3, "{replay}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_rejected_event_among_a_hundred_thousand_blocks_nothing() {
    const EVENTS: usize = 100_000;
    let company = RunningTenant::new("Europe/Paris", "EUR");
    let site = company.site("S1");
    let issued = company.issue_node(&site, "by-hand");
    let key = text(&issued["SYNC_API_KEY"]);
    let mut node = SealedLog::issued(&issued);
    let mut verdicts = std::collections::BTreeMap::<String, usize>::new();
    for number in 1..=EVENTS {
        if number == 61_234 {
            node.seal("PRODUCT", "P", "CREATE", &json!({"name": "only central may"}));
        } else {
            node.record(&format!("T-{number}"), &Sale::default());
        }
        if number % (PUSH_RECORDS_MAX - 1) == 0 || number == EVENTS {
            let (status, answer) = push(&company, &node.take_push(), &key).await;
            assert_eq!(status, StatusCode::OK, "{answer}");
            for result in answer["results"].as_array().unwrap() {
                *verdicts.entry(text(&result["verdict"])).or_default() += 1;
            }
        }
    }
    // The event that opens the epoch is accepted too.
    let expected = [("ACCEPTED".to_owned(), EVENTS), ("REJECTED".to_owned(), 1)];
    assert_eq!(verdicts, expected.into_iter().collect());
    assert_eq!(company.sales("site").await["rows"][0]["sales"], EVENTS - 1);
}

async fn push(company: &RunningTenant, request: &PushRequest, key: &str) -> (StatusCode, Value) {
    let url = format!("{}/api/v1/sync/push", company.central.url);
    let answer = company.http.post(url).bearer_auth(key).json(request).send().await.expect("central answers");
    let status = answer.status();
    (status, answer.json().await.unwrap_or_default())
}

async fn assert_refused(company: &RunningTenant, request: &PushRequest, key: &str, status: StatusCode, code: &str) {
    let before = company.head().await;
    let (answered, problem) = push(company, request, key).await;
    assert_eq!((answered, problem["code"].as_str()), (status, Some(code)), "{problem}");
    // Central may record the refused access in its own log, but stores no event of this node.
    assert!(company.head().await <= before + 1, "no event of the refused push was stored");
}

async fn durable(company: &RunningTenant, node_url: &str) -> Value {
    let status = company.http.get(format!("{node_url}/api/v1/status")).send().await.unwrap();
    status.json::<Value>().await.unwrap()["log"]["durable"].clone()
}
