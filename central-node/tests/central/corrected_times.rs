//! What a node reports about its clock, and the times its records count at.

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
    server: &TestCentral,
    node: &SealedLog,
    (from, to): (u64, u64),
    clock: &[ClockMarkDto],
) -> Vec<RecordResult> {
    let request = PushRequest { clock: clock.to_vec(), ..node.request(from, to) };
    node.send_push(server, &request).await.parse::<PushResponse>().results
}

/// When each sale counts as having happened, less noon.
async fn sold_at(company: &TestTenant<'_>) -> Vec<i64> {
    let sql = "select (extract(epoch from effective_at) * 1000000)::bigint from event
               where tenant_id = $1 and entity_type = 'SALE' order by position";
    let rows = company.server.admin().await.query(sql, &[&company.tenant.uuid()]).await.unwrap();
    rows.iter().map(|row| row.get::<_, i64>(0) - NOON).collect()
}

/// A central whose clock shows noon.
async fn server_at_noon() -> TestCentral {
    TestCentral::at(Clock::new(|| Timestamp(NOON))).await
}

/// The flags about time, per result.
fn flags(results: &[RecordResult]) -> Vec<Vec<&str>> {
    let of_time = |flag: &&str| matches!(*flag, "CLOCK_UNSURE" | "TIME_IN_FUTURE");
    results.iter().map(|result| result.flags.iter().map(String::as_str).filter(of_time).collect()).collect()
}

#[tokio::test]
async fn a_clock_step_after_the_batch_corrects_its_times_in_a_push_and_in_a_file() {
    let server = server_at_noon().await;
    for imported in [false, true] {
        let company = server.company().await;
        let mut node = company.node().await;
        let started = ClockChange::Started { now: Timestamp(0), highest: Timestamp(NOON - 9 * HOUR) };
        let started = change_clock(&mut node, started, 0);
        sell_at(&mut node, "1970", HOUR);
        let step = NOON - 5 * HOUR;
        let stepped = change_clock(&mut node, ClockChange::Stepped { micros: step }, NOON - 3 * HOUR);
        sell_at(&mut node, "right", NOON - 2 * HOUR);
        let marks = [started, stepped];
        if imported {
            let clock: Vec<_> = marks.iter().map(|mark| mark.read().unwrap()).collect();
            for (from, to) in [(1, 3), (4, 5)] {
                let file = comptoir_central::ImportedRecords { clock: clock.clone(), ..node.exported(from, to) };
                comptoir_central::import_records(&server.central, company.tenant, file).await.unwrap();
            }
        } else {
            // The batch ends before the step, and before anything shows that the clock was wrong.
            let first = push_with_clock(&server, &node, (1, 3), &marks).await;
            let second = push_with_clock(&server, &node, (4, 5), &marks).await;
            assert!(flags(&first).iter().chain(&flags(&second)).all(|flags| flags.is_empty()));
        }
        assert_eq!(sold_at(&company).await, [-4 * HOUR, -2 * HOUR], "imported: {imported}");
    }
}

#[tokio::test]
async fn an_unknown_time_is_flagged_in_the_decision() {
    let server = server_at_noon().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let highest = Timestamp(NOON - 9 * HOUR);
    let first = change_clock(&mut node, ClockChange::Started { now: Timestamp(0), highest }, 0);
    sell_at(&mut node, "1970", HOUR);
    let second = change_clock(&mut node, ClockChange::Started { now: Timestamp(NOON - HOUR), highest }, NOON - HOUR);
    sell_at(&mut node, "right", NOON - HOUR / 2);
    let results = push_with_clock(&server, &node, (1, 5), &[first, second]).await;
    let expected: [&[&str]; 4] = [&[], &["CLOCK_UNSURE"], &[], &[]];
    assert_eq!(flags(&results)[1..], expected);
    assert_eq!(sold_at(&company).await, [-8 * HOUR, -HOUR / 2]);
}

#[tokio::test]
async fn a_given_time_in_the_future_is_replaced_by_intake_time_or_the_record_before() {
    let server = server_at_noon().await;
    let company = server.company().await;
    let mut node = company.node().await;
    sell_at(&mut node, "before", NOON - 5 * HOUR);
    let future = |node: &mut SealedLog, sale: &str, given| {
        let event = node.event("SALE", sale, "SALE_RECORDED", &Sale::default().payload());
        node.seal_event(Event { occurred_at: Timestamp(given), ..event });
    };
    future(&mut node, "with-intake", NOON - HOUR);
    future(&mut node, "without-intake", NOON + 90_000 * HOUR);
    future(&mut node, "honest", NOON - 3 * HOUR);
    let mut request = node.request(1, 5);
    // The push says that the node's clock is an hour ahead.
    request.node_time = instant::format(Timestamp(NOON + HOUR));
    request.taken_in = vec![RecordIntake { seq: 3, at: instant::format(Timestamp(NOON - 3 * HOUR)) }];
    let answer = node.send_push(&server, &request).await.assert_ok();
    let results: Vec<RecordResult> = serde_json::from_value(answer["results"].clone()).unwrap();
    let expected: [&[&str]; 4] = [&[], &["TIME_IN_FUTURE"], &["TIME_IN_FUTURE"], &[]];
    assert_eq!(flags(&results)[1..], expected);
    assert!(results.iter().all(|result| result.verdict == "ACCEPTED"), "no sale is refused for its time");
    assert_eq!(sold_at(&company).await, [-6 * HOUR, -4 * HOUR, -4 * HOUR, -3 * HOUR]);
}

#[tokio::test]
async fn unreadable_clock_marks_are_refused_by_pointer_and_nobody_posts_clock_changes() {
    let server = TestCentral::new().await;
    let company = server.company().await;
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
        let status = if code == "TOO_LARGE" { 413 } else { 400 };
        node.post(&server, "/api/v1/sync/push", &request).await.assert_problem(status, code).pointer(pointer);
    }
    let draft = json!({ "id": uuid::Uuid::now_v7(), "entity_type": "NODE", "entity_id": "n", "action": "CLOCK_CHANGED",
        "payload": { "change": "started", "clock": "2026-01-02T00:00:00Z", "compared_with": "2026-01-01T00:00:00Z" } });
    company.post("/api/v1/events", &draft).await.assert_problem(422, "CENTRAL_ONLY");
}
