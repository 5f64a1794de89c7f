use std::fmt::Display;

use comptoir_central::ImportedRecords;
use comptoir_core::chain::{ChainHash, genesis, link};
use comptoir_core::event::{Content, Event, TimeSource};
use comptoir_core::id::{EventId, Name, NodeId, SiteId, TenantId};
use comptoir_core::position::{Epoch, Seq};
use comptoir_core::time::Timestamp;
use comptoir_proto::node_users_v1::WipeProof;
use comptoir_proto::sync_v1::{PushRequest, PushResponse, RecordResult, SealedRecord};
use comptoir_proto::{instant, stored_v1};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::central::TestCentral;
use crate::events::{Sale, TestEvent};
use crate::response::Response;

/// 2026-03-01T10:00:00Z in microseconds: the time of a sealed log's clock, unless a test sets another.
pub const NOON: i64 = 1_772_359_200_000_000;

/// The key pair of every sealed log.
fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// A record and the chain after it.
pub type Sealed = (Vec<u8>, ChainHash);

/// A node's log, sealed in memory as the protocol's specification says, and as a test likes: damaged, forked, in any epoch. A
/// clone is a copied disk.
#[derive(Clone)]
pub struct SealedLog {
    /// Which tenant's.
    pub tenant: TenantId,
    /// Which site's.
    pub site: SiteId,
    /// Which node's.
    pub node: NodeId,
    /// What the node signs in with.
    pub key: String,
    /// The epoch that is open.
    pub epoch: Epoch,
    /// What each epoch's first record names.
    pub public_key: [u8; 32],
    /// What the node's clock shows, for each event and each push.
    pub clock: Timestamp,
    /// Of the last record.
    pub seq: Seq,
    /// After the last record.
    pub chain: ChainHash,
    /// The epoch's records, without those that [`SealedLog::take_push`] has taken out.
    pub records: Vec<Sealed>,
    /// Before the first of `records`.
    chain_before_records: ChainHash,
}

impl SealedLog {
    /// A log whose first record opens epoch 1.
    pub fn new(tenant: TenantId, site: SiteId, node: NodeId, key: String) -> SealedLog {
        let epoch = Epoch { number: 1, id: Uuid::new_v4() };
        let chain = genesis(tenant, node, epoch);
        let mut log = SealedLog {
            tenant,
            site,
            node,
            key,
            epoch,
            public_key: signing_key().verifying_key().to_bytes(),
            clock: Timestamp(NOON),
            seq: Seq::ZERO,
            chain,
            records: Vec::new(),
            chain_before_records: chain,
        };
        log.seal_opening(&Value::Null);
        log
    }

    /// The log of a node that `comptoir admin node create` made, from what the command printed.
    ///
    /// # Panics
    /// Where an id is missing.
    pub fn issued(printed: &Value) -> SealedLog {
        let id = |name: &str| {
            let text = printed[name].as_str().unwrap_or_else(|| panic!("{name} was not issued: {printed}"));
            Uuid::parse_str(text).expect("an issued id is a UUID")
        };
        let key = printed["SYNC_API_KEY"].as_str().unwrap_or_default().to_owned();
        let (tenant, site) = (TenantId::new(id("TENANT_ID")), SiteId::new(id("SITE_ID")));
        SealedLog::new(tenant, site, NodeId::new(id("NODE_ID")), key)
    }

    fn seal_opening(&mut self, previous: &Value) {
        let payload = json!({ "public_key": hex::encode(self.public_key), "previous": previous, "reason": "a test" });
        self.seal("NODE", &self.node.to_string(), "EPOCH_OPENED", &payload);
    }

    /// The end of the log at a seq, as the next epoch's first record names it.
    pub fn end_at(&self, seq: u64) -> Value {
        let chain = self.chain_before(seq + 1).to_string();
        json!({ "epoch": self.epoch.number, "epoch_id": self.epoch.id, "seq": seq, "chain": chain })
    }

    /// Opens another epoch, where central holds all of the one before.
    pub fn open_epoch(&mut self, number: u32) {
        self.open_epoch_after(number, &self.end_at(self.seq.0));
    }

    /// Opens another epoch, as after a restore, that names this end of the one before.
    pub fn open_epoch_after(&mut self, number: u32, previous: &Value) {
        self.epoch = Epoch { number, id: Uuid::new_v4() };
        self.seq = Seq::ZERO;
        self.chain = genesis(self.tenant, self.node, self.epoch);
        self.chain_before_records = self.chain;
        self.records.clear();
        self.seal_opening(previous);
    }

    /// The event that would be sealed next.
    pub fn event(&self, entity_type: &str, entity_id: &str, action: &str, payload: &Value) -> Event {
        let name = |text: &str| Name::new(text).expect("a test's names are valid");
        Event {
            id: EventId::new(Uuid::now_v7()),
            tenant: self.tenant,
            node: self.node,
            epoch: self.epoch,
            seq: self.seq.next(),
            occurred_at: self.clock,
            time_source: TimeSource::Caller,
            identity_position: 0,
            content: Content {
                site: Some(self.site),
                user: Some(name("u-1")),
                ..Content::new(name(entity_type), name(entity_id), name(action), payload.to_string().into_bytes())
            },
        }
    }

    /// Seals an event at the next seq of this log, whatever place the event names.
    pub fn seal_event(&mut self, event: Event) -> EventId {
        let event = Event { node: self.node, epoch: self.epoch, seq: self.seq.next(), ..event };
        self.seal_bytes(stored_v1::encode(&event).expect("a test's event fits a record"));
        event.id
    }

