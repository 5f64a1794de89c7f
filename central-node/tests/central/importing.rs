//! Records imported from a file, and the node's own push of the same records afterwards.

use comptoir_central::import_records;
use comptoir_test_support::TestCentral;

#[tokio::test]
async fn records_imported_from_a_file_get_the_same_answer_when_pushed_later() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell_many(5, |number| format!("s-{number}"));
    node.seal("STOCK", "A", "UPDATE", &serde_json::json!({ "quantity": "7" }));
    let import = |from, to| import_records(&server.central, company.tenant, node.exported(from, to));

    let first = import(1, 4).await.unwrap();
    let overlapping = import(2, 7).await.unwrap();
    let again = import(1, 7).await.unwrap();
    let pushed = node.push_all(&server).await;

    assert_eq!(first.results.len(), 4);
    assert_eq!(first.held_before, 0);
    assert_eq!(overlapping.results.len(), 6);
    assert_eq!(overlapping.held_before, 3, "the overlap is known");
    assert_eq!(again.held_before, 7);
    assert_eq!(again.results[1..], overlapping.results, "the stored decisions");
    assert_eq!(pushed.results, again.results);
    assert_eq!(pushed.results[6].verdict, "SUPERSEDED");
    company.assert_gapless().await;
}

#[tokio::test]
async fn a_refused_import_leaves_nothing() {
    let server = TestCentral::new().await;
    let (company, stranger) = (server.company().await, server.company().await);
    let mut node = company.node().await;
    node.sell_many(6, |number| format!("s-{number}"));
    node.push(&server, 1, 4).await;
    let mut damaged = node.exported(5, 7);
    damaged.records[1].0[40] ^= 1;

    let gap = import_records(&server.central, company.tenant, node.exported(6, 7)).await.unwrap_err();
    let damaged = import_records(&server.central, company.tenant, damaged).await.unwrap_err();
    let missing = import_records(&server.central, stranger.tenant, node.exported(5, 7)).await.unwrap_err();

    assert_eq!(gap.code, "SEQ_GAP");
    assert_eq!(gap.values["expected_seq"], 5);
    assert_eq!(damaged.code, "CHAIN_MISMATCH");
    assert_eq!(damaged.values["seq"], 6);
    assert_eq!(missing.code, "NOT_FOUND", "the node is another tenant's");
    let pushed = node.push(&server, 5, 7).await;
    assert_eq!(pushed.results.len(), 3);
    company.assert_gapless().await;
}
