//! Deciding in memory, record by record, under the tenant's lock: position, judgement, effects, the stored decision and
//! its chain.
//!
//! A record is decided once, and its decision is stored as bytes. The effects change the [`DecisionState`] that the next
//! record is decided on. Nothing here waits for the database.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use comptoir_core::access::RoleAt;
use comptoir_core::chain::{ChainHash, decision_link, link};
use comptoir_core::clock::{ClockHistory, IntakeTime, Timing};
use comptoir_core::decision::{Code, DecisionContext, Judgement, Verdict};
use comptoir_core::event::{Content, Event, TimeSource};
use comptoir_core::fact::{Fact, Objection, ParsedEvent};
use comptoir_core::id::{EventId, Name, NodeId};
use comptoir_core::position::{Epoch, Position, Seq};
use comptoir_core::rights::{RightsHistory, device_revoked};
use comptoir_core::rules::{self, Effect, Precheck, PriorDecision};
use comptoir_core::state::{DecisionState, StateKeys};
use comptoir_core::time::Timestamp;
use comptoir_proto::rights_change::raises_identity_position;
use comptoir_proto::stored_v1::{self, DecodeError, StoredDecision};
use serde_json::json;

use super::places::LastPlaces;
use super::security_events::SecurityEvent;
use super::signals::{self, RecordWithDecision};
use crate::event_store::{HeldEvent, NewEvent, NodeHead, Resend, TenantHead};
use crate::state_store::EntityHistory;
use crate::tenant::Tenant;

/// The action of the event that sends an invoice's number to the nodes. The event's id is derived from its cause and this name.
pub(super) const REFERENCE_ASSIGNED: &str = "INVOICE_REFERENCE_ASSIGNED";

/// Why a batch cannot be decided as it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecideError {
    /// Applying an event's effects failed half-way: the batch is decided again, with that event quarantined.
    #[error("applying event {0} failed")]
    Defect(EventId),
    /// A record that central seals could not be encoded.
    #[error("an event of central's own cannot be sealed: {0}")]
    Seal(DecodeError),
}

/// A record with its seq in its node's log.
pub(super) struct Incoming<'a> {
    pub(super) node: NodeId,
    pub(super) epoch: Epoch,
    pub(super) seq: Seq,
    pub(super) chain: ChainHash,
    pub(super) record: Cow<'a, [u8]>,
    pub(super) event_id: EventId,
    pub(super) body: IncomingBody<'a>,
    /// The effective time; `None` if the record cannot be decoded.
    pub(super) timing: Option<Timing>,
    /// Central's decision from before its restore.
    pub(super) prior_decision: Option<&'a PriorDecision>,
}

/// The readable part of a record.
pub(super) enum IncomingBody<'a> {
    /// All of a pushed record.
    Known(&'a ParsedEvent),
    /// All of a record that was sealed here, or of one that opens an epoch in an objectionable way.
    Owned(Box<ParsedEvent>),
    /// A part of a pushed record, which is quarantined.
    Unreadable { event: Option<&'a Event>, code: Code, detail: &'a str },
    /// A part of a record that was sealed here; it is quarantined.
    OwnedUnreadable { event: Box<Event>, code: Code, detail: String },
}

/// The record under which an event id is already counted.
enum CountedEvent {
    Stored(Box<HeldEvent>),
    /// In this batch: the index of its row.
    Row(usize),
}

/// Decides the records of one batch.
pub(super) struct BatchDecider<'a> {
    tenant: &'a Tenant,
    /// The loaded part of the state, after the last record.
    pub(super) decision_state: DecisionState,
    /// The keys of changed state.
    pub(super) written: StateKeys,
    /// The versions of entities between the first record and the last.
    pub(super) past: EntityHistory,
    /// Rows that desktops receive once more.
    pub(super) resends: Vec<Resend>,
    /// Where users were last seen, after the last record.
    pub(super) places: LastPlaces,
    /// The security events that the records led to.
    pub(super) security_events: Vec<SecurityEvent>,
    /// The end of the tenant's order, after the last record.
    pub(super) head: TenantHead,
    /// The log of central's own node, after the last record.
    pub(super) central: NodeHead,
    /// The logs that central keeps for devices, after the last record.
    devices: BTreeMap<NodeId, NodeHead>,
    /// The rows to store; a row never changes once it is here.
    pub(super) rows: Vec<Arc<NewEvent<'a>>>,
    pub(super) decisions: Vec<StoredDecision>,
    delivered: usize,
    counted: HashMap<EventId, CountedEvent>,
    local_year: i16,
    defects: &'a BTreeSet<EventId>,
    /// Of the users who recorded events of the batch.
    rights: Arc<RightsHistory>,
}

