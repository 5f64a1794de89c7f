//! Logs to audit, and ways to change them. A bundle is split into frames, changed, and written again with a correct digest, as
//! a careful forger would.

use comptoir_audit::{Break, Defect, Level, Options, Report, verify};
use comptoir_core::chain::{ChainHash, decision_genesis, decision_link, genesis, link};
use comptoir_core::decision::{Code, Judgement, Verdict};
use comptoir_core::event::{Content, Event, TimeSource};
use comptoir_core::id::{EventId, Name, NodeId, SiteId, TenantId};
use comptoir_core::position::{Epoch, Position, Seq};
use comptoir_core::rulebook::Rule;
use comptoir_core::time::Timestamp;
use comptoir_proto::bundle_v1::{
    BundleHeader, CentralBundleWriter, Entry, EpochHead, EpochStart, NodeBundleWriter, TenantContext,
};
use comptoir_proto::stored_v1::{
    StoredDecision, decode, decode_decision, encode, encode_decision, header, unreadable_event_id,
};
use comptoir_proto::sync_v1::RecordResult;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const TENANT: TenantId = TenantId::from_bytes([1; 16]);
pub(crate) const SITE: SiteId = SiteId::from_bytes([9; 16]);
/// 2026-01-01T00:00:00Z.
pub(crate) const NOON: i64 = 1_767_225_600_000_000;

pub(crate) fn node(number: u8) -> NodeId {
    NodeId::from_bytes([number; 16])
}

pub(crate) fn epoch(number: u32) -> Epoch {
    Epoch { number, id: Uuid::from_u128(u128::from(number) << 64 | 0xe) }
}

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).expect("a test's names are names")
}

/// A frame that owns its bytes.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Owned {
    Epoch(EpochStart),
    Head(EpochHead),
    Record { chain: ChainHash, record: Vec<u8> },
    Answer(Vec<u8>),
    Entry(OwnedEntry),
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct OwnedEntry {
    pub(crate) position: Position,
    pub(crate) node: NodeId,
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
    pub(crate) chain: ChainHash,
    pub(crate) decision_chain: ChainHash,
    pub(crate) record: Vec<u8>,
    pub(crate) decision: Vec<u8>,
}

impl OwnedEntry {
    fn borrowed(&self) -> Entry<'_> {
        let OwnedEntry { position, node, epoch, seq, chain, decision_chain, record, decision } = self;
        Entry {
            position: *position,
            node: *node,
            epoch: *epoch,
            seq: *seq,
            chain: *chain,
            decision_chain: *decision_chain,
            record,
            decision,
        }
    }
}

/// A bundle split into frames.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct BundleFrames {
    pub(crate) header: BundleHeader,
    pub(crate) context: Option<TenantContext>,
    pub(crate) frames: Vec<Owned>,
}

impl BundleFrames {
    /// Writes the bundle again, with a correct digest and correct counts.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match self.header {
            BundleHeader::Node { tenant, node } => {
                let mut bundle = NodeBundleWriter::start(Vec::new(), tenant, node).unwrap();
                for frame in &self.frames {
                    match frame {
                        Owned::Epoch(start) => bundle.epoch(*start).unwrap(),
                        Owned::Head(head) => bundle.head(*head).unwrap(),
                        Owned::Record { chain, record } => bundle.record(record, *chain).unwrap(),
                        Owned::Answer(answer) => bundle.answer(answer).unwrap(),
                        Owned::Entry(_) => panic!("a node's log has no entry"),
                    }
                }
                bundle.finish().unwrap()
            }
            BundleHeader::Central { tenant, after, decision_chain } => {
                let context = self.context.clone().unwrap_or_else(crate::fixture::context);
                let mut bundle =
                    CentralBundleWriter::start(Vec::new(), tenant, (after, decision_chain), &context).unwrap();
                for frame in &self.frames {
                    let Owned::Entry(entry) = frame else { panic!("a tenant's log has only entries") };
                    bundle.entry(entry.borrowed()).unwrap();
                }
                bundle.finish().unwrap()
            }
        }
    }

    /// The index of the frame of a record of a node's log.
    pub(crate) fn record(&self, epoch: u32, seq: u64) -> usize {
        let (mut at, mut count) = (0, 0);
        for (index, frame) in self.frames.iter().enumerate() {
            match frame {
                Owned::Epoch(start) => (at, count) = (start.epoch.number, start.after.0),
                Owned::Record { .. } => count += 1,
                _ => continue,
            }
            if (at, count) == (epoch, seq) && matches!(frame, Owned::Record { .. }) {
                return index;
            }
        }
        panic!("epoch {epoch} has no seq {seq}")
    }

    pub(crate) fn entry(&mut self, position: u64) -> &mut OwnedEntry {
        let found = self.frames.iter_mut().find_map(|frame| match frame {
            Owned::Entry(entry) if entry.position.0 == position => Some(entry),
            _ => None,
        });
        found.expect("the position is there")
    }

    /// Computes every chain of a node's log again from the bytes, to hide a change.
    pub(crate) fn chained_again(mut self) -> BundleFrames {
        let mut chain = ChainHash([0; 32]);
        for frame in &mut self.frames {
            match frame {
                Owned::Epoch(start) => chain = start.chain,
                Owned::Record { chain: claimed, record } => {
                    chain = link(chain, record);
                    *claimed = chain;
                }
                _ => {}
            }
        }
        self
    }

    /// Binds every decision of a tenant's log to its entry again, and computes the nodes' chains and the decision chain again.
    pub(crate) fn with_new_chains(mut self) -> BundleFrames {
        let mut nodes: std::collections::BTreeMap<NodeId, (Epoch, ChainHash)> = Default::default();
        let mut decision_chain = decision_genesis(TENANT);
        for frame in &mut self.frames {
            let Owned::Entry(entry) = frame else { continue };
            let previous = match nodes.get(&entry.node) {
                Some((epoch, chain)) if *epoch == entry.epoch => *chain,
                _ => genesis(TENANT, entry.node, entry.epoch),
            };
            entry.chain = link(previous, &entry.record);
            nodes.insert(entry.node, (entry.epoch, entry.chain));
            if let Ok(mut decision) = decode_decision(&entry.decision) {
                (decision.position, decision.record_chain) = (entry.position, entry.chain);
                let unreadable = matches!(decision.judgement.code, Some(Code::Undecodable | Code::HeaderMismatch));
                decision.event_id = match header(&entry.record) {
                    Ok(header) if !unreadable => header.event_id,
                    _ => unreadable_event_id(entry.chain),
                };
                entry.decision = encode_decision(&decision).unwrap();
            }
            decision_chain = decision_link(decision_chain, &entry.decision);
            entry.decision_chain = decision_chain;
        }
        self
    }
}

