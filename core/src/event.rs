//! Drafts and events. A draft is sealed once as an event, which never changes.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::id::{EventId, Name, NodeId, SiteId, TenantId};
use crate::position::{Epoch, Seq};
use crate::time::Timestamp;

/// Source of `occurred_at`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeSource {
    /// The draft carried it.
    Caller,
    /// The node's clock stamped it at append; last-writer-wins corrects it by the node's measured offset.
    Node,
}

/// The content of an event, without its sealing node and position. Two events with one id and the same content are one fact
/// sent twice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Content {
    /// The site of the event; absent if it concerns the whole tenant.
    pub site: Option<SiteId>,
    /// Who acted. A node puts the [local key](KEY_USER) here if the caller names nobody.
    pub user: Option<Name>,
    /// `SALE`, `INVOICE`, `STUDENT`...: the key of the rulebook.
    pub entity_type: Name,
    /// The entity's id within its type.
    pub entity_id: Name,
    /// `SALE_RECORDED`, `UPDATE`...
    pub action: Name,
    /// UTF-8 JSON in the writer's bytes, never re-encoded.
    pub payload: Vec<u8>,
    /// The version of the entity that the writer had read; a version is the position of the entity's last accepted change.
    pub base_version: Option<u64>,
    /// The event that caused this one.
    pub causation: Option<EventId>,
    /// Groups events across entities, such as one visit to the till.
    pub correlation: Option<Uuid>,
    /// Schema version of the payload.
    pub schema_version: u16,
}

impl Content {
    /// The content of an action, in the first version of its schema, without site, user and causation.
    pub fn new(entity_type: Name, entity_id: Name, action: Name, payload: Vec<u8>) -> Content {
        Content {
            site: None,
            user: None,
            entity_type,
            entity_id,
            action,
            payload,
            base_version: None,
            causation: None,
            correlation: None,
            schema_version: 1,
        }
    }
}

/// Begins the user of an event that was recorded with a local key and names no user: `key:` and the key's id. Callers may not
/// name such a user.
pub const KEY_USER: &str = "key:";

impl Content {
    /// Who acted, if the caller named someone. A retry with another key is the same fact.
    fn given_user(&self) -> Option<&Name> {
        self.user.as_ref().filter(|user| !user.as_str().starts_with(KEY_USER))
    }

    fn is_same_fact(&self, other: &Content) -> bool {
        let Content { site, user: _, entity_type, entity_id, action, payload, .. } = self;
        let Content { base_version, causation, correlation, schema_version, .. } = self;
        self.given_user() == other.given_user()
            && (site, entity_type, entity_id, action)
                == (&other.site, &other.entity_type, &other.entity_id, &other.action)
            && (base_version, causation) == (&other.base_version, &other.causation)
            && (correlation, schema_version) == (&other.correlation, &other.schema_version)
            && payload == &other.payload
    }
}

/// Fields of a generic entity: name to JSON text, `None` to remove. JSON values are opaque here; equality is of their text.
pub type Fields = BTreeMap<String, Option<String>>;

const CONTENT_CONTEXT: &str = "comptoir/content/1";

/// What a caller asks to have sealed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// Chosen by the caller, or derived from the idempotency key.
    pub id: EventId,
    /// When it happened, if the caller named a time; otherwise by the node's clock.
    pub occurred_at: Option<Timestamp>,
    /// The content.
    pub content: Content,
}

/// A sealed event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Its identity.
    pub id: EventId,
    /// The tenant of the node that sealed it.
    pub tenant: TenantId,
    /// The node that sealed it.
    pub node: NodeId,
    /// The node's epoch.
    pub epoch: Epoch,
    /// Its number in the epoch.
    pub seq: Seq,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Source of `occurred_at`.
    pub time_source: TimeSource,
    /// Position up to which the node knew users and rights when it sealed this.
    pub identity_position: u64,
    /// The content.
    pub content: Content,
}

