//! A tenant's log, in order: positions, each node's chain within it, and each record's decision.

use std::collections::HashMap;

use comptoir_core::chain::{ChainHash, decision_genesis, genesis};
use comptoir_core::decision::{Code, Verdict};
use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::{Position, Seq};
use comptoir_proto::bundle_v1::{Entry, Frame};
use comptoir_proto::stored_v1::{self, DecisionHead};

use crate::content::{Body, HeaderFit};
use crate::context::VerifyContext;
use crate::finding::{Break, Defect, FindingLocation, Head, Level, Notes, Summary};
use crate::ids::IdUse;
use crate::node_log::unreachable_frame;
use crate::opening::{self, EpochEnd};

pub(crate) struct TenantLog {
    pub(crate) tenant: TenantId,
    /// Whether the log begins at its first position.
    pub(crate) whole: bool,
    position: Position,
    decision_chain: ChainHash,
    nodes: HashMap<NodeId, EpochEnd>,
    records: u64,
    notes: Notes,
}

impl TenantLog {
    pub(crate) fn new(
        tenant: TenantId,
        after: Position,
        decision_chain: ChainHash,
        location: FindingLocation,
    ) -> Result<TenantLog, Break> {
        let whole = after == Position::ZERO;
        let expected = decision_genesis(tenant);
        if whole && decision_chain != expected {
            return Err(Break::new(Defect::DecisionChain, location, expected, decision_chain));
        }
        Ok(TenantLog {
            tenant,
            whole,
            position: after,
            decision_chain,
            nodes: HashMap::new(),
            records: 0,
            notes: Notes::default(),
        })
    }

    /// Checks that the next file continues this log.
    pub(crate) fn part(
        &self,
        after: Position,
        decision_chain: ChainHash,
        location: FindingLocation,
    ) -> Result<(), Break> {
        let described = |position, chain| format!("position {position}, decision chain {chain}");
        if (after, decision_chain) == (self.position, self.decision_chain) {
            return Ok(());
        }
        Err(Break::new(
            Defect::Part,
            location,
            described(self.position, self.decision_chain),
            described(after, decision_chain),
        ))
    }

    pub(crate) fn frame(
        &mut self,
        mut location: FindingLocation,
        frame: &Frame<'_>,
        context: &mut VerifyContext<'_>,
    ) -> Result<(), Break> {
        let Frame::Entry(entry) = frame else { return unreachable_frame(location) };
        let expected = self.position.next();
        location.position = Some(expected.0);
        if entry.position != expected {
            let found = match entry.position > expected {
                true => format!("{}: {}", entry.position, missing(expected.0, entry.position.0 - 1)),
                false => entry.position.to_string(),
            };
            return Err(Break::new(Defect::Position, location, expected, found));
        }
        (location.node, location.epoch, location.seq) = (Some(entry.node), Some(entry.epoch.number), Some(entry.seq.0));
        let before = self.nodes.get(&entry.node).copied();
        let previous = self.link(location, entry, before)?;
        let (head, fits) = self.binding(location, entry)?;
        if entry.seq == Seq(1) && head.verdict != Verdict::Quarantined {
            self.opening(location, entry, before)?;
        }
        let end = EpochEnd { epoch: entry.epoch, seq: entry.seq, chain: entry.chain };
        self.nodes.insert(entry.node, end);
        context.ids.note(head.event_id, used(&head));
        self.hand_over(location, entry, previous, fits, context);
        (self.position, self.decision_chain) = (entry.position, entry.decision_chain);
        self.records += 1;
        Ok(())
    }

    /// The chain that the record must continue; none if the node's log begins before these files.
    fn link(
        &mut self,
        location: FindingLocation,
        entry: &Entry<'_>,
        before: Option<EpochEnd>,
    ) -> Result<Option<ChainHash>, Break> {
        let (next, previous) = match before {
            Some(end) if end.epoch == entry.epoch => (end.seq.next(), Some(end.chain)),
            Some(end) if entry.epoch.number <= end.epoch.number => {
                let found = format!("epoch {} ({})", entry.epoch.number, entry.epoch.id);
                return Err(Break::new(Defect::Epoch, location, format!("an epoch after {}", end.epoch.number), found));
            }
            None if !self.whole && entry.seq > Seq(1) => {
                self.notes.unlinked_beginnings += 1;
                (entry.seq, None)
            }
            _ => (Seq(1), Some(genesis(self.tenant, entry.node, entry.epoch))),
        };
        if entry.seq == next { Ok(previous) } else { Err(Break::new(Defect::Seq, location, next, entry.seq)) }
    }

