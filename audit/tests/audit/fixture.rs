//! A small central: it orders the records that nodes seal, decides them by core's rules and stores the decisions, one after
//! the other. It remembers ids as a database would.

use std::collections::BTreeMap;

use comptoir_core::chain::{ChainHash, decision_genesis, decision_link, genesis, link};
use comptoir_core::clock::{ClockHistory, IntakeTime, Timing};
use comptoir_core::decision::{Code, DecisionContext, Judgement, Verdict};
use comptoir_core::event::Event;
use comptoir_core::fact::Fact;
use comptoir_core::id::{EventId, NodeId, SiteId};
use comptoir_core::position::{Epoch, Position, Seq};
use comptoir_core::rules::{self, Precheck, PriorDecision};
use comptoir_core::state::DecisionState;
use comptoir_core::time::Timestamp;
use comptoir_proto::bundle_v1::{BundleHeader, TenantContext};
use comptoir_proto::record_reader::{self, RecordPosition, RecordReading};
use comptoir_proto::stored_v1::{StoredDecision, encode, encode_decision, unreadable_event_id};
use serde_json::{Value, json};

use crate::support::*;

pub(crate) const CENTRAL: NodeId = NodeId::from_bytes([0xce; 16]);

/// The tenant's context in a bundle.
pub(crate) fn context() -> TenantContext {
    TenantContext { central_node: CENTRAL, zone: "Europe/Paris".to_owned(), sites: vec![(SITE, name("P01"))] }
}

struct NodeEnd {
    epoch: Epoch,
    seq: Seq,
    chain: ChainHash,
}

pub(crate) struct AuditFixture {
    decision_state: DecisionState,
    nodes: BTreeMap<NodeId, NodeEnd>,
    counted: BTreeMap<EventId, (Position, Event)>,
    position: Position,
    decision_chain: ChainHash,
    frames: Vec<Owned>,
    pub(crate) judgements: Vec<Judgement>,
    prior: Option<PriorDecision>,
}

impl AuditFixture {
    pub(crate) fn new() -> AuditFixture {
        AuditFixture {
            decision_state: DecisionState::default(),
            nodes: BTreeMap::new(),
            counted: BTreeMap::new(),
            position: Position::ZERO,
            decision_chain: decision_genesis(TENANT),
            frames: Vec::new(),
            judgements: Vec::new(),
            prior: None,
        }
    }

    /// A node seals an event, and central ingests it.
    pub(crate) fn say(&mut self, by: NodeId, entity: (&str, &str), action: &str, payload: Value) -> EventId {
        self.say_with(by, entity, action, payload, |_| {})
    }

    /// As above, with a last change to the event.
    pub(crate) fn say_with(
        &mut self,
        by: NodeId,
        (entity_type, entity_id): (&str, &str),
        action: &str,
        payload: Value,
        change: impl FnOnce(&mut Event),
    ) -> EventId {
        self.open(by);
        let end = &self.nodes[&by];
        let mut sealed = event(by, end.epoch, end.seq.next().0, action, entity_type, &payload);
        sealed.content.entity_id = name(entity_id);
        change(&mut sealed);
        let id = sealed.id;
        self.ingest(by, encode(&sealed).unwrap());
        id
    }

    /// A node resends an event with the decision that central had made before its restore.
    pub(crate) fn resend_decided(
        &mut self,
        by: NodeId,
        entity: (&str, &str),
        action: &str,
        payload: Value,
        prior: PriorDecision,
    ) -> EventId {
        self.open(by);
        self.prior = Some(prior);
        self.say(by, entity, action, payload)
    }

    /// A node's log has bytes in it that are no record.
    pub(crate) fn garbage(&mut self, by: NodeId, bytes: &[u8]) {
        self.open(by);
        self.ingest(by, bytes.to_vec());
    }

    /// The first record of an epoch names another end of the previous epoch than it had.
    pub(crate) fn strange_epoch(&mut self, by: NodeId) {
        let number = self.nodes[&by].epoch.number + 1;
        let lie = previous_head(epoch(number - 1), 99, ChainHash([9; 32]));
        self.begin(by, epoch(number), Some(&lie));
    }

    fn open(&mut self, by: NodeId) {
        if !self.nodes.contains_key(&by) {
            self.begin(by, epoch(1), None);
        }
    }

