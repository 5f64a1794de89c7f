//! Deciding in memory, record by record, under the tenant's lock: position, judgement, effects, the stored decision and its chain.
//!
//! A record is judged once and its decision stored as bytes. What follows from it changes the [`DecisionState`] that the next one is judged by.
//! Nothing here waits for the database.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use comptoir_core::chain::{ChainHash, decision_link, link};
use comptoir_core::clock::{ClockHistory, IntakeTime, Timing};
use comptoir_core::decision::{Code, DecisionContext, Judgement, Verdict};
use comptoir_core::event::{Content, Event, TimeSource};
use comptoir_core::fact::{Fact, ParsedEvent};
use comptoir_core::id::{EventId, Name, NodeId};
use comptoir_core::position::{Epoch, Position, Seq};
use comptoir_core::rules::{self, Effect, Precheck, PriorDecision};
use comptoir_core::state::{DecisionState, StateKeys};
use comptoir_core::time::Timestamp;
use comptoir_proto::stored_v1::{self, DecodeError, StoredDecision};
use serde_json::json;

use crate::event_store::{HeldEvent, NewEvent, NodeHead, TenantHead};
use crate::state_store::EntityHistory;
use crate::tenant::Tenant;

/// The event that brings an invoice's number back; its id is derived from the event that caused it, by this name.
pub(crate) const REFERENCE_ASSIGNED: &str = "INVOICE_REFERENCE_ASSIGNED";

/// Why a batch cannot be judged as it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecideError {
    /// Applying what follows from an event failed half-way: the batch is judged again, with that event set apart.
    #[error("applying event {0} failed")]
    Defect(EventId),
    /// A record of ours could not be written as bytes.
    #[error("an event of central's own cannot be sealed: {0}")]
    Seal(DecodeError),
}

/// A record that has its place in its node's log.
pub(crate) struct Incoming<'a> {
    pub(crate) node: NodeId,
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
    pub(crate) chain: ChainHash,
    pub(crate) record: Cow<'a, [u8]>,
    pub(crate) event_id: EventId,
    pub(crate) body: IncomingBody<'a>,
    /// When it counts as having happened; nothing where it does not read.
    pub(crate) timing: Option<Timing>,
    /// What central had decided about it before it was put back.
    pub(crate) promise: Option<&'a PriorDecision>,
}

/// What could be read of it.
pub(crate) enum IncomingBody<'a> {
    /// Everything, of a record that was pushed.
    Known(&'a ParsedEvent),
    /// Everything, of a record that was sealed here, or whose place says more against it than its content.
    Owned(Box<ParsedEvent>),
    /// Not everything: it is set apart.
    Unfit { event: Option<&'a Event>, code: Code, detail: &'a str },
    /// Not everything, of a record that was sealed here: it is set apart.
    OwnedUnfit { event: Box<Event>, code: Code, detail: String },
}

/// Where an id counts already.
enum CountedEvent {
    /// In the log.
    Stored(Box<HeldEvent>),
    /// In this batch: which of its rows.
    Here(usize),
}

/// A batch being judged.
pub(crate) struct BatchDecider<'a> {
    tenant: &'a Tenant,
    /// The touched part of the read models, as it stands after the last record.
    pub(crate) decision_state: DecisionState,
    /// What changed of it.
    pub(crate) written: StateKeys,
    /// What is kept of how entities stood in between.
    pub(crate) past: EntityHistory,
    /// Where the tenant's order stands after the last record.
    pub(crate) head: TenantHead,
    /// The log of central's own node after the last record.
    pub(crate) central: NodeHead,
    /// The logs that central keeps for devices, after the last record.
    devices: BTreeMap<NodeId, NodeHead>,
    /// The rows to store.
    pub(crate) rows: Vec<Arc<NewEvent<'a>>>,
    /// Their decisions.
    pub(crate) decisions: Vec<StoredDecision>,
    /// How many of the rows were handed over to be written.
    handed_over: usize,
    held: HashMap<EventId, CountedEvent>,
    local_year: i16,
    defects: &'a BTreeSet<EventId>,
}

/// When a batch was received: its first record's instant, and the one year that all of them lie in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReceivedAt {
    /// Later than anything the tenant received before.
    pub(crate) first: Timestamp,
    /// In the tenant's zone.
    pub(crate) local_year: i16,
}

impl ReceivedAt {
    /// Each record is received one microsecond after the one before. A batch that would straddle the new year is received after it.
    pub(crate) fn of(tenant: &Tenant, head: &TenantHead, now: Timestamp, records: usize) -> ReceivedAt {
        // An invoice brings a second record.
        let span = i64::try_from(records).unwrap_or(i64::MAX / 4).saturating_mul(2);
        let first = now.max(head.last_received_at.shifted(1));
        let (year, last_year) = (tenant.local_year(first), tenant.local_year(first.shifted(span)));
        let first = if year == last_year { first } else { first.shifted(span) };
        ReceivedAt { first, local_year: last_year }
    }
}