    /// Seals any bytes at the next seq.
    pub fn seal_bytes(&mut self, bytes: Vec<u8>) {
        self.seq = self.seq.next();
        self.chain = link(self.chain, &bytes);
        self.records.push((bytes, self.chain));
    }

    /// Seals an event of any kind.
    pub fn seal(&mut self, entity_type: &str, entity_id: &str, action: &str, payload: &Value) -> EventId {
        let event = self.event(entity_type, entity_id, action, payload);
        self.seal_event(event)
    }

    /// Seals an event that [`crate::events`] builds.
    pub fn record(&mut self, entity_id: &str, event: &impl TestEvent) -> EventId {
        self.seal(event.entity_type(), entity_id, event.action(), &event.payload())
    }

    /// Seals a sale of two pieces.
    pub fn sell(&mut self, sale: &str) -> EventId {
        self.record(sale, &Sale::default())
    }

    /// Seals `count` sales; `sale` gives the entity id of each by its number.
    pub fn sell_many(&mut self, count: usize, sale: impl Fn(usize) -> String) {
        (0..count).for_each(|number| {
            self.sell(&sale(number));
        });
    }

    /// The seq of the first of `records`.
    fn first_held(&self) -> u64 {
        self.seq.0 + 1 - self.records.len() as u64
    }

    /// The chain before a seq.
    pub fn chain_before(&self, seq: u64) -> ChainHash {
        match (seq - self.first_held()) as usize {
            0 => self.chain_before_records,
            index => self.records[index - 1].1,
        }
    }

    /// A push of the records from one seq to another.
    pub fn request(&self, from: u64, to: u64) -> PushRequest {
        let first = self.first_held();
        let records = &self.records[(from - first) as usize..=(to - first) as usize];
        PushRequest {
            batch_id: Uuid::new_v4(),
            node: self.node.uuid(),
            epoch: self.epoch.into(),
            first_seq: from,
            previous_chain: self.chain_before(from).to_string(),
            records: records.iter().map(|(record, chain)| SealedRecord::new(record, *chain)).collect(),
            node_time: instant::format(self.clock),
            clock: Vec::new(),
            taken_in: Vec::new(),
        }
    }

    /// The records from one seq to another as a file that an operator imports, without what the node knows of its clock.
    pub fn exported(&self, from: u64, to: u64) -> ImportedRecords {
        let first = self.first_held();
        ImportedRecords {
            node: self.node,
            epoch: self.epoch,
            first_seq: Seq(from),
            previous: self.chain_before(from),
            records: self.records[(from - first) as usize..=(to - first) as usize].to_vec(),
            clock: Vec::new(),
        }
    }

    /// A push of every record sealed since the last one, which the log then forgets: a benchmark seals millions.
    pub fn take_push(&mut self) -> PushRequest {
        let request = self.request(self.first_held(), self.seq.0);
        self.records.clear();
        self.chain_before_records = self.chain;
        request
    }

    /// The proof that the node destroyed its data, with so many records that central does not have.
    pub fn wipe_proof(&self, unsent: u64) -> WipeProof {
        let unsigned = WipeProof {
            node: self.node.uuid(),
            epoch: self.epoch.number,
            last_seq: self.seq.0,
            last_chain: self.chain.to_string(),
            unsent,
            wiped_at: instant::format(self.clock),
            signature: String::new(),
        };
        let signature = signing_key().sign(unsigned.signed_text().as_bytes());
        WipeProof { signature: hex::encode(signature.to_bytes()), ..unsigned }
    }

    /// Sends a push, whatever becomes of it.
    pub async fn send_push(&self, central: &TestCentral, request: &PushRequest) -> Response {
        let body = serde_json::to_vec(request).expect("a push is JSON");
        central.post_as(&self.key, "/api/v1/sync/push", body).await
    }

    /// Pushes the records from one seq to another, whatever becomes of them.
    pub async fn try_push(&self, central: &TestCentral, from: u64, to: u64) -> Response {
        self.send_push(central, &self.request(from, to)).await
    }

    /// Pushes the records from one seq to another; central takes them.
    pub async fn push(&self, central: &TestCentral, from: u64, to: u64) -> PushResponse {
        self.try_push(central, from, to).await.parse()
    }

    /// Pushes every record; central takes them.
    pub async fn push_all(&self, central: &TestCentral) -> PushResponse {
        self.push(central, 1, self.seq.0).await
    }

    /// Pushes the last record; central takes it.
    pub async fn push_last(&self, central: &TestCentral) -> RecordResult {
        self.push(central, self.seq.0, self.seq.0).await.results.remove(0)
    }

    /// `GET` with the node's key.
    pub async fn get(&self, central: &TestCentral, path: &str) -> Response {
        central.get_as(&self.key, path).await
    }

    /// `POST` with the node's key.
    pub async fn post(&self, central: &TestCentral, path: &str, body: impl Display) -> Response {
        central.post_as(&self.key, path, body.to_string()).await
    }
}

/// Verdict and code of each result: `ACCEPTED` or `REJECTED EVENT_ID_REUSED`.
pub fn verdicts(response: &PushResponse) -> Vec<String> {
    let word = |result: &RecordResult| match &result.code {
        Some(code) => format!("{} {code}", result.verdict),
        None => result.verdict.clone(),
    };
    response.results.iter().map(word).collect()
}
