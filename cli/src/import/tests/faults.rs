//! Nodes that are busy, disconnected or gone, and imports that are repeated.

use std::time::Duration;

use super::super::post::SendError;
use super::super::{ImportError, Options, import_file};
use super::fake_node::{FakeNode, Fault};
use super::{Given, MAPPING, options, receipts};

#[tokio::test]
async fn a_busy_node_gets_its_time_and_every_draft_arrives_once() {
    let given = Given::new(MAPPING, &receipts(600)).await;
    given.node.held().faults =
        vec![Fault::Busy, Fault::QueueFull, Fault::TooMany, Fault::AnswerCut, Fault::AnswerCut, Fault::Busy];
    let summary = given.import().await.unwrap();
    assert_eq!((summary.recorded, summary.is_clean()), (600, true));
    assert_eq!(given.node.facts().len(), 600);
}

#[tokio::test]
async fn a_node_that_refuses_every_request_stops_the_import_at_once() {
    let given = Given::new(MAPPING, &receipts(2_000)).await;
    given.node.held().faults = vec![Fault::Forbidden];
    let error = given.import().await.expect_err("403");
    assert!(matches!(&error, ImportError::Send(SendError::Refused { status: 403, .. })), "{error}");
    assert!(error.to_string().contains("not with this key"), "{error}");
}

#[tokio::test]
async fn a_read_only_log_stops_the_import_instead_of_refusing_every_row() {
    let given = Given::new(MAPPING, &receipts(2_000)).await;
    given.node.held().faults = vec![Fault::LogReadOnly];
    let error = given.import().await.expect_err("503 for good").to_string();
    assert!(error.contains("LOG_READ_ONLY") && error.contains("a write failed"), "{error}");
    assert!(given.remarks().is_empty(), "no row is at fault");
}

#[tokio::test]
async fn an_unreachable_node_is_reported_after_the_timeout() {
    let given = Given::new(MAPPING, &receipts(1)).await;
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let error =
        import_file(&Options { url, give_up_after: Duration::ZERO, ..given.options() }).await.expect_err("nobody");
    assert!(matches!(&error, ImportError::Send(SendError::Unavailable { .. })), "{error}");
}

#[tokio::test]
async fn a_stopped_import_resumes_and_its_report_is_complete() {
    let rows = receipts(1_000).replace("\n5,tea,1,", "\n5,tea,-1,").replace("\n900,tea,1,", "\n900,tea,many,");
    let given = Given::new(MAPPING, &rows).await;
    // The first request goes through, the second is refused for good.
    given.node.held().faults = vec![Fault::Forbidden, Fault::No];
    import_file(&Options { in_flight: 1, ..given.options() }).await.expect_err("stopped");
    let before = given.node.held().requests;
    assert!(given.path("rows.csv.import-progress.json").exists());

    let summary = given.import().await.unwrap();
    assert_eq!((summary.recorded, summary.refused, summary.bad_events), (998, 1, 1));
    assert_eq!(given.node.facts().len(), 998);
    assert_eq!(summary.known_before, 255, "recorded by the first request");
    assert_eq!(given.node.held().requests, before + 3, "three requests were left");
    assert_eq!(given.remarks().iter().map(|said| said.line).collect::<Vec<_>>(), [6, 901]);
    assert!(!given.path("rows.csv.import-progress.json").exists());
}

#[tokio::test]
async fn the_same_file_again_records_nothing_twice() {
    let given = Given::new(MAPPING, &receipts(300)).await;
    given.import().await.unwrap();
    let summary = given.import().await.unwrap();
    assert_eq!((summary.recorded, summary.known_before), (300, 300));
    assert_eq!(given.node.facts().len(), 300);
}

#[tokio::test]
async fn progress_counts_only_at_the_node_that_made_it() {
    let given = Given::new(MAPPING, &receipts(600)).await;
    given.node.held().faults = vec![Fault::Forbidden, Fault::No];
    import_file(&Options { in_flight: 1, ..given.options() }).await.expect_err("stopped");

    // The data directory was removed: the node runs but knows no event.
    *given.node.held() = super::fake_node::Held::default();
    assert_eq!(given.import().await.unwrap().recorded, 600);
    assert_eq!(given.node.facts().len(), 600);

    let other = FakeNode::start().await;
    let summary = import_file(&options(&given.path("rows.csv"), &given.path("map.toml"), &other.url)).await.unwrap();
    assert_eq!((summary.recorded, other.facts().len()), (600, 600));
}