impl Draft {
    /// Whether a sealed event is this draft: a retry after a lost answer. A time that the caller did not give is not compared,
    /// since the node stamped it.
    pub fn same_content(&self, sealed: &Event) -> bool {
        let same_time = match self.occurred_at {
            Some(at) => sealed.time_source == TimeSource::Caller && sealed.occurred_at == at,
            None => sealed.time_source == TimeSource::Node,
        };
        same_time && self.content.is_same_fact(&sealed.content)
    }
}

impl Event {
    /// Whether two sealed events carry the same fact: tenant, given time and content, whatever node and seq sealed them. A time
    /// that a server stamped is not compared: one request sent to two servers is stamped by both. The same holds for a local key.
    pub fn same_content(&self, other: &Event) -> bool {
        let is_same_time = self.given_time() == other.given_time();
        self.tenant == other.tenant && is_same_time && self.content.is_same_fact(&other.content)
    }

    /// When it happened, if the caller said so.
    fn given_time(&self) -> Option<Timestamp> {
        (self.time_source == TimeSource::Caller).then_some(self.occurred_at)
    }

    /// A hash of the fact: equal for two events exactly if [`Event::same_content`] holds.
    pub fn content_hash(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_derive_key(CONTENT_CONTEXT);
        let mut put = |bytes: Option<&[u8]>| {
            // Each part is hashed with its length, so that boundaries and absent parts are covered by the hash.
            let length = bytes.map_or(u64::MAX, |bytes| bytes.len() as u64);
            hasher.update(&length.to_le_bytes());
            hasher.update(bytes.unwrap_or_default());
        };
        let Content { site, user: _, entity_type, entity_id, action, payload, .. } = &self.content;
        let Content { base_version, causation, correlation, schema_version, .. } = &self.content;
        put(Some(self.tenant.as_bytes()));
        put(self.given_time().map(|at| at.0.to_le_bytes()).as_ref().map(<[u8; 8]>::as_slice));
        put(site.as_ref().map(|site| site.as_bytes().as_slice()));
        put(self.content.given_user().map(|user| user.as_str().as_bytes()));
        [entity_type, entity_id, action].into_iter().for_each(|name| put(Some(name.as_str().as_bytes())));
        put(Some(payload));
        put(base_version.map(u64::to_le_bytes).as_ref().map(<[u8; 8]>::as_slice));
        put(causation.as_ref().map(|event| event.as_bytes().as_slice()));
        put(correlation.as_ref().map(|id| id.as_bytes().as_slice()));
        put(Some(&schema_version.to_le_bytes()));
        hasher.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(user: Option<&str>) -> Content {
        let name = |text: &str| Name::new(text).unwrap();
        let content = Content::new(name("SALE"), name("s-1"), name("SALE_RECORDED"), b"{}".to_vec());
        Content { user: user.map(name), ..content }
    }

    fn event(user: Option<&str>) -> Event {
        Event {
            id: EventId::new(Uuid::nil()),
            tenant: TenantId::from_bytes([1; 16]),
            node: NodeId::from_bytes([2; 16]),
            epoch: Epoch { number: 1, id: Uuid::nil() },
            seq: Seq(1),
            occurred_at: Timestamp(0),
            time_source: TimeSource::Caller,
            identity_position: 0,
            content: content(user),
        }
    }

    /// A till whose key was replaced sends its sale again.
    #[test]
    fn the_key_that_recorded_an_event_is_no_part_of_the_fact() {
        let users = [None, Some("key:01020304"), Some("key:05060708")];
        for (one, other) in users.into_iter().flat_map(|one| users.map(|other| (one, other))) {
            let draft = Draft { id: event(one).id, occurred_at: Some(Timestamp(0)), content: content(one) };
            assert!(draft.same_content(&event(other)) && event(one).same_content(&event(other)), "{one:?} {other:?}");
            assert_eq!(event(one).content_hash(), event(other).content_hash());
        }
        assert!(!event(Some("u-1")).same_content(&event(Some("key:01020304"))));
        assert!(!event(Some("u-1")).same_content(&event(Some("u-2"))));
        assert_ne!(event(Some("u-1")).content_hash(), event(None).content_hash());
        let other_place =
            Event { content: Content { site: Some(SiteId::from_bytes([3; 16])), ..content(None) }, ..event(None) };
        assert!(!event(None).same_content(&other_place));
    }
}
