//! Checks one node's log in order: epochs, seqs, headers, and the end of the previous epoch that an epoch's first record names.

use comptoir_core::chain::{ChainHash, genesis};
use comptoir_core::id::{EventId, NodeId, TenantId};
use comptoir_core::position::Seq;
use comptoir_proto::bundle_v1::{EpochHead, EpochStart, Frame};
use comptoir_proto::stored_v1;

use crate::content::Body;
use crate::context::VerifyContext;
use crate::finding::{Break, Defect, FindingLocation, Head, Level, Notes, Summary};
use crate::ids::IdUse;
use crate::opening::{self, EpochEnd};

pub(crate) struct NodeLog {
    pub(crate) tenant: TenantId,
    pub(crate) node: NodeId,
    epochs: Vec<Span>,
    /// Ends of previous epochs that lie inside the records of these files; a second reading compares the chains there.
    pub(crate) claims: Vec<PreviousEpochEnd>,
    records: u64,
    answers: u64,
    last_event: Option<EventId>,
    notes: Notes,
}

/// The part of an epoch that the files contain.
#[derive(Clone, Copy)]
struct Span {
    start: EpochStart,
    end: EpochEnd,
    /// The end of the epoch in the exported log, as the last file with this epoch states it.
    head: Option<EpochHead>,
}

/// The end of an earlier epoch as an epoch's first record names it.
pub(crate) struct PreviousEpochEnd {
    pub(crate) end: EpochEnd,
    pub(crate) location: FindingLocation,
}

impl NodeLog {
    pub(crate) fn new(tenant: TenantId, node: NodeId) -> NodeLog {
        let (epochs, claims, notes) = Default::default();
        NodeLog { tenant, node, epochs, claims, records: 0, answers: 0, last_event: None, notes }
    }

    /// Checks that a frame is in the right place. `first` is true for the first frame of a file.
    pub(crate) fn check_frame(
        &mut self,
        mut location: FindingLocation,
        frame: &Frame<'_>,
        first: bool,
        context: &mut VerifyContext<'_>,
    ) -> Result<(), Break> {
        location.node = Some(self.node);
        match frame {
            Frame::Epoch(start) => self.check_epoch(location, *start, first),
            Frame::Head(head) => {
                if let Some(span) = self.epochs.last_mut() {
                    span.head = Some(*head);
                }
                Ok(())
            }
            Frame::Record { chain, record } => self.check_record(location, *chain, record, context),
            Frame::Answer(answer) => {
                self.check_decision(location, answer, context);
                Ok(())
            }
            Frame::Entry(_) => unreachable_frame(location),
        }
    }

    fn check_epoch(&mut self, mut location: FindingLocation, start: EpochStart, first: bool) -> Result<(), Break> {
        location.epoch = Some(start.epoch.number);
        let begins = EpochEnd { epoch: start.epoch, seq: start.after, chain: start.chain };
        if let Some(Span { end, .. }) = self.epochs.last() {
            if first && start.epoch == end.epoch {
                let goes_on = begins == *end;
                return if goes_on { Ok(()) } else { Err(Break::new(Defect::Part, location, end, begins)) };
            }
            if start.epoch.number <= end.epoch.number {
                let expected = format!("an epoch after {}", end.epoch.number);
                return Err(Break::new(Defect::Epoch, location, expected, format!("epoch {}", start.epoch.number)));
            }
            self.check_complete(location)?;
        }
        let expected = if start.after == Seq::ZERO {
            EpochEnd { chain: genesis(self.tenant, self.node, start.epoch), ..begins }
        } else if self.epochs.is_empty() {
            self.notes.unlinked_beginnings += 1;
            begins
        } else {
            EpochEnd { seq: Seq::ZERO, chain: genesis(self.tenant, self.node, start.epoch), ..begins }
        };
        if begins != expected {
            return Err(Break::new(Defect::Epoch, location, expected, begins));
        }
        self.epochs.push(Span { start, end: begins, head: None });
        Ok(())
    }

    /// Checks that the last epoch has its first record, and all records up to the head that the bundle names.
    fn check_complete(&self, location: FindingLocation) -> Result<(), Break> {
        match self.epochs.last() {
            Some(Span { end, head: Some(head), .. }) if end.seq < head.seq => {
                let first = end.seq.next();
                let location = FindingLocation { epoch: Some(end.epoch.number), seq: Some(first.0), ..location };
                let found = format!("records up to seq {}; seq {first} to {} are missing", end.seq, head.seq);
                Err(Break::new(Defect::Missing, location, format!("records up to seq {}", head.seq), found))
            }
            Some(Span { end, head: Some(head), .. }) if end.seq == head.seq && end.chain != head.chain => {
                let location = FindingLocation { epoch: Some(end.epoch.number), seq: Some(end.seq.0), ..location };
                Err(Break::new(Defect::Chain, location, head.chain, end.chain))
            }
            Some(Span { start, end, .. }) if end.seq == Seq::ZERO => {
                let location = FindingLocation { epoch: Some(start.epoch.number), seq: Some(1), ..location };
                Err(Break::new(Defect::EpochOpened, location, "EPOCH_OPENED", "nothing"))
            }
            _ => Ok(()),
        }
    }