impl OwnedEntry {
    pub(crate) fn decide(&mut self, change: impl FnOnce(&mut StoredDecision)) {
        let mut decision = decode_decision(&self.decision).unwrap();
        change(&mut decision);
        self.decision = encode_decision(&decision).unwrap();
    }

    pub(crate) fn event(&mut self, change: impl FnOnce(&mut Event)) {
        self.record = changed(&self.record, change);
    }
}

/// A record with another event in it.
pub(crate) fn changed(record: &[u8], change: impl FnOnce(&mut Event)) -> Vec<u8> {
    let mut event = decode(record).unwrap();
    change(&mut event);
    encode(&event).unwrap()
}

/// An event that a node seals.
pub(crate) fn event(by: NodeId, epoch: Epoch, seq: u64, action: &str, entity_type: &str, payload: &Value) -> Event {
    let bytes = [*by.as_bytes(), *epoch.id.as_bytes(), u128::from(seq).to_be_bytes()];
    Event {
        id: EventId::new(Uuid::new_v5(&Uuid::nil(), bytes.as_flattened())),
        tenant: TENANT,
        node: by,
        epoch,
        seq: Seq(seq),
        occurred_at: Timestamp(NOON + i64::try_from(seq).unwrap() * 1_000_000),
        time_source: TimeSource::Caller,
        identity_position: 0,
        content: Content {
            site: Some(SITE),
            user: Some(name("u-1")),
            ..Content::new(
                name(entity_type),
                name(&format!("{entity_type}-{seq}")),
                name(action),
                payload.to_string().into_bytes(),
            )
        },
    }
}

/// The `seq`th event of an epoch: the opening, then sales.
pub(crate) fn nth_event(by: NodeId, epoch: Epoch, seq: u64, previous: Option<&Value>) -> Event {
    if seq == 1 {
        let payload = json!({"public_key": "ab".repeat(32), "previous": previous, "reason": "test"});
        return event(by, epoch, 1, "EPOCH_OPENED", "NODE", &payload);
    }
    let line = json!({"product": "85123A", "quantity": seq.to_string(), "unit_price": "2.55"});
    let payload = json!({"currency": "EUR", "lines": [line], "total_minor": 255 * seq});
    event(by, epoch, seq, "SALE_RECORDED", "SALE", &payload)
}

/// The end of the previous epoch, as an epoch's first record names it.
pub(crate) fn previous_head(epoch: Epoch, seq: u64, chain: ChainHash) -> Value {
    json!({"epoch": epoch.number, "epoch_id": epoch.id, "seq": seq, "chain": chain.to_string()})
}