/// The inputs of a batch's decisions: the heads before the batch, and the loaded state.
pub(super) struct DecisionInputs {
    pub(super) head: TenantHead,
    pub(super) received: ReceivedAt,
    pub(super) central: NodeHead,
    /// The logs that central keeps for the devices in the batch.
    pub(super) devices: BTreeMap<NodeId, NodeHead>,
    pub(super) decision_state: DecisionState,
    /// The records under which ids of the batch are already counted, as far as the ids were looked up.
    pub(super) counted: Vec<HeldEvent>,
    pub(super) places: LastPlaces,
    pub(super) rights: Arc<RightsHistory>,
}

/// The receipt time of a batch's first record, and the year of all its records.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReceivedAt {
    /// Later than every earlier receipt of the tenant.
    first: Timestamp,
    /// The year in the tenant's zone.
    pub(super) local_year: i16,
}

impl ReceivedAt {
    /// Each record is received one microsecond after the previous one. A batch that would straddle the new year is
    /// received after it.
    pub(super) fn new(tenant: &Tenant, head: &TenantHead, now: Timestamp, records: usize) -> ReceivedAt {
        // An invoice adds a second record, and what looks like fraud up to two.
        let span = i64::try_from(records).unwrap_or(i64::MAX / 4).saturating_mul(3);
        let first = now.max(head.last_received_at.shifted(1));
        let (year, last_year) = (tenant.local_year(first), tenant.local_year(first.shifted(span)));
        let first = if year == last_year { first } else { first.shifted(span) };
        ReceivedAt { first, local_year: last_year }
    }
}

