//! Records that are imported from a file, and the node's own push of the same records afterwards.

use comptoir_central::{ImportOutcome, ImportedRecords};
use comptoir_core::position::Seq;

use crate::harness::{Node, TestCentral};

impl Node {
    pub(crate) fn exported(&self, from: u64, to: u64) -> ImportedRecords {
        ImportedRecords {
            node: self.node,
            epoch: self.epoch,
            first_seq: Seq(from),
            previous: self.chain_before(from),
            records: self.records[from as usize - 1..to as usize].to_vec(),
            clock: Vec::new(),
        }
    }
}

#[tokio::test]
async fn a_push_of_imported_records_gets_the_decisions_of_the_import() {
    let scene = TestCentral::new().await;
    let company = scene.company().await;
    let mut node = company.node().await;
    node.sell_many(5, |number| format!("s-{number}"));
    node.seal("STOCK", "A", "UPDATE", &serde_json::json!({ "quantity": "7" }));
    let import = |from, to| comptoir_central::import_records(&scene.central, company.tenant, node.exported(from, to));
    let ImportOutcome { results, held_before } = import(1, 4).await.unwrap();
    assert_eq!((results.len(), held_before), (4, 0));
    let ImportOutcome { results, held_before } = import(2, 7).await.unwrap();
    assert_eq!((results.len(), held_before), (6, 3), "what overlaps is held");
    let again = import(1, 7).await.unwrap();
    assert_eq!((again.held_before, &again.results[1..]), (7, &results[..]), "with the first decisions");
    let pushed = node.push_all(&scene).await;
    assert_eq!(pushed.results, again.results);
    assert_eq!(pushed.results[6].verdict, "SUPERSEDED");
    company.assert_gapless().await;

    node.sell_many(3, |number| format!("t-{number}"));
    let gap = comptoir_central::import_records(&scene.central, company.tenant, node.exported(9, 10)).await.unwrap_err();
    assert_eq!((gap.code.as_str(), &gap.values["expected_seq"]), ("SEQ_GAP", &8.into()));
    let mut damaged = node.exported(8, 10);
    damaged.records[1].0[40] ^= 1;
    let damaged = comptoir_central::import_records(&scene.central, company.tenant, damaged).await.unwrap_err();
    assert_eq!((damaged.code.as_str(), &damaged.values["seq"]), ("CHAIN_MISMATCH", &9.into()));
    let stranger = scene.company().await;
    let missing =
        comptoir_central::import_records(&scene.central, stranger.tenant, node.exported(8, 10)).await.unwrap_err();
    assert_eq!(missing.code, "NOT_FOUND", "the node is another tenant's");
    assert_eq!(node.push(&scene, 8, 10).await.results.len(), 3, "nothing of the refused imports was written");
}