    /// Checks that the decision is about this record in this place.
    fn binding<'a>(
        &self,
        location: FindingLocation,
        entry: &Entry<'a>,
    ) -> Result<(DecisionHead<'a>, HeaderFit), Break> {
        let head = stored_v1::decision_head(entry.decision)
            .map_err(|error| Break::new(Defect::Decision, location, "a decision", error))?;
        let unbound =
            |expected: String, found: String| Err(Break::new(Defect::DecisionBinding, location, expected, found));
        if head.tenant != self.tenant {
            return unbound(format!("tenant {}", self.tenant), format!("tenant {}", head.tenant));
        }
        if head.position != entry.position {
            return unbound(format!("position {}", entry.position), format!("position {}", head.position));
        }
        if head.record_chain != entry.chain {
            return unbound(format!("record {}", entry.chain), format!("record {}", head.record_chain));
        }
        let (fits, own_id) = match stored_v1::header(entry.record) {
            Err(_) => (HeaderFit::Unreadable, None),
            Ok(header) => {
                let here = (header.tenant, header.node, header.epoch, header.seq)
                    == (self.tenant, entry.node, entry.epoch, entry.seq);
                if here { (HeaderFit::Here, Some(header.event_id)) } else { (HeaderFit::Elsewhere, None) }
            }
        };
        let unreadable_id = || stored_v1::unreadable_event_id(entry.chain);
        if Some(head.event_id) != own_id && !(head.verdict == Verdict::Quarantined && head.event_id == unreadable_id())
        {
            return unbound(
                format!("event {}", own_id.unwrap_or_else(unreadable_id)),
                format!("event {}", head.event_id),
            );
        }
        if fits != HeaderFit::Here && head.verdict != Verdict::Quarantined {
            let expected = "QUARANTINED: the record's header names another place";
            return Err(Break::new(Defect::Verdict, location, expected, head.verdict.as_str()));
        }
        Ok((head, fits))
    }

    /// Checks an epoch's first record, which names the end of the previous epoch as central held it.
    fn opening(&mut self, location: FindingLocation, entry: &Entry<'_>, before: Option<EpochEnd>) -> Result<(), Break> {
        let said = opening::read_opening(entry.record)
            .map_err(|found| Break::new(Defect::EpochOpened, location, "EPOCH_OPENED", found))?;
        let described = |end: Option<EpochEnd>| end.map_or("no earlier epoch".to_owned(), |end| end.to_string());
        match (before, said) {
            (None, None) => Ok(()),
            (None, Some(_)) => {
                self.notes.unknown_previous_heads += 1;
                Ok(())
            }
            (Some(_), said) if said == before => Ok(()),
            (Some(_), said) => Err(Break::new(Defect::PreviousHead, location, described(before), described(said))),
        }
    }

    fn hand_over(
        &self,
        location: FindingLocation,
        entry: &Entry<'_>,
        previous: Option<ChainHash>,
        fits: HeaderFit,
        context: &mut VerifyContext<'_>,
    ) {
        let job = context.pool.job();
        let record = match previous {
            Some(previous) => job.record(location, previous, entry.record, entry.chain),
            None => job.hold(entry.record),
        };
        let decision = job.decision(location, self.decision_chain, entry.decision, entry.decision_chain);
        if context.level == Level::Content {
            job.body(Body::Entry { location, record, fits, decision });
        }
    }

    /// The break if the entries end before the position that the end of the file states.
    pub(crate) fn short_of(&self, stated: u64, location: FindingLocation) -> Option<Break> {
        let location = FindingLocation { position: Some(self.position.next().0), ..location };
        let found = || format!("position {}: {}", self.position, missing(self.position.next().0, stated));
        (stated > self.position.0).then(|| {
            Break::new(Defect::Count, location, format!("last position {stated}, as the file's end states"), found())
        })
    }

    pub(crate) fn summary(&self) -> Summary {
        let head = |(node, end): (&NodeId, &EpochEnd)| Head {
            node: node.uuid(),
            epoch: end.epoch.number,
            epoch_id: end.epoch.id,
            seq: end.seq.0,
            chain: end.chain.to_string(),
        };
        let mut heads: Vec<Head> = self.nodes.iter().map(head).collect();
        heads.sort_by_key(|head| head.node);
        Summary {
            tenant: self.tenant.uuid(),
            records: self.records,
            decisions: self.records,
            position: Some(self.position.0),
            decision_chain: Some(self.decision_chain.to_string()),
            heads,
            notes: self.notes,
            ..Summary::default()
        }
    }
}

fn missing(first: u64, last: u64) -> String {
    if first == last {
        format!("position {first} is missing")
    } else {
        format!("positions {first} to {last} are missing")
    }
}

/// How a decision says that its record uses its id.
pub(crate) fn used(head: &DecisionHead<'_>) -> IdUse {
    match head.verdict {
        Verdict::Duplicate => IdUse::Duplicate,
        _ if head.code == Some(Code::EventIdReused.as_str()) => IdUse::Reused,
        _ => IdUse::Counts,
    }
}
