//! A node made by hand: it seals whatever a test wants, right or wrong, and pushes it as the protocol's paper says.

use comptoir_core::chain::{self, ChainHash};
use comptoir_core::event::{Content, Event, TimeSource};
use comptoir_core::id::{EventId, Name, NodeId, SiteId, TenantId};
use comptoir_core::position::{Epoch, Seq};
use comptoir_core::time::Timestamp;
use comptoir_proto::stored_v1;
use comptoir_proto::sync_v1::{PushRequest, SealedRecord};
use serde_json::{Value, json};
use uuid::Uuid;

/// Its place in its log, and what it has sealed since the last push.
pub struct HandMade {
    /// Whose it says it is.
    pub tenant: TenantId,
    /// Which shop's.
    pub site: SiteId,
    /// Which node it says it is.
    pub node: NodeId,
    epoch: Epoch,
    next: Seq,
    chain: ChainHash,
    first_seq: u64,
    previous: ChainHash,
    sealed: Vec<SealedRecord>,
}

impl HandMade {
    /// A node with what `comptoir admin node create` printed; its first record opens its epoch.
    pub fn new(issued: &Value) -> HandMade {
        let id =
            |name: &str| Uuid::parse_str(issued[name].as_str().unwrap_or_default()).expect("an issued id is a UUID");
        let tenant = TenantId::new(id("TENANT_ID"));
        let node = NodeId::new(id("NODE_ID"));
        let epoch = Epoch { number: 1, id: Uuid::from_u128(0xE1) };
        let start = chain::genesis(tenant, node, epoch);
        let mut made = HandMade {
            tenant,
            site: SiteId::new(id("SITE_ID")),
            node,
            epoch,
            next: Seq(1),
            chain: start,
            first_seq: 1,
            previous: start,
            sealed: Vec::new(),
        };
        let opened = json!({"public_key": "11".repeat(32), "previous": null, "reason": "made by hand"});
        made.seal("NODE", &node.to_string(), "EPOCH_OPENED", &opened);
        made
    }

    /// Seals an event, and answers with its id.
    pub fn seal(&mut self, entity_type: &str, entity_id: &str, action: &str, payload: &Value) -> EventId {
        let event = self.event(entity_type, entity_id, action, payload);
        let id = event.id;
        self.seal_bytes(stored_v1::encode(&event).expect("a test's event fits a record"));
        id
    }

    /// The event that would be sealed next.
    pub fn event(&self, entity_type: &str, entity_id: &str, action: &str, payload: &Value) -> Event {
        let name = |text: &str| Name::new(text).expect("a test's names are valid");
        Event {
            id: EventId::new(Uuid::now_v7()),
            tenant: self.tenant,
            node: self.node,
            epoch: self.epoch,
            seq: self.next,
            occurred_at: Timestamp(1_767_780_000_000_000),
            time_source: TimeSource::Caller,
            identity_position: 0,
            content: Content {
                site: Some(self.site),
                ..Content::new(name(entity_type), name(entity_id), name(action), payload.to_string().into_bytes())
            },
        }
    }

    /// Takes bytes into the log as they are, whatever they hold.
    pub fn seal_bytes(&mut self, record: Vec<u8>) {
        self.chain = chain::link(self.chain, &record);
        self.sealed.push(SealedRecord::new(&record, self.chain));
        self.next = self.next.next();
    }

    /// How many records wait for the next push.
    pub fn waiting(&self) -> usize {
        self.sealed.len()
    }

    /// Everything sealed since the last push, as a request.
    pub fn push(&mut self) -> PushRequest {
        let request = PushRequest {
            batch_id: Uuid::new_v4(),
            node: self.node.uuid(),
            epoch: self.epoch.into(),
            first_seq: self.first_seq,
            previous_chain: self.previous.to_string(),
            records: std::mem::take(&mut self.sealed),
            node_time: "2026-01-07T10:00:00Z".to_owned(),
            clock: Vec::new(),
            taken_in: Vec::new(),
        };
        self.first_seq = self.next.0;
        self.previous = self.chain;
        request
    }
}

/// A sale of one piece.
pub fn sale(total_minor: i64) -> Value {
    json!({"currency": "EUR", "total_minor": total_minor, "lines": [{"product": "P", "quantity": "1", "unit_price": "5.00"}]})
}
