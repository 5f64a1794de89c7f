//! What a node says of its clock, and what its records' times come to.

use axum::http::StatusCode;
use comptoir_central::Clock;
use comptoir_core::clock::ClockChange;
use comptoir_core::event::{Event, TimeSource};
use comptoir_core::limits::CLOCK_MARKS_MAX;
use comptoir_core::time::Timestamp;
use comptoir_proto::clock_change::{ClockChangeDto, ClockMarkDto};
use comptoir_proto::instant;
use comptoir_proto::sync_v1::{PushRequest, PushResponse, RecordIntake, RecordResult};
use comptoir_test_support::events::{Sale, TestEvent};
use comptoir_test_support::{NOON, SealedLog, TestCentral, TestTenant};
use serde_json::{Value, json};

const HOUR: i64 = 3_600_000_000;

/// Seals a sale at the time that the node's clock shows.
fn sell_at(node: &mut SealedLog, sale: &str, clock: i64) {
    let event = node.event("SALE", sale, "SALE_RECORDED", &Sale::default().payload());
    node.seal_event(Event { occurred_at: Timestamp(clock), time_source: TimeSource::Node, ..event });
}

/// Seals a record about the clock, as the node's log does.
fn change_clock(node: &mut SealedLog, change: ClockChange, clock: i64) -> ClockMarkDto {
    let dto = ClockChangeDto::new(change, Timestamp(clock));
    node.seal("NODE", &node.node.to_string(), "CLOCK_CHANGED", &serde_json::to_value(&dto).unwrap());
    ClockMarkDto { seq: node.seq.0, change: dto }
}

/// Pushes records with what the node knows of its clock.
async fn push_with_clock(
    scene: &TestCentral,
    node: &SealedLog,
    (from, to): (u64, u64),
    clock: &[ClockMarkDto],
) -> Vec<RecordResult> {
    let request = PushRequest { clock: clock.to_vec(), ..node.request(from, to) };
    node.send_push(scene, &request).await.parse::<PushResponse>().results
}

/// When each sale counts as having happened, less noon.
async fn sold_at(company: &TestTenant<'_>) -> Vec<i64> {
    let sql = "select (extract(epoch from effective_at) * 1000000)::bigint from event
               where tenant_id = $1 and entity_type = 'SALE' order by position";
    let rows = company.scene.admin().await.query(sql, &[&company.tenant.uuid()]).await.unwrap();
    rows.iter().map(|row| row.get::<_, i64>(0) - NOON).collect()
}

/// A central whose clock shows noon.
async fn scene_at_noon() -> TestCentral {
    TestCentral::at(Clock::new(|| Timestamp(NOON))).await
}

/// What each result says of its record's time.
fn flags(results: &[RecordResult]) -> Vec<Vec<&str>> {
    let of_time = |flag: &&str| matches!(*flag, "CLOCK_UNSURE" | "TIME_IN_FUTURE");
    results.iter().map(|result| result.flags.iter().map(String::as_str).filter(of_time).collect()).collect()
}

#[tokio::test]
async fn a_step_that_lies_behind_the_batch_corrects_it_and_so_it_does_from_a_file() {
    let scene = scene_at_noon().await;
    for by_hand in [false, true] {
        let company = scene.company().await;
        let mut node = company.node().await;
        let started = ClockChange::Started { now: Timestamp(0), highest: Timestamp(NOON - 9 * HOUR) };
        let started = change_clock(&mut node, started, 0);
        sell_at(&mut node, "1970", HOUR);
        let step = NOON - 5 * HOUR;
        let stepped = change_clock(&mut node, ClockChange::Stepped { micros: step }, NOON - 3 * HOUR);
        sell_at(&mut node, "right", NOON - 2 * HOUR);
        let marks = [started, stepped];
        if by_hand {
            let clock: Vec<_> = marks.iter().map(|mark| mark.read().unwrap()).collect();
            for (from, to) in [(1, 3), (4, 5)] {
                let brought = comptoir_central::ImportedRecords { clock: clock.clone(), ..node.exported(from, to) };
                scene.central.import_records(company.tenant, brought).await.unwrap();
            }
        } else {
            // The batch ends before the step, and before anything shows that the clock was wrong.
            let first = push_with_clock(&scene, &node, (1, 3), &marks).await;
            let second = push_with_clock(&scene, &node, (4, 5), &marks).await;
            assert!(flags(&first).iter().chain(&flags(&second)).all(|flags| flags.is_empty()));
        }
        assert_eq!(sold_at(&company).await, [-4 * HOUR, -2 * HOUR], "by hand: {by_hand}");
    }
}