    fn check_record(
        &mut self,
        mut location: FindingLocation,
        chain: ChainHash,
        record: &[u8],
        context: &mut VerifyContext<'_>,
    ) -> Result<(), Break> {
        let Some(Span { end, .. }) = self.epochs.last_mut() else { return unreachable_frame(location) };
        let (epoch, seq, previous) = (end.epoch, Seq(end.seq.0.saturating_add(1)), end.chain);
        (location.epoch, location.seq) = (Some(epoch.number), Some(seq.0));
        let header = stored_v1::header(record)
            .map_err(|error| Break::new(Defect::Header, location, "a record's header", error))?;
        if header.seq != seq {
            return Err(Break::new(Defect::Seq, location, seq, header.seq));
        }
        if (header.tenant, header.node, header.epoch) != (self.tenant, self.node, epoch) {
            let described = |tenant, node, epoch: comptoir_core::position::Epoch| {
                format!("tenant {tenant}, node {node}, epoch {} ({})", epoch.number, epoch.id)
            };
            let expected = described(self.tenant, self.node, epoch);
            return Err(Break::new(
                Defect::Header,
                location,
                expected,
                described(header.tenant, header.node, header.epoch),
            ));
        }
        (end.seq, end.chain) = (seq, chain);
        if seq == Seq(1) {
            let previous = opening::read_opening(record)
                .map_err(|found| Break::new(Defect::EpochOpened, location, "EPOCH_OPENED", found))?;
            self.check_previous_end(location, previous)?;
        }
        context.ids.note(header.event_id, IdUse::Counts);
        let job = context.pool.job();
        let record = job.record(location, previous, record, chain);
        if context.level == Level::Content {
            job.body(Body::Record { location, record });
        }
        self.records += 1;
        self.last_event = Some(header.event_id);
        Ok(())
    }

    /// Compares the end of the previous epoch, as an epoch's first record names it, with these files.
    fn check_previous_end(&mut self, location: FindingLocation, previous: Option<EpochEnd>) -> Result<(), Break> {
        let Some(said) = previous else { return Ok(()) };
        let Some(Span { start, end, .. }) = self.epochs.iter().rev().skip(1).find(|span| span.end.epoch == said.epoch)
        else {
            self.notes.unknown_previous_heads += 1;
            return Ok(());
        };
        let known = if said.seq == end.seq {
            end.chain
        } else if said.seq == start.after {
            start.chain
        } else if said.seq > end.seq || said.seq < start.after {
            // Central had received more than this copy of the log contains, or an earlier part is not among the files.
            self.notes.unknown_previous_heads += 1;
            return Ok(());
        } else {
            self.claims.push(PreviousEpochEnd { end: said, location });
            return Ok(());
        };
        let expected = EpochEnd { chain: known, ..said };
        if expected == said { Ok(()) } else { Err(Break::new(Defect::PreviousHead, location, expected, said)) }
    }

    fn check_decision(&mut self, mut location: FindingLocation, answer: &[u8], context: &mut VerifyContext<'_>) {
        self.answers += 1;
        if let (Level::Content, Some(Span { end, .. }), Some(event)) =
            (context.level, self.epochs.last(), self.last_event)
        {
            (location.epoch, location.seq) = (Some(end.epoch.number), Some(end.seq.0));
            let chain = end.chain;
            let job = context.pool.job();
            let answer = job.hold(answer);
            job.body(Body::Answer { location, answer, event, chain });
        }
    }

    /// Checks at the end of the last file that the last epoch is complete.
    pub(crate) fn check_end(&self, mut location: FindingLocation) -> Result<(), Break> {
        location.node = Some(self.node);
        self.check_complete(location)
    }

    pub(crate) fn summary(&self) -> Summary {
        let head = self.epochs.last().map(|Span { end, .. }| Head {
            node: self.node.uuid(),
            epoch: end.epoch.number,
            epoch_id: end.epoch.id,
            seq: end.seq.0,
            chain: end.chain.to_string(),
        });
        Summary {
            tenant: self.tenant.uuid(),
            records: self.records,
            decisions: self.answers,
            heads: head.into_iter().collect(),
            notes: self.notes,
            ..Summary::default()
        }
    }
}

/// The break for a frame that the bundle reader should have refused: one of another kind of bundle, or a record before any epoch.
pub(crate) fn unreachable_frame(location: FindingLocation) -> Result<(), Break> {
    Err(Break::new(Defect::Form, location, "a frame of this kind of bundle", "another"))
}
