//! Records imported from a file, and the node's own push of the same records afterwards.

use comptoir_central::{ImportOutcome, import_records};
use comptoir_test_support::TestCentral;

#[tokio::test]
async fn records_imported_from_a_file_get_the_same_answer_when_pushed_later() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut node = company.node().await;
    node.sell_many(5, |number| format!("s-{number}"));
    node.seal("STOCK", "A", "UPDATE", &serde_json::json!({ "quantity": "7" }));
    let import = |from, to| import_records(&scene.central, company.tenant, node.exported(from, to));
    let ImportOutcome { results, held_before } = import(1, 4).await.unwrap();
    assert_eq!((results.len(), held_before), (4, 0));
    let ImportOutcome { results, held_before } = import(2, 7).await.unwrap();
    assert_eq!((results.len(), held_before), (6, 3), "the overlap is known");
    let again = import(1, 7).await.unwrap();
    assert_eq!((again.held_before, &again.results[1..]), (7, &results[..]), "the stored decisions");
    let pushed = node.push_all(&scene).await;
    assert_eq!(pushed.results, again.results);
    assert_eq!(pushed.results[6].verdict, "SUPERSEDED");
    company.assert_gapless().await;

    node.sell_many(3, |number| format!("t-{number}"));
    let gap = import_records(&scene.central, company.tenant, node.exported(9, 10)).await.unwrap_err();
    assert_eq!((gap.code.as_str(), &gap.values["expected_seq"]), ("SEQ_GAP", &8.into()));
    let mut damaged = node.exported(8, 10);
    damaged.records[1].0[40] ^= 1;
    let damaged = import_records(&scene.central, company.tenant, damaged).await.unwrap_err();
    assert_eq!((damaged.code.as_str(), &damaged.values["seq"]), ("CHAIN_MISMATCH", &9.into()));
    let stranger = scene.company().await;
    let missing = import_records(&scene.central, stranger.tenant, node.exported(8, 10)).await.unwrap_err();
    assert_eq!(missing.code, "NOT_FOUND", "the node is another tenant's");
    assert_eq!(node.push(&scene, 8, 10).await.results.len(), 3, "the refused imports left nothing");
}