impl<'a> BatchDecider<'a> {
    /// Begins a batch on what was loaded. `head.last_received_at` becomes the instant before the batch's first record.
    pub(crate) fn new(
        tenant: &'a Tenant,
        head: TenantHead,
        receipt: ReceivedAt,
        central: NodeHead,
        decision_state: DecisionState,
        held: Vec<HeldEvent>,
        defects: &'a BTreeSet<EventId>,
    ) -> BatchDecider<'a> {
        let head = TenantHead { last_received_at: receipt.first.shifted(-1), ..head };
        let held = held.into_iter().map(|held| (held.event_id, CountedEvent::Stored(Box::new(held)))).collect();
        BatchDecider {
            tenant,
            decision_state,
            written: StateKeys::default(),
            past: EntityHistory::default(),
            head,
            central,
            devices: BTreeMap::new(),
            rows: Vec::new(),
            decisions: Vec::new(),
            handed_over: 0,
            held,
            local_year: receipt.local_year,
            defects,
        }
    }

    /// Gives a record its position, judges it, and lets it take effect. Answers its row.
    pub(crate) fn take(&mut self, incoming: Incoming<'a>) -> Result<usize, DecideError> {
        let place = self.place(&incoming);
        let (mut judgement, effects) = self.decide(&incoming, &place);
        judgement.flags.extend(incoming.timing.and_then(|timing| timing.flag));
        let rulebook_version = self.decision_state.rulebook.version;
        self.apply(incoming.event_id, &effects)?;
        let decision = StoredDecision {
            tenant: self.tenant.id,
            position: place.position,
            record_chain: incoming.chain,
            event_id: incoming.event_id,
            rulebook_version,
            engine_version: rules::ENGINE_VERSION,
            received_at: place.received_at,
            effective_at: place.effective_at,
            local_year: place.local_year,
            judgement,
        };
        let (decision, bytes) = encode(decision)?;
        self.head = TenantHead {
            head: place.position,
            decision_chain: decision_link(self.head.decision_chain, &bytes),
            last_received_at: place.received_at,
            ..self.head
        };
        let about = self.to_be_numbered(&incoming, &decision.judgement);
        let row = self.rows.len();
        self.record_decision(incoming, &decision, bytes);
        self.decisions.push(decision);
        if let Some(numbered) = about {
            self.assign_reference(numbered)?;
        }
        Ok(row)
    }

    /// How many rows wait to be written.
    pub(crate) fn waiting(&self) -> usize {
        self.rows.len() - self.handed_over
    }

    /// The rows that were judged since the last time. They are final: what follows never changes a row.
    pub(crate) fn hand_over(&mut self) -> Vec<Arc<NewEvent<'a>>> {
        let fresh = self.rows[self.handed_over..].to_vec();
        self.handed_over = self.rows.len();
        fresh
    }

    /// When the next record is received.
    pub(crate) fn next_receipt(&self) -> Timestamp {
        self.head.last_received_at.shifted(1)
    }

    fn place(&self, incoming: &Incoming<'_>) -> DecisionContext {
        let received_at = self.next_receipt();
        let event = incoming.event();
        let effective_at = incoming.timing.map_or(received_at, |timing| timing.effective_at);
        DecisionContext {
            position: self.head.head.next(),
            received_at,
            effective_at,
            local_year: self.local_year,
            site_code: self.tenant.site_code(event.and_then(|event| event.content.site)),
            by_central: incoming.node == self.tenant.central_node,
        }
    }

    fn decide(&self, incoming: &Incoming<'_>, place: &DecisionContext) -> (Judgement, Vec<Effect>) {
        let settled = |settled: Precheck<'_>| settled.judgement(&self.decision_state.rulebook, incoming.event());
        if let Some(event) = incoming.event()
            && let Some((position, same)) = self.counted_before(event)
        {
            let counted = if same { Precheck::Duplicate(position) } else { Precheck::Reused(position) };
            return (settled(counted), Vec::new());
        }
        if let Some((code, detail)) = incoming.unfit() {
            return (settled(Precheck::Unfit { code, detail }), Vec::new());
        }
        let decided = incoming.known().filter(|_| !self.defects.contains(&incoming.event_id)).and_then(|known| {
            // The rules are pure and see the world by reference: a panic in them leaves nothing half done.
            let decided = || {
                let judgement = match incoming.promise {
                    Some(promise) => rules::decide_prior(&self.decision_state, place, known, promise),
                    None => rules::decide(&self.decision_state, place, known),
                };
                let effects = rules::effects(&self.decision_state, place, known, &judgement);
                (judgement, effects)
            };
            catch_unwind(AssertUnwindSafe(decided)).ok()
        });
        decided.unwrap_or_else(|| {
            tracing::error!(event.id = %incoming.event_id, "deciding failed; the event is set apart");
            let judgement = settled(Precheck::Failed);
            let known = incoming.known();
            let effects = known.map(|known| rules::effects(&self.decision_state, place, known, &judgement));
            (judgement, effects.unwrap_or_default())
        })
    }

    /// Where an event's id counts already, and whether with the same content.
    fn counted_before(&self, event: &Event) -> Option<(Position, bool)> {
        match self.held.get(&event.id)? {
            CountedEvent::Here(row) => {
                let row = self.rows.get(*row)?;
                Some((row.position, row.event.as_deref().is_some_and(|held| held.same_content(event))))
            }
            CountedEvent::Stored(held) => {
                let same = stored_v1::decode(&held.record).is_ok_and(|held| held.same_content(event));
                let position = stored_v1::decode_decision(&held.decision).map(|decision| decision.position);
                Some((position.unwrap_or_default(), same))
            }
        }
    }

    fn apply(&mut self, event: EventId, effects: &[Effect]) -> Result<(), DecideError> {
        for effect in effects {
            effect.writes(&mut self.written);
            let decision_state = &mut self.decision_state;
            // A panic half-way leaves a world nobody should judge by: the whole batch begins again without this event.
            catch_unwind(AssertUnwindSafe(|| rules::evolve(decision_state, effect)))
                .map_err(|_| DecideError::Defect(event))?;
            self.past.note(&self.decision_state, effect);
        }
        Ok(())
    }

    fn record_decision(&mut self, incoming: Incoming<'a>, decision: &StoredDecision, bytes: Vec<u8>) {
        let counts =
            decision.judgement.verdict != Verdict::Duplicate && decision.judgement.code != Some(Code::EventIdReused);
        if counts {
            self.held.insert(incoming.event_id, CountedEvent::Here(self.rows.len()));
        }
        let event = match incoming.body {
            IncomingBody::Known(known) => Some(Cow::Borrowed(&known.event)),
            IncomingBody::Owned(known) => Some(Cow::Owned(known.event)),
            IncomingBody::Unfit { event, .. } => event.map(Cow::Borrowed),
            IncomingBody::OwnedUnfit { event, .. } => Some(Cow::Owned(*event)),
        };
        self.rows.push(Arc::new(NewEvent {
            position: decision.position,
            node: incoming.node,
            epoch: incoming.epoch,
            seq: incoming.seq,
            event_id: incoming.event_id,
            event,
            received_at: decision.received_at,
            effective_at: decision.effective_at,
            verdict: decision.judgement.verdict,
            code: decision.judgement.code,
            chain: incoming.chain,
            decision: bytes,
            record: incoming.record,
        }));
    }

    /// The invoice or cancellation that was just given a number: the record itself, or the one it releases.
    fn to_be_numbered(&self, incoming: &Incoming<'_>, judgement: &Judgement) -> Option<ReferenceAssigned> {
        let reference = judgement.reference.clone().filter(|_| judgement.verdict == Verdict::Accepted)?;
        let known = incoming.known()?;
        let about = match &known.fact {
            Fact::QuarantineReleased { event } => &self.decision_state.quarantined.get(event)?.known.event,
            _ => &known.event,
        };
        Some(ReferenceAssigned {
            cause: known.event.id,
            event: about.id,
            site: about.content.site,
            entity_id: about.content.entity_id.clone(),
            reference,
        })
    }

    /// Seals INVOICE_REFERENCE_ASSIGNED right after what caused it: the number comes back as an event of the log.
    fn assign_reference(&mut self, numbered: ReferenceAssigned) -> Result<(), DecideError> {
        let payload = json!({ "event_id": numbered.event.to_string(), "reference": numbered.reference });
        let content = Content {
            site: numbered.site,
            causation: Some(numbered.cause),
            ..Content::new(
                name("INVOICE"),
                numbered.entity_id,
                name(REFERENCE_ASSIGNED),
                payload.to_string().into_bytes(),
            )
        };
        self.seal(numbered.cause.derived(REFERENCE_ASSIGNED), None, content, Fact::InvoiceReferenceAssigned)?;
        Ok(())
    }

    /// Seals an event of central's own node, and takes it.
    pub(crate) fn seal(
        &mut self,
        id: EventId,
        occurred_at: Option<Timestamp>,
        content: Content,
        fact: Fact,
    ) -> Result<usize, DecideError> {
        let stamped = match occurred_at {
            Some(at) => (at, TimeSource::Caller),
            None => (self.next_receipt(), TimeSource::Node),
        };
        let body = |event| IncomingBody::Owned(Box::new(ParsedEvent { event, fact, objection: None }));
        self.seal_for(self.tenant.central_node, id, stamped, content, &ClockHistory::default(), body)
    }

    /// Seals an event into a log that central keeps, its own or a device's, and takes it. `body` says what is known of it.
    pub(crate) fn seal_for(
        &mut self,
        node: NodeId,
        id: EventId,
        (occurred_at, time_source): (Timestamp, TimeSource),
        content: Content,
        clock: &ClockHistory,
        body: impl FnOnce(Event) -> IncomingBody<'a>,
    ) -> Result<usize, DecideError> {
        let head = self.log_of(node);
        let (epoch, seq, before) = (head.epoch, head.last_seq.next(), head.last_chain);
        let event = Event {
            id,
            tenant: self.tenant.id,
            node,
            epoch,
            seq,
            occurred_at,
            time_source,
            identity_position: self.head.head.0,
            content,
        };
        let record = stored_v1::encode(&event).map_err(DecideError::Seal)?;
        let chain = link(before, &record);
        let head = self.log_of(node);
        head.last_seq = seq;
        head.last_chain = chain;
        let timing = Some(Timing::new(&event, clock, IntakeTime::default(), self.next_receipt()));
        self.take(Incoming {
            node,
            epoch,
            seq,
            chain,
            record: Cow::Owned(record),
            event_id: id,
            body: body(event),
            timing,
            promise: None,
        })
    }

    /// The logs of these devices are to be written on.
    pub(crate) fn add_device_heads(&mut self, devices: BTreeMap<NodeId, NodeHead>) {
        self.devices = devices;
    }

    /// Where the logs of devices stand.
    pub(crate) fn devices(&self) -> &BTreeMap<NodeId, NodeHead> {
        &self.devices
    }

    fn log_of(&mut self, node: NodeId) -> &mut NodeHead {
        match self.devices.get_mut(&node) {
            Some(head) => head,
            None => {
                assert_eq!(node, self.tenant.central_node, "central seals into its own log and those it keeps");
                &mut self.central
            }
        }
    }

    /// Central's own node.
    pub(crate) fn central_node(&self) -> NodeId {
        self.tenant.central_node
    }

    /// The event under which an id counts already, with its seq, chain and decision: what a draft that comes again is answered from.
    pub(crate) fn held(&self, id: EventId) -> Option<CountedView<'_>> {
        match self.held.get(&id)? {
            CountedEvent::Stored(held) => Some(CountedView::Stored(held)),
            CountedEvent::Here(row) => Some(CountedView::Here(*row)),
        }
    }
}

