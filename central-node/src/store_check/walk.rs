//! One pass over a tenant's stored log, row by row in the order of positions. It remembers one mark per epoch of each node
//! and no rows. It only reports findings, and decides nothing about them.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use comptoir_core::chain::{ChainHash, decision_genesis, decision_link, genesis, link};
use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::{Epoch, Position, Seq};
use comptoir_proto::damage::Damage;
use comptoir_proto::store_check_v1::StoreFinding;
use comptoir_proto::stored_v1;

use crate::event_store::{CheckedRow, LogHeads};

/// Findings listed per tenant. A hundred more would not describe the store any better.
pub(super) const FINDINGS_MAX: usize = 100;

/// The state of a pass.
#[derive(Debug)]
pub(super) struct LogWalk {
    tenant: TenantId,
    /// The end of the pass: the tenant's head when it began.
    pub(super) head: Position,
    head_chain: Option<ChainHash>,
    at: Position,
    /// The decision chain after `at`; unknown from a hole until the next end of a batch.
    chain: Option<ChainHash>,
    /// The position up to which the decision chain was compared.
    compared_to: Position,
    /// Ends of later batches.
    batch_ends: VecDeque<(Position, ChainHash)>,
    logs: HashMap<(NodeId, u32), LogMark>,
    pub(super) findings: Vec<StoreFinding>,
    pub(super) more_findings: u64,
}

/// The state of one epoch of a node's log, and its expected end.
#[derive(Debug)]
struct LogMark {
    at: Seq,
    chain: ChainHash,
    /// Whether skipped rows may belong to this log: its next seq can then be any.
    unsure: bool,
    /// `None` if the row in `node_head` is missing.
    end: Option<(Seq, ChainHash)>,
}

impl LogWalk {
    /// Begins at the first position.
    pub(super) fn new(tenant: TenantId, heads: &LogHeads) -> LogWalk {
        let mark = |&(node, epoch, last_seq, last_chain): &(NodeId, Epoch, Seq, ChainHash)| {
            let chain = genesis(tenant, node, epoch);
            ((node, epoch.number), LogMark { at: Seq::ZERO, chain, unsure: false, end: Some((last_seq, last_chain)) })
        };
        let mut walk = LogWalk {
            tenant,
            head: heads.tenant.map_or(heads.last_stored, |tenant| tenant.head),
            head_chain: heads.tenant.map(|tenant| tenant.decision_chain),
            at: Position::ZERO,
            chain: Some(decision_genesis(tenant)),
            compared_to: Position::ZERO,
            batch_ends: VecDeque::new(),
            logs: heads.nodes.iter().map(mark).collect(),
            findings: Vec::new(),
            more_findings: 0,
        };
        if heads.tenant.is_none() {
            walk.about_positions(Damage::Head, (1, walk.head.0.max(1)), "a row in tenant_head", "none");
        } else if heads.last_stored > walk.head {
            let beyond = (walk.head.0 + 1, heads.last_stored.0);
            let (expected, found) =
                (format!("no row after head {}", walk.head), format!("rows to {}", heads.last_stored));
            walk.about_positions(Damage::Head, beyond, expected, found);
        }
        walk
    }

    /// A pass for a log whose heads cannot be read: the expected rows are unknown.
    pub(super) fn without_heads(tenant: TenantId, error: &str) -> LogWalk {
        let nothing = LogHeads { tenant: None, nodes: Vec::new(), last_stored: Position::ZERO };
        let mut walk = LogWalk::new(tenant, &nothing);
        walk.findings.clear();
        walk.about_positions(Damage::Head, (1, 1), "heads that can be read", error);
        walk
    }

    pub(super) fn at(&self) -> Position {
        self.at
    }

    pub(super) fn head(&self) -> Position {
        self.head
    }

    /// Adds the ends of batches in the next page.
    pub(super) fn expect_batch_ends(&mut self, ends: Vec<(Position, ChainHash)>) {
        // A page that is read a second time returns ends that are known already.
        let known = self.batch_ends.back().map_or(self.at, |(end, _)| *end);
        self.batch_ends.extend(ends.into_iter().filter(|(end, _)| *end > known));
    }

    /// Processes the next stored row.
    pub(super) fn row(&mut self, row: &CheckedRow) {
        let next = self.at.next();
        if row.position > next {
            self.missing_up_to(Position(row.position.0 - 1));
        }
        self.at = row.position;
        self.decision(row);
        self.follow_decisions(row);
        self.record(row);
    }