/// A node's log with this number of records in each epoch; central has answered all but the last of each epoch.
pub(crate) fn node_log(by: NodeId, epochs: &[u64]) -> BundleFrames {
    let mut frames = Vec::new();
    let mut previous = None;
    for (number, records) in (1..).zip(epochs) {
        let epoch = epoch(number);
        let mut chain = genesis(TENANT, by, epoch);
        frames.push(Owned::Epoch(EpochStart { epoch, after: Seq(0), chain }));
        for seq in 1..=*records {
            let event = nth_event(by, epoch, seq, previous.as_ref());
            let record = encode(&event).unwrap();
            chain = link(chain, &record);
            frames.push(Owned::Record { chain, record });
            if seq < *records {
                frames.push(Owned::Answer(answer(&event)));
            }
        }
        previous = Some(previous_head(epoch, *records, chain));
    }
    BundleFrames { header: BundleHeader::Node { tenant: TENANT, node: by }, context: None, frames }
}

fn answer(event: &Event) -> Vec<u8> {
    let result = RecordResult {
        event_id: event.id.uuid(),
        seq: event.seq.0,
        verdict: "ACCEPTED".to_owned(),
        code: None,
        flags: vec![],
        position: event.seq.0,
        reference: None,
        resolution: None,
        detail: None,
        attestation: None,
    };
    serde_json::to_vec(&result).unwrap()
}

/// A tenant's log: the nodes' records in turn, everything accepted.
pub(crate) fn tenant_log(nodes: &[BundleFrames]) -> BundleFrames {
    let mut queues: Vec<_> = nodes.iter().map(|log| entries_of(log).into_iter()).collect();
    let mut frames: Vec<Owned> = Vec::new();
    while queues.iter().any(|queue| queue.len() > 0) {
        for queue in &mut queues {
            frames.extend(queue.next().map(Owned::Entry));
        }
    }
    let mut decision_chain = decision_genesis(TENANT);
    for (position, frame) in (1..).zip(&mut frames) {
        let Owned::Entry(entry) = frame else { unreachable!() };
        entry.position = Position(position);
        entry.decision = encode_decision(&accepted(entry)).unwrap();
        decision_chain = decision_link(decision_chain, &entry.decision);
        entry.decision_chain = decision_chain;
    }
    let header =
        BundleHeader::Central { tenant: TENANT, after: Position::ZERO, decision_chain: decision_genesis(TENANT) };
    BundleFrames { header, context: None, frames }
}

/// A node's records as entries without a position.
fn entries_of(log: &BundleFrames) -> Vec<OwnedEntry> {
    let mut epoch = epoch(0);
    let mut entries = Vec::new();
    for frame in &log.frames {
        match frame {
            Owned::Epoch(start) => epoch = start.epoch,
            Owned::Record { chain, record } => {
                let head = header(record).unwrap();
                entries.push(OwnedEntry {
                    position: Position::ZERO,
                    node: head.node,
                    epoch,
                    seq: head.seq,
                    chain: *chain,
                    decision_chain: ChainHash([0; 32]),
                    record: record.clone(),
                    decision: Vec::new(),
                });
            }
            _ => {}
        }
    }
    entries
}

/// A decision that accepts an entry.
pub(crate) fn accepted(entry: &OwnedEntry) -> StoredDecision {
    let received_at = Timestamp(NOON + 3_600_000_000 + i64::try_from(entry.position.0).unwrap());
    StoredDecision {
        tenant: TENANT,
        position: entry.position,
        record_chain: entry.chain,
        event_id: header(&entry.record).unwrap().event_id,
        rulebook_version: 1,
        engine_version: 1,
        received_at,
        effective_at: Timestamp(NOON),
        local_year: 2026,
        judgement: Judgement::accepted(Rule::AppendOnly),
    }
}

/// A decision with another verdict.
pub(crate) fn refuse(entry: &mut OwnedEntry, verdict: Verdict, code: Option<Code>) {
    entry.decide(|decision| (decision.judgement.verdict, decision.judgement.code) = (verdict, code));
}

pub(crate) fn report(bundle: &[u8], level: Level) -> Report {
    verify(&[&bundle.to_vec()], &Options::from(level), &mut |_| ()).unwrap()
}

/// The break that both levels find, or only the content level.
pub(crate) fn first_break(log: &BundleFrames, level: Level) -> Break {
    let found = report(&log.to_bytes(), level).first_break.expect("it is found");
    if level == Level::Chain {
        let thorough = report(&log.to_bytes(), Level::Content).first_break.expect("the thorough level finds it too");
        assert_eq!(thorough, found, "both levels name the same first break");
    }
    found
}

/// The break of a node's log: defect, epoch and seq.
pub(crate) fn in_node(log: &BundleFrames, level: Level) -> (Defect, u32, u64) {
    let found = first_break(log, level);
    (found.defect, found.location.epoch.unwrap_or(0), found.location.seq.unwrap_or(0))
}

/// The break of a tenant's log: defect and position.
pub(crate) fn in_tenant(log: &BundleFrames, level: Level) -> (Defect, u64) {
    let found = first_break(log, level);
    (found.defect, found.location.position.unwrap_or(0))
}
