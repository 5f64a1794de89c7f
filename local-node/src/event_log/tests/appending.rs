//! What a caller is told, and when.

use comptoir_core::chain::{genesis, link};
use comptoir_core::position::Seq;

use super::harness::*;

#[test]
fn drafts_get_the_next_seqs_and_the_chain_and_read_back_as_they_were_sealed() {
    on_each_store(|node| {
        let log = node.open();
        let first = append(&log, vec![draft(1), draft(2)]).unwrap();
        let second = append(&log, vec![draft(3)]).unwrap();
        assert_eq!([first[0].seq, first[1].seq, second[0].seq], [Seq(2), Seq(3), Seq(4)], "seq 1 opens the epoch");

        let records = all(&log);
        let mut chain = genesis(identity().tenant, identity().node, log.head().epoch);
        for sealed in &records {
            chain = link(chain, &sealed.record);
            assert_eq!(sealed.chain, chain, "seq {}", sealed.seq);
        }
        assert_eq!((second[0].chain, log.head().chain), (chain, chain));
        assert!(draft(3).same_content(&event(&records[3])));
    });
}