    /// All rows up to a position have been passed in.
    pub(super) fn read_to(&mut self, position: Position) {
        if self.at < position {
            self.missing_up_to(position);
        }
    }

    /// Reports rows that could not be read.
    pub(super) fn unreadable(&mut self, last: Position, error: &str) {
        let first = self.extended(Damage::Unreadable);
        self.about_positions(Damage::Unreadable, (first, last.0), "rows that can be read", error);
        self.skip_to(last);
        self.logs.values_mut().for_each(|log| log.unsure = true);
    }

    /// Compares where the rows ended with where they should have ended.
    pub(super) fn end(&mut self) {
        if self.at < self.head {
            self.missing_up_to(self.head);
        }
        if let (Some(chain), Some(head_chain)) = (self.chain, self.head_chain)
            && chain != head_chain
        {
            let since = (self.head.0.min(self.compared_to.0 + 1), self.head.0);
            self.about_positions(Damage::DecisionChain, since, head_chain, chain);
        }
        let mut ends = Vec::new();
        for (log, mark) in &self.logs {
            if let Some((end, end_chain)) = mark.end.filter(|_| !mark.unsure)
                && (mark.at, mark.chain) != (end, end_chain)
            {
                ends.push((*log, mark.at, mark.chain, end, end_chain));
            }
        }
        ends.sort_by_key(|(log, ..)| *log);
        for (log, at, chain, end, end_chain) in ends {
            if at < end {
                self.missing_seqs(log, at.next(), end);
            } else if at > end {
                let (expected, found) = (format!("no record after head {end}"), format!("records to {at}"));
                self.about_log(Damage::Head, log, (end.0 + 1, at.0), expected, found);
            } else {
                self.about_log(Damage::RecordChain, log, (end.0, end.0), end_chain, chain);
            }
        }
    }

    fn missing_up_to(&mut self, last: Position) {
        let first = self.extended(Damage::MissingPositions);
        let rows = last.0 - first + 1;
        self.about_positions(Damage::MissingPositions, (first, last.0), format!("{rows} rows"), "none");
        self.skip_to(last);
    }

    /// The start of a finding's range. If the last finding is of the same kind and ends here, it is removed and extended, so
    /// that one hole is one finding even across pages.
    fn extended(&mut self, damage: Damage) -> u64 {
        let joins =
            |found: &mut StoreFinding| (found.damage, found.last) == (damage, self.at.0) && found.node.is_none();
        match self.findings.pop_if(joins) {
            Some(found) => found.first,
            None => self.at.next().0,
        }
    }

    /// Continues after missing rows, with the chain of a batch that ended exactly there, if any.
    fn skip_to(&mut self, last: Position) {
        self.at = last;
        self.chain = None;
        while let Some((end, chain)) = self.batch_ends.front().copied().filter(|(end, _)| *end <= last) {
            self.batch_ends.pop_front();
            if end == last {
                (self.chain, self.compared_to) = (Some(chain), last);
            }
        }
    }

    /// Checks that the decision belongs to this row, and that the columns match it.
    fn decision(&mut self, row: &CheckedRow) {
        let here = (row.position.0, row.position.0);
        let head = match stored_v1::decision_head(&row.decision) {
            Ok(head) => head,
            Err(error) => return self.about_positions(Damage::Decision, here, "a decision", error.to_string()),
        };
        let bound = (head.tenant, head.position, head.record_chain.0.as_slice());
        if bound != (self.tenant, row.position, row.chain.as_slice()) {
            let words = |tenant: TenantId, position: Position, chain: &[u8]| {
                format!("tenant {tenant}, position {position}, record {}", hex::encode(chain))
            };
            let expected = words(self.tenant, row.position, &row.chain);
            let found = words(head.tenant, head.position, &head.record_chain.0);
            return self.about_positions(Damage::Decision, here, expected, found);
        }
        // A decision whose end does not decode was changed, which the chain reveals.
        let Ok(decision) = stored_v1::decode_decision(&row.decision) else { return };
        let event = stored_v1::decode(&row.record).ok();
        if let Some(column) = row.columns.altered(&decision, head.record_chain, event.as_ref()) {
            self.add(column.finding(self.tenant));
        }
    }