/// See [`BatchDecider::held`].
pub(crate) enum CountedView<'b> {
    /// In the log.
    Stored(&'b HeldEvent),
    /// In this batch: which of its rows.
    Here(usize),
}

/// What INVOICE_REFERENCE_ASSIGNED says.
struct ReferenceAssigned {
    cause: EventId,
    event: EventId,
    site: Option<comptoir_core::id::SiteId>,
    entity_id: Name,
    reference: String,
}

impl Incoming<'_> {
    fn event(&self) -> Option<&Event> {
        match &self.body {
            IncomingBody::Known(known) => Some(&known.event),
            IncomingBody::Owned(known) => Some(&known.event),
            IncomingBody::Unfit { event, .. } => *event,
            IncomingBody::OwnedUnfit { event, .. } => Some(event),
        }
    }

    fn known(&self) -> Option<&ParsedEvent> {
        match &self.body {
            IncomingBody::Known(known) => Some(known),
            IncomingBody::Owned(known) => Some(known),
            IncomingBody::Unfit { .. } | IncomingBody::OwnedUnfit { .. } => None,
        }
    }

    /// Why it is set apart before any rule is asked.
    fn unfit(&self) -> Option<(Code, &str)> {
        match &self.body {
            IncomingBody::Unfit { code, detail, .. } => Some((*code, detail)),
            IncomingBody::OwnedUnfit { code, detail, .. } => Some((*code, detail)),
            IncomingBody::Known(_) | IncomingBody::Owned(_) => None,
        }
    }
}

/// A decision's bytes. One that quotes more of an entity than a decision may hold is stored without the quotation.
fn encode(mut decision: StoredDecision) -> Result<(StoredDecision, Vec<u8>), DecideError> {
    if let Ok(bytes) = stored_v1::encode_decision(&decision) {
        return Ok((decision, bytes));
    }
    decision.judgement.resolution = None;
    decision.judgement.detail = None;
    let bytes = stored_v1::encode_decision(&decision).map_err(DecideError::Seal)?;
    Ok((decision, bytes))
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a constant is a valid name")
}