impl<'a> BatchDecider<'a> {
    /// Events in `defects` are quarantined.
    pub(super) fn new(tenant: &'a Tenant, inputs: DecisionInputs, defects: &'a BTreeSet<EventId>) -> BatchDecider<'a> {
        let DecisionInputs { head, received, central, devices, decision_state, counted, places, rights } = inputs;
        let counted = counted.into_iter().map(|held| (held.event_id, CountedEvent::Stored(Box::new(held))));
        BatchDecider {
            tenant,
            decision_state,
            written: StateKeys::default(),
            past: EntityHistory::default(),
            resends: Vec::new(),
            places,
            security_events: Vec::new(),
            // The instant before the batch's first record.
            head: TenantHead { last_received_at: received.first.shifted(-1), ..head },
            central,
            devices,
            rows: Vec::new(),
            decisions: Vec::new(),
            delivered: 0,
            counted: counted.collect(),
            local_year: received.local_year,
            defects,
            rights,
        }
    }

    /// Assigns a record its position, decides it, and applies its effects. Returns the index of its row.
    pub(super) fn decide(&mut self, incoming: Incoming<'a>) -> Result<usize, DecideError> {
        let context = self.context(&incoming);
        let (mut judgement, effects) = self.judgement_and_effects(&incoming, &context);
        judgement.flags.extend(incoming.timing.and_then(|timing| timing.flag));
        let rulebook_version = self.decision_state.rulebook.version;
        self.apply(incoming.event_id, &effects)?;
        let decision = StoredDecision {
            tenant: self.tenant.id,
            position: context.position,
            record_chain: incoming.chain,
            event_id: incoming.event_id,
            rulebook_version,
            engine_version: rules::ENGINE_VERSION,
            received_at: context.received_at,
            effective_at: context.effective_at,
            local_year: context.local_year,
            judgement,
        };
        let (decision, bytes) = encode(decision)?;
        let changes_users = decision.judgement.verdict == Verdict::Accepted
            && incoming.known().is_some_and(|known| {
                known.fact == Fact::IdentityChanged && raises_identity_position(&known.event.content.entity_type)
            });
        self.head = TenantHead {
            identity_position: if changes_users { context.position } else { self.head.identity_position },
            head: context.position,
            decision_chain: decision_link(self.head.decision_chain, &bytes),
            last_received_at: context.received_at,
            ..self.head
        };
        let numbered = self.reference_to_assign(&incoming, &decision.judgement);
        let security_events = self.security_events_of(&incoming, &decision);
        let row = self.rows.len();
        self.record_decision(incoming, &decision, bytes);
        self.decisions.push(decision);
        if let Some(numbered) = numbered {
            self.assign_reference(numbered)?;
        }
        for event in security_events {
            self.seal(event.id(), None, event.content(), Fact::SecurityRecorded)?;
            self.security_events.push(event);
        }
        Ok(row)
    }

    /// Why an event of a node's or a device's log is quarantined whatever it says. `revoked` is the position at which the log's
    /// node was revoked, `device` the role of a user's device.
    pub(super) fn objection_to(
        &self,
        event: &Event,
        fact: Option<&Fact>,
        revoked: Option<Position>,
        device: Option<&RoleAt>,
    ) -> Option<Objection> {
        match revoked {
            Some(at) => Some(device_revoked(at)),
            None => self.rights.objection(event, fact, self.head.head, device),
        }
    }

    /// What the record shows that looks like fraud, each cause once.
    fn security_events_of(&mut self, incoming: &Incoming<'_>, decision: &StoredDecision) -> Vec<SecurityEvent> {
        let record = RecordWithDecision {
            id: incoming.event_id,
            node: incoming.node,
            by_central: incoming.node == self.tenant.central_node,
            event: incoming.event(),
            known: incoming.known(),
            decision,
        };
        let mut found = signals::found(&record, &mut self.places);
        found.retain(|event| self.security_events.iter().all(|earlier| earlier.id() != event.id()));
        found
    }

    /// The number of rows that were not delivered to the writer yet.
    pub(super) fn undelivered(&self) -> usize {
        self.rows.len() - self.delivered
    }

    /// Delivers the rows that were not delivered yet.
    pub(super) fn deliver(&mut self) -> Vec<Arc<NewEvent<'a>>> {
        let rows = self.rows[self.delivered..].to_vec();
        self.delivered = self.rows.len();
        rows
    }

    /// The receipt time of the next record.
    pub(super) fn next_receipt(&self) -> Timestamp {
        self.head.last_received_at.shifted(1)
    }

    fn context(&self, incoming: &Incoming<'_>) -> DecisionContext {
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

    fn judgement_and_effects(&self, incoming: &Incoming<'_>, context: &DecisionContext) -> (Judgement, Vec<Effect>) {
        let settled = |settled: Precheck<'_>| settled.judgement(&self.decision_state.rulebook, incoming.event());
        if let Some(event) = incoming.event()
            && let Some((position, same)) = self.counted_before(event)
        {
            let counted = if same { Precheck::Duplicate(position) } else { Precheck::Reused(position) };
            return (settled(counted), Vec::new());
        }
        if let Some((code, detail)) = incoming.unreadable() {
            return (settled(Precheck::Unreadable { code, detail }), Vec::new());
        }
        let decided = incoming.known().filter(|_| !self.defects.contains(&incoming.event_id)).and_then(|known| {
            // The rules are pure and borrow the state, so a panic in them changes nothing.
            let decided = || {
                let judgement = match incoming.prior_decision {
                    Some(prior) => rules::decide_prior(&self.decision_state, context, known, prior),
                    None => rules::decide(&self.decision_state, context, known),
                };
                let effects = rules::effects(&self.decision_state, context, known, &judgement);
                (judgement, effects)
            };
            catch_unwind(AssertUnwindSafe(decided)).ok()
        });
        decided.unwrap_or_else(|| {
            tracing::error!(event.id = %incoming.event_id, "deciding failed; the event is quarantined");
            let judgement = settled(Precheck::Failed);
            let known = incoming.known();
            let effects = known.map(|known| rules::effects(&self.decision_state, context, known, &judgement));
            (judgement, effects.unwrap_or_default())
        })
    }

    /// The position at which an event's id is already counted, and whether its content is the same.
    fn counted_before(&self, event: &Event) -> Option<(Position, bool)> {
        match self.counted.get(&event.id)? {
            CountedEvent::Row(row) => {
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
        let resends: Vec<Resend> = effects.iter().filter_map(|effect| self.resend_after(effect, effects)).collect();
        self.resends.extend(resends);
        for effect in effects {
            effect.writes(&mut self.written);
            let decision_state = &mut self.decision_state;
            // A panic half-way leaves the state unusable: the whole batch begins again, with this event
            // quarantined.
            catch_unwind(AssertUnwindSafe(|| rules::evolve(decision_state, effect)))
                .map_err(|_| DecideError::Defect(event))?;
            self.past.note(&self.decision_state, effect);
        }
        Ok(())
    }

    /// The row that an effect makes due again for the node whose edit a person decided about: that node's table may hold any
    /// state of it, the edit's or an older one of central's.
    fn resend_after(&self, effect: &Effect, effects: &[Effect]) -> Option<Resend> {
        match effect {
            Effect::ConflictClosed { key, event, position } => {
                let open = &self.decision_state.entities.get(key)?.open_conflicts;
                let (node, _) = open.iter().find(|(_, opened)| *opened == event)?;
                Some(Resend { node: *node, key: key.clone(), position: *position })
            }
            Effect::Released { event } => {
                let node = self.decision_state.quarantined.get(event)?.known.event.node;
                effects.iter().find_map(|other| match other {
                    Effect::EntityChanged(change) => {
                        Some(Resend { node, key: change.key.clone(), position: change.position })
                    }
                    _ => None,
                })
            }
            _ => None,
        }
    }

    fn record_decision(&mut self, incoming: Incoming<'a>, decision: &StoredDecision, bytes: Vec<u8>) {
        let counts =
            decision.judgement.verdict != Verdict::Duplicate && decision.judgement.code != Some(Code::EventIdReused);
        if counts {
            self.counted.insert(incoming.event_id, CountedEvent::Row(self.rows.len()));
        }
        let event = match incoming.body {
            IncomingBody::Known(known) => Some(Cow::Borrowed(&known.event)),
            IncomingBody::Owned(known) => Some(Cow::Owned(known.event)),
            IncomingBody::Unreadable { event, .. } => event.map(Cow::Borrowed),
            IncomingBody::OwnedUnreadable { event, .. } => Some(Cow::Owned(*event)),
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

    /// The invoice or cancellation that has just got a number: the record itself, or the event that it releases.
    fn reference_to_assign(&self, incoming: &Incoming<'_>, judgement: &Judgement) -> Option<ReferenceAssigned> {
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

    /// Seals INVOICE_REFERENCE_ASSIGNED right after its cause.
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

    /// Seals an event of central's own node, and decides it.
    pub(super) fn seal(
        &mut self,
        id: EventId,
        occurred_at: Option<Timestamp>,
        content: Content,
        fact: Fact,
    ) -> Result<usize, DecideError> {
        let at = match occurred_at {
            Some(at) => (at, TimeSource::Caller),
            None => (self.next_receipt(), TimeSource::Node),
        };
        let body = |event, _: &Self| IncomingBody::Owned(Box::new(ParsedEvent { event, fact, objection: None }));
        let identity_position = self.head.head.0;
        self.seal_for(self.tenant.central_node, id, at, (content, identity_position), &ClockHistory::default(), body)
    }

    /// Seals an event into a log that central keeps, its own or a device's, and decides it. The content has the position up to
    /// which its author's rights count; 0 if a program is the author. `body` is the readable part.
    pub(super) fn seal_for(
        &mut self,
        node: NodeId,
        id: EventId,
        (occurred_at, time_source): (Timestamp, TimeSource),
        (content, identity_position): (Content, u64),
        clock: &ClockHistory,
        body: impl FnOnce(Event, &Self) -> IncomingBody<'a>,
    ) -> Result<usize, DecideError> {
        let head = self.log_of(node);
        let (epoch, seq, previous) = (head.epoch, head.last_seq.next(), head.last_chain);
        let event = Event {
            id,
            tenant: self.tenant.id,
            node,
            epoch,
            seq,
            occurred_at,
            time_source,
            identity_position,
            content,
        };
        let record = stored_v1::encode(&event).map_err(DecideError::Seal)?;
        let chain = link(previous, &record);
        let head = self.log_of(node);
        head.last_seq = seq;
        head.last_chain = chain;
        let timing = Some(Timing::new(&event, clock, IntakeTime::default(), self.next_receipt()));
        let body = body(event, self);
        self.decide(Incoming {
            node,
            epoch,
            seq,
            chain,
            record: Cow::Owned(record),
            event_id: id,
            body,
            timing,
            prior_decision: None,
        })
    }

    /// The heads of the logs that central keeps for devices.
    pub(super) fn devices(&self) -> &BTreeMap<NodeId, NodeHead> {
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

    /// The record under which an id is already counted; it answers a repeated draft.
    pub(super) fn counted(&self, id: EventId) -> Option<CountedView<'_>> {
        match self.counted.get(&id)? {
            CountedEvent::Stored(held) => Some(CountedView::Stored(held)),
            CountedEvent::Row(row) => Some(CountedView::Row(*row)),
        }
    }
}

/// See [`BatchDecider::counted`].
pub(super) enum CountedView<'b> {
    Stored(&'b HeldEvent),
    /// In this batch: the index of its row.
    Row(usize),
}

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
            IncomingBody::Unreadable { event, .. } => *event,
            IncomingBody::OwnedUnreadable { event, .. } => Some(event),
        }
    }

    fn known(&self) -> Option<&ParsedEvent> {
        match &self.body {
            IncomingBody::Known(known) => Some(known),
            IncomingBody::Owned(known) => Some(known),
            IncomingBody::Unreadable { .. } | IncomingBody::OwnedUnreadable { .. } => None,
        }
    }

    /// Why the record is quarantined before any rule is applied.
    fn unreadable(&self) -> Option<(Code, &str)> {
        match &self.body {
            IncomingBody::Unreadable { code, detail, .. } => Some((*code, detail)),
            IncomingBody::OwnedUnreadable { code, detail, .. } => Some((*code, detail)),
            IncomingBody::Known(_) | IncomingBody::Owned(_) => None,
        }
    }
}

/// Encodes a decision. If its resolution quotes more of an entity than a decision may hold, the resolution is left out.
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