    fn follow_decisions(&mut self, row: &CheckedRow) {
        self.chain = self.chain.map(|chain| decision_link(chain, &row.decision));
        let Some(noted) = self.batch_ends.front().filter(|(end, _)| *end == row.position).map(|(_, noted)| *noted)
        else {
            return;
        };
        self.batch_ends.pop_front();
        let end = row.position;
        if let Some(chain) = self.chain.filter(|chain| *chain != noted) {
            self.about_positions(Damage::DecisionChain, (self.compared_to.0 + 1, end.0), noted, chain);
        }
        (self.chain, self.compared_to) = (Some(noted), end);
    }

    /// Checks that the record continues its node's log.
    fn record(&mut self, row: &CheckedRow) {
        let place @ (node, epoch, seq) = self.place(row);
        let of = (node, epoch);
        let here = (seq.0, seq.0);
        let mark = match self.logs.entry(of) {
            Entry::Occupied(mark) => mark.into_mut(),
            Entry::Vacant(vacant) => {
                // Its epoch's id is in the missing row, so the link of its first record cannot be computed.
                let chain = ChainHash([0; 32]);
                vacant.insert(LogMark { at: Seq::ZERO, chain, unsure: true, end: None });
                return self.without_head(place, &row.chain);
            }
        };
        let next = mark.at.next();
        let Ok(chain) = <[u8; 32]>::try_from(row.chain.as_slice()).map(ChainHash) else {
            let found = format!("{} bytes", row.chain.len());
            return self.about_log(Damage::RecordChain, of, here, "a chain of 32 bytes", found);
        };
        if seq < next {
            return self.about_log(Damage::Order, of, here, format!("seq {next}"), format!("seq {seq}"));
        }
        let (previous, follows) = (mark.chain, seq == next);
        let (at, unsure) = (mark.at, mark.unsure);
        (mark.at, mark.chain, mark.unsure) = (seq, chain, false);
        if !follows && !unsure {
            self.missing_seqs(of, at.next(), Seq(seq.0 - 1));
        } else if follows && !unsure {
            let expected = link(previous, &row.record);
            if expected != chain {
                self.about_log(Damage::RecordChain, of, here, expected, chain);
            }
        }
    }

    /// The place of the record in its node's log. If the sealed place differs from the columns, and the record's chain leads
    /// there, it is the sealed one: the changed column is a finding already, and no record is missing.
    fn place(&self, row: &CheckedRow) -> (NodeId, u32, Seq) {
        let columns = (row.node, row.epoch, row.seq);
        let Ok(header) = stored_v1::header(&row.record) else { return columns };
        let sealed = (header.node, header.epoch.number, header.seq);
        let links = |mark: &LogMark| link(mark.chain, &row.record).0.as_slice() == row.chain.as_slice();
        let leads_there = sealed != columns && self.logs.get(&(header.node, header.epoch.number)).is_some_and(links);
        if leads_there { sealed } else { columns }
    }

    fn without_head(&mut self, (node, epoch, at): (NodeId, u32, Seq), chain: &[u8]) {
        let of = (node, epoch);
        self.about_log(Damage::Head, of, (at.0, at.0), "a row in node_head", "none");
        if let (Some(mark), Ok(chain)) = (self.logs.get_mut(&of), <[u8; 32]>::try_from(chain)) {
            (mark.at, mark.chain, mark.unsure) = (at, ChainHash(chain), false);
        }
    }

    fn missing_seqs(&mut self, log: (NodeId, u32), first: Seq, last: Seq) {
        let records = last.0 - first.0 + 1;
        self.about_log(Damage::MissingSeqs, log, (first.0, last.0), format!("{records} records"), "none");
    }

    fn about_positions(&mut self, damage: Damage, range: (u64, u64), expected: impl ToString, found: impl ToString) {
        let (expected, found) = (expected.to_string(), found.to_string());
        self.add(StoreFinding::about_positions(damage, self.tenant.uuid(), range, expected, found));
    }

    fn about_log(
        &mut self,
        damage: Damage,
        (node, epoch): (NodeId, u32),
        range: (u64, u64),
        expected: impl ToString,
        found: impl ToString,
    ) {
        let log = (node.uuid(), epoch);
        let (expected, found) = (expected.to_string(), found.to_string());
        self.add(StoreFinding::about_log(damage, self.tenant.uuid(), log, range, expected, found));
    }

    fn add(&mut self, finding: StoreFinding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.more_findings += 1;
        }
    }
}