    fn begin(&mut self, by: NodeId, epoch: Epoch, previous: Option<&Value>) {
        let chain = genesis(TENANT, by, epoch);
        self.nodes.insert(by, NodeEnd { epoch, seq: Seq::ZERO, chain });
        let mut opening = nth_event(by, epoch, 1, previous);
        opening.content.entity_id = name("self");
        let strange = previous.is_some();
        self.store_decided(by, encode(&opening).unwrap(), strange);
    }

    fn ingest(&mut self, by: NodeId, record: Vec<u8>) {
        self.store_decided(by, record, false);
    }

    fn store_decided(&mut self, by: NodeId, record: Vec<u8>, strange: bool) {
        let end = self.nodes.get_mut(&by).unwrap();
        (end.seq, end.chain) = (end.seq.next(), link(end.chain, &record));
        let NodeEnd { epoch, seq, chain } = *end;
        let mut read = record_reader::read(RecordPosition { tenant: TENANT, node: by, epoch, seq }, &record);
        if let RecordReading::Known(known) = &mut read
            && strange
        {
            let code = comptoir_core::decision::Code::PreviousHeadMismatch;
            known.objection = Some(comptoir_core::fact::Objection { code, detail: "another end".to_owned() });
        }
        self.position = self.position.next();
        let context = self.context(by, &read);
        let rulebook_version = self.decision_state.rulebook.version;
        let prior = self.prior.take();
        let judgement = self.judge(&context, &read, prior.as_ref());
        if let RecordReading::Known(known) = &read {
            for effect in rules::effects(&self.decision_state, &context, known, &judgement) {
                rules::evolve(&mut self.decision_state, &effect);
            }
        }
        let event_id = read.event().map_or_else(|| unreadable_event_id(chain), |event| event.id);
        if let Some(event) = read.event() {
            self.counted.entry(event.id).or_insert((self.position, event.clone()));
        }
        let decision = encode_decision(&StoredDecision {
            tenant: TENANT,
            position: self.position,
            record_chain: chain,
            event_id,
            rulebook_version,
            engine_version: rules::ENGINE_VERSION,
            received_at: context.received_at,
            effective_at: context.effective_at,
            local_year: context.local_year,
            judgement: judgement.clone(),
        })
        .unwrap();
        self.decision_chain = decision_link(self.decision_chain, &decision);
        let (position, decision_chain) = (self.position, self.decision_chain);
        let entry = OwnedEntry { position, node: by, epoch, seq, chain, decision_chain, record, decision };
        self.frames.push(Owned::Entry(entry));
        self.judgements.push(judgement.clone());
        self.number(&read, &judgement);
    }

    fn context(&self, by: NodeId, read: &RecordReading) -> DecisionContext {
        // 2026 has begun in Paris, and not yet in London.
        let received_at = Timestamp(NOON - 1_800_000_000 + i64::try_from(self.position.0).unwrap());
        let site = read.event().and_then(|event| event.content.site);
        DecisionContext {
            position: self.position,
            received_at,
            effective_at: read.event().map_or(received_at, |event| {
                let clock = ClockHistory::new(&[], Some(5_000_000), received_at);
                let known = IntakeTime { at: Some(received_at), before: None };
                Timing::new(event, &clock, known, received_at).effective_at
            }),
            local_year: 2026,
            site_code: site.filter(|site| *site == SITE).map(|_: SiteId| name("P01")),
            by_central: by == CENTRAL,
        }
    }

    fn judge(&self, context: &DecisionContext, read: &RecordReading, prior: Option<&PriorDecision>) -> Judgement {
        let settled = |settled: Precheck<'_>| settled.judgement(&self.decision_state.rulebook, read.event());
        if let Some(event) = read.event()
            && let Some((position, held)) = self.counted.get(&event.id)
        {
            return match held.same_content(event) {
                true => settled(Precheck::Duplicate(*position)),
                false => settled(Precheck::Reused(*position)),
            };
        }
        match read {
            RecordReading::Unreadable { code, detail, .. } => settled(Precheck::Unreadable { code: *code, detail }),
            RecordReading::Known(known) => match prior {
                Some(prior) => rules::decide_prior(&self.decision_state, context, known, prior),
                None => rules::decide(&self.decision_state, context, known),
            },
        }
    }

