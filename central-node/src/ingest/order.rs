//! Asserts the order of a tenant's log before rows are stored. A peer cannot cause a failure here: `prepare.rs` and
//! `accept.rs` refuse its records with a code first. A stored row out of order could never be corrected, so the batch panics
//! and writes nothing.

use std::collections::HashMap;

use comptoir_core::chain::{ChainHash, genesis, link};
use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::{Position, Seq};

use crate::event_store::{NewEvent, NodeHead, NodeLog};

/// The ends of the tenant's order and of the nodes' logs, after the rows so far.
pub(super) struct LogOrder {
    tenant: TenantId,
    position: Position,
    ends: HashMap<(NodeId, u32), (Seq, ChainHash)>,
}

impl LogOrder {
    /// `logs` are the logs, before the batch, of every node that may have rows in it.
    pub(super) fn new(tenant: TenantId, position: Position, logs: &HashMap<NodeId, NodeLog>) -> LogOrder {
        let ends = logs.iter().flat_map(|(node, log)| {
            log.epochs.iter().map(|(number, head)| ((*node, *number), (head.last_seq, head.last_chain)))
        });
        LogOrder { tenant, position, ends: ends.collect() }
    }

    /// Asserts that the row is the next of the tenant's order and of its node's log.
    pub(super) fn follow(&mut self, row: &NewEvent<'_>) {
        assert_eq!(row.position, self.position.next(), "positions are given without a gap");
        let genesis = || (Seq::ZERO, genesis(self.tenant, row.node, row.epoch));
        let (last_seq, last_chain) = self.ends.entry((row.node, row.epoch.number)).or_insert_with(genesis);
        assert_eq!(row.seq, last_seq.next(), "node {}: a log is appended to without a gap", row.node);
        // Every pushed record's link was computed in `prepare.rs`; computing it again here would double the hashing.
        debug_assert_eq!(
            row.chain,
            link(*last_chain, &row.record),
            "node {}: a record is linked to the last",
            row.node
        );
        self.position = row.position;
        (*last_seq, *last_chain) = (row.seq, row.chain);
    }

    /// Asserts that a head to be saved is the end of the rows.
    pub(super) fn assert_end(&self, node: NodeId, head: &NodeHead) {
        let end = self.ends.get(&(node, head.epoch.number));
        assert_eq!(end, Some(&(head.last_seq, head.last_chain)), "node {node}: a head is its log's last record");
    }

    /// Asserts that a tenant's head to be saved is the last row.
    pub(super) fn assert_head(&self, head: Position) {
        assert_eq!(head, self.position, "a tenant's head is its last position");
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use comptoir_core::decision::Verdict;
    use comptoir_core::id::EventId;
    use comptoir_core::position::Epoch;
    use comptoir_core::time::Timestamp;
    use uuid::Uuid;

    use super::*;

    const TENANT: TenantId = TenantId::from_bytes([1; 16]);
    const NODE: NodeId = NodeId::from_bytes([2; 16]);
    const EPOCH: Epoch = Epoch { number: 1, id: Uuid::from_bytes([3; 16]) };

    /// The `seq`-th record of a log whose records are `[1]`, `[2]`, ...
    fn row(position: u64, seq: u64) -> NewEvent<'static> {
        let chain = (1..=seq).fold(genesis(TENANT, NODE, EPOCH), |chain, seq| link(chain, &[seq as u8]));
        NewEvent {
            position: Position(position),
            node: NODE,
            epoch: EPOCH,
            seq: Seq(seq),
            event_id: EventId::from_bytes([4; 16]),
            event: None,
            received_at: Timestamp(0),
            effective_at: Timestamp(0),
            verdict: Verdict::Accepted,
            code: None,
            chain,
            decision: Vec::new(),
            record: Cow::Owned(vec![seq as u8]),
        }
    }

    fn follow(rows: &[NewEvent<'_>]) -> LogOrder {
        let mut order = LogOrder::new(TENANT, Position(7), &HashMap::new());
        rows.iter().for_each(|row| order.follow(row));
        order
    }

    #[test]
    fn rows_in_order_end_at_their_heads() {
        let order = follow(&[row(8, 1), row(9, 2)]);
        let head = NodeHead { epoch: EPOCH, last_seq: Seq(2), last_chain: row(9, 2).chain, frozen: false };
        order.assert_end(NODE, &head);
        order.assert_head(Position(9));
    }

    #[test]
    #[should_panic(expected = "positions are given without a gap")]
    fn a_skipped_position_panics() {
        follow(&[row(8, 1), row(10, 2)]);
    }

    #[test]
    #[should_panic(expected = "a log is appended to without a gap")]
    fn a_skipped_seq_panics() {
        follow(&[row(8, 1), row(9, 3)]);
    }

    #[test]
    #[should_panic(expected = "a record is linked to the last")]
    fn a_record_with_another_chain_panics() {
        follow(&[NewEvent { chain: ChainHash([9; 32]), ..row(8, 1) }]);
    }

    #[test]
    #[should_panic(expected = "a head is its log's last record")]
    fn a_head_that_no_row_has_panics() {
        let head = NodeHead { epoch: EPOCH, last_seq: Seq(3), last_chain: row(9, 2).chain, frozen: false };
        follow(&[row(8, 1), row(9, 2)]).assert_end(NODE, &head);
    }
}