#[tokio::test]
async fn a_time_that_nobody_knows_is_flagged_in_the_decision() {
    let scene = scene_at_noon().await;
    let company = scene.company().await;
    let mut node = company.node().await;
    let highest = Timestamp(NOON - 9 * HOUR);
    let first = change_clock(&mut node, ClockChange::Started { now: Timestamp(0), highest }, 0);
    sell_at(&mut node, "1970", HOUR);
    let second = change_clock(&mut node, ClockChange::Started { now: Timestamp(NOON - HOUR), highest }, NOON - HOUR);
    sell_at(&mut node, "right", NOON - HOUR / 2);
    let results = push_with_clock(&scene, &node, (1, 5), &[first, second]).await;
    let expected: [&[&str]; 4] = [&[], &["CLOCK_UNSURE"], &[], &[]];
    assert_eq!(flags(&results)[1..], expected);
    assert_eq!(sold_at(&company).await, [-8 * HOUR, -HOUR / 2]);
}

#[tokio::test]
async fn a_given_time_in_the_future_counts_from_when_it_was_taken_in_else_from_the_record_before() {
    let scene = scene_at_noon().await;
    let company = scene.company().await;
    let mut node = company.node().await;
    sell_at(&mut node, "before", NOON - 5 * HOUR);
    let future = |node: &mut SealedLog, sale: &str, given| {
        let event = node.event("SALE", sale, "SALE_RECORDED", &Sale::default().payload());
        node.seal_event(Event { occurred_at: Timestamp(given), ..event });
    };
    future(&mut node, "told", NOON - HOUR);
    future(&mut node, "untold", NOON + 90_000 * HOUR);
    future(&mut node, "honest", NOON - 3 * HOUR);
    let mut request = node.request(1, 5);
    // By a clock that is an hour ahead, as the push says.
    request.node_time = instant::format(Timestamp(NOON + HOUR));
    request.taken_in = vec![RecordIntake { seq: 3, at: instant::format(Timestamp(NOON - 3 * HOUR)) }];
    let (status, answer) = node.send(&scene, &request).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let results: Vec<RecordResult> = serde_json::from_value(answer["results"].clone()).unwrap();
    let expected: [&[&str]; 4] = [&[], &["TIME_IN_FUTURE"], &["TIME_IN_FUTURE"], &[]];
    assert_eq!(flags(&results)[1..], expected);
    assert!(results.iter().all(|result| result.verdict == "ACCEPTED"), "no sale is refused for its time");
    assert_eq!(sold_at(&company).await, [-6 * HOUR, -4 * HOUR, -4 * HOUR, -3 * HOUR]);
}

#[tokio::test]
async fn what_does_not_read_is_refused_with_its_place_and_nobody_posts_a_change_of_a_clock() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut node = company.node().await;
    node.sell("s-1");
    let mark =
        |clock: &str| json!({ "seq": 1, "change": "stepped", "clock": clock, "compared_with": "2026-01-01T00:00:00Z" });
    let good = mark("2026-01-02T00:00:00Z");
    let cases = [
        ("clock", json!([good, mark("yesterday")]), "MALFORMED_BODY", "/clock/1"),
        ("clock", Value::Array(vec![good.clone(); CLOCK_MARKS_MAX + 1]), "TOO_LARGE", "/clock"),
        ("taken_in", json!([{ "seq": 3, "at": "2026-01-02T00:00:00Z" }]), "MALFORMED_BODY", "/taken_in/0"),
        ("taken_in", json!([{ "seq": 2, "at": "noon" }]), "MALFORMED_BODY", "/taken_in/0"),
    ];
    for (member, value, code, pointer) in cases {
        let mut request = serde_json::to_value(node.request(1, 2)).unwrap();
        request[member] = value;
        let (_, problem) = scene.post(&node.key, "/api/v1/sync/push", request.to_string().into_bytes()).await;
        assert_eq!((&problem["code"], &problem["pointer"]), (&code.into(), &pointer.into()), "{problem}");
    }
    let draft = json!({ "id": uuid::Uuid::now_v7(), "entity_type": "NODE", "entity_id": "n", "action": "CLOCK_CHANGED",
        "payload": { "change": "started", "clock": "2026-01-02T00:00:00Z", "compared_with": "2026-01-01T00:00:00Z" } });
    let (_, problem) = scene.post(&company.token, "/api/v1/events", draft.to_string().into_bytes()).await;
    assert_eq!(problem["code"], "CENTRAL_ONLY", "{problem}");
}