    /// A reference that was given is recorded as an event of the log.
    fn number(&mut self, read: &RecordReading, judgement: &Judgement) {
        let (Some(reference), RecordReading::Known(known)) = (&judgement.reference, read) else { return };
        let about = match &known.fact {
            Fact::QuarantineReleased { event } => self.counted[event].1.clone(),
            _ => known.event.clone(),
        };
        let payload = json!({"event_id": about.id.to_string(), "reference": reference});
        let invoice = about.content.entity_id.as_str().to_owned();
        self.say(CENTRAL, ("INVOICE", &invoice), "INVOICE_REFERENCE_ASSIGNED", payload);
    }

    /// The log as central exports it.
    pub(crate) fn log(&self) -> BundleFrames {
        let header =
            BundleHeader::Central { tenant: TENANT, after: Position::ZERO, decision_chain: decision_genesis(TENANT) };
        BundleFrames { header, context: Some(context()), frames: self.frames.clone() }
    }
}

/// A day with every kind of event that the rules know.
pub(crate) fn a_full_day() -> AuditFixture {
    let (paris, truck) = (node(1), node(2));
    let mut fixture = AuditFixture::new();
    let line = |product: &str, quantity: &str, price: &str| json!({"product": product, "quantity": quantity, "unit_price": price});
    let sale = |lines: Value, total: i64| json!({"currency": "EUR", "lines": lines, "total_minor": total});
    let cost =
        |quantity: &str, cost: &str| json!({"lines": [{"product": "pen", "quantity": quantity, "unit_cost": cost}]});

    fixture.say(paris, ("RECEPTION", "r-1"), "GOODS_RECEIVED", cost("10", "0.50"));
    fixture.say(paris, ("SALE", "s-1"), "SALE_RECORDED", sale(json!([line("pen", "6", "1.00")]), 600));
    fixture.say(truck, ("SALE", "s-2"), "SALE_RECORDED", sale(json!([line("pen", "7", "1.00")]), 700));
    let refund = json!({"currency": "EUR", "lines": [line("pen", "2", "1.00")], "total_minor": 200, "original": "s-1"});
    fixture.say(paris, ("SALE", "s-3"), "SALE_REFUNDED", refund);
    let lost = json!({"currency": "EUR", "lines": [line("ink", "1", "4.00")], "total_minor": 400, "original": "s-0"});
    fixture.say(paris, ("SALE", "s-4"), "SALE_REFUNDED", lost);
    let counted = json!({"lines": [{"product": "pen", "quantity": "3"}]});
    let count = fixture.say(paris, ("STOCK", "c-1"), "STOCK_COUNTED", counted);
    fixture.say(CENTRAL, ("STOCK", "c-1"), "STOCK_COUNT_ACCEPTED", json!({"event_id": count.to_string()}));
    fixture.say(paris, ("STOCK", "pen"), "UPDATE", json!({"quantity": "100"}));

    let order = json!({"reference": "BL-1", "client": "Durand", "qr": "qr-1", "total_minor": 5000});
    fixture.say(CENTRAL, ("DELIVERY", "d-1"), "DELIVERY_CREATED", order);
    let validation =
        |qr: &str| json!({"qr": qr, "validated_at": "2026-01-01T00:00:05Z", "latitude": "48.85", "longitude": "2.35"});
    let wrong = fixture.say(truck, ("DELIVERY", "d-1"), "DELIVERY_VALIDATED", validation("qr-9"));
    fixture.say(paris, ("DELIVERY", "d-1"), "DELIVERY_VALIDATED", validation("qr-1"));
    fixture.say(truck, ("DELIVERY", "d-1"), "DELIVERY_VALIDATED", validation("qr-1"));
    fixture.say(CENTRAL, ("QUARANTINE", "q-1"), "QUARANTINE_RELEASED", json!({"event_id": wrong.to_string()}));

    let invoice = json!({"client": "k-1", "currency": "EUR", "lines": [line("pen", "1", "2.00")], "total_minor": 200});
    fixture.say(paris, ("INVOICE", "i-1"), "INVOICE_CREATED", invoice.clone());
    fixture.say(truck, ("INVOICE", "i-2"), "INVOICE_CREATED", invoice.clone());
    fixture.say_with(paris, ("INVOICE", "i-3"), "INVOICE_CREATED", invoice.clone(), |event| event.content.site = None);
    fixture.say(paris, ("INVOICE", "i-1"), "INVOICE_CANCELLED", json!({"invoice": "i-1", "reason": "wrong client"}));
    fixture.say(paris, ("INVOICE", "i-1"), "INVOICE_CANCELLED", json!({"invoice": "i-1", "reason": "again"}));
    let wrong_total =
        json!({"client": "k-1", "currency": "EUR", "lines": [line("pen", "1", "2.00")], "total_minor": 1});
    let held = fixture.say(paris, ("INVOICE", "i-4"), "INVOICE_CREATED", wrong_total);
    fixture.say(CENTRAL, ("QUARANTINE", "q-2"), "QUARANTINE_RELEASED", json!({"event_id": held.to_string()}));

    fixture.say(paris, ("CLIENT", "k-1"), "CREATE", json!({"name": "Durand", "city": "Paris"}));
    let earlier = |event: &mut Event| event.occurred_at = Timestamp(NOON - 86_400_000_000);
    fixture.say_with(truck, ("CLIENT", "k-1"), "UPDATE", json!({"name": "Dupont"}), earlier);
    fixture.say(truck, ("CLIENT", "k-1"), "UPDATE", json!({"phone": "01"}));

    fixture.say(paris, ("STUDENT", "e-1"), "CREATE", json!({"name": "Ada"}));
    fixture.say(paris, ("STUDENT", "e-1"), "UPDATE", json!({"class": "6A"}));
    let edit = fixture.say(truck, ("STUDENT", "e-1"), "UPDATE", json!({"class": "6B"}));
    let choice = json!({"event_id": edit.to_string(), "choice": "local", "fields": {"class": "6B"}});
    fixture.say(CENTRAL, ("STUDENT", "e-1"), "CONFLICT_RESOLVED", choice);
    fixture.say(paris, ("PRODUCT", "pen"), "CREATE", json!({"name": "Pen"}));

    let again = fixture.say(paris, ("AUDIT", "a-1"), "CREATE", json!({"n": 1}));
    fixture.say_with(truck, ("AUDIT", "a-2"), "CREATE", json!({"n": 2}), |event| event.id = again);
    let first = fixture.counted[&again].1.clone();
    fixture.say_with(paris, ("AUDIT", "a-1"), "CREATE", json!({"n": 1}), |event| {
        (event.id, event.occurred_at) = (first.id, first.occurred_at);
    });
    fixture.garbage(truck, b"these bytes are no record");
    fixture.say(truck, ("SALE", "s-5"), "SALE_RECORDED", json!({"currency": "EUR"}));

    let rules = json!({"version": 2, "default": "version_check", "rules": {"STUDENT": "last_writer_wins"}});
    fixture.say(CENTRAL, ("RULEBOOK", "book"), "RULEBOOK_ADOPTED", rules);
    fixture.say(truck, ("STUDENT", "e-1"), "UPDATE", json!({"name": "Ada L."}));
    fixture.strange_epoch(truck);
    fixture.say(truck, ("SALE", "s-6"), "SALE_RECORDED", sale(json!([line("pen", "1", "1.00")]), 100));

    // Central was restored, and nodes resend its decisions in another order.
    let prior = |verdict, code, reference: Option<&str>| PriorDecision {
        verdict,
        code,
        reference: reference.map(str::to_owned),
        resolution: None,
    };
    let numbered = |number: &str| prior(Verdict::Accepted, None, Some(number));
    fixture.resend_decided(truck, ("INVOICE", "i-8"), "INVOICE_CREATED", invoice.clone(), numbered("F2026-P01-000006"));
    fixture.resend_decided(truck, ("INVOICE", "i-7"), "INVOICE_CREATED", invoice.clone(), numbered("F2026-P01-000004"));
    fixture.say(paris, ("INVOICE", "i-9"), "INVOICE_CREATED", invoice);
    let second = prior(Verdict::Conflict, Some(Code::AlreadyValidated), None);
    fixture.resend_decided(truck, ("DELIVERY", "d-2"), "DELIVERY_VALIDATED", validation("qr-2"), second);
    fixture.say(paris, ("DELIVERY", "d-2"), "DELIVERY_VALIDATED", validation("qr-2"));

    // A phone sends rows of its own tables.
    let row = json!({"currency": "EUR", "row": {"client_id": "k-1", "total_ttc": 200}});
    fixture.say_with(truck, ("INVOICE", "i-10"), "INVOICE_CREATED", row, |event| event.content.schema_version = 2);
    fixture.say(truck, ("CLIENT", "k-2"), "CREATE", json!([]));
    fixture
}
