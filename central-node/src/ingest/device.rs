//! Events of phones and desktops, which keep no chain of their own. Central seals them into a log that it keeps for the
//! device, and decides them by the same rules as a node's push.
//!
//! No event is refused for its content: an invalid payload is sealed and quarantined, as in a push. Only an id that is
//! already counted with other content is refused, since two events cannot have one id.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use comptoir_core::access::RoleAt;
use comptoir_core::clock::ClockHistory;
use comptoir_core::decision::{Code, Verdict};
use comptoir_core::event::{Content, Event, TimeSource};
use comptoir_core::fact::{Fact, Objection, ParsedEvent};
use comptoir_core::id::{EventId, Name, NodeId};
use comptoir_core::position::{Epoch, Position, Seq};
use comptoir_core::state::{Entity, EntityKey};
use comptoir_core::time::Timestamp;
use comptoir_proto::canonical_json::canonical;
use comptoir_proto::{payload, stored_v1};
use serde_json::json;
use uuid::Uuid;

use super::answer::{DeviceResult, record_result, stored_result};
use super::decide::{BatchDecider, CountedView, IncomingBody};
use super::error::{IdReused, IngestError};
use super::id_references::{DEPTH_MAX, IdRole, rename};
use crate::event_store::{AssignedId, Resend};
use crate::restore_window;
use crate::tenant::Tenant;

/// The action of a log's first record, and of no other.
const EPOCH_OPENED: &str = "EPOCH_OPENED";

/// Events of one request of one device, in its order.
#[derive(Debug)]
pub(crate) struct DeviceDrafts {
    /// The node of the log that central keeps for the device.
    pub(crate) node: NodeId,
    /// The contract and name of the device, for the record that opens its log.
    pub(crate) opened_for: String,
    /// The device's role, where the request has its user's access token: the events are judged by the rights that the user has
    /// in this role. `None` for a service key, whose holder answers for what its devices record.
    pub(crate) author_role: Option<RoleAt>,
    /// Central's own public key, because central seals these events.
    pub(crate) public_key: [u8; 32],
    /// The device's clock minus central's, estimated from the request.
    pub(crate) clock_offset_micros: i64,
    pub(crate) drafts: Vec<DeviceDraft>,
}

/// One event as the device sent it.
#[derive(Clone, Debug)]
pub(crate) struct DeviceDraft {
    pub(crate) id: EventId,
    /// The time by the device's clock.
    pub(crate) occurred_at: Timestamp,
    pub(crate) content: Content,
    pub(crate) reading: PayloadReading,
    /// The entity's id on the device, if the contract lets central assign another.
    pub(crate) client_id: Option<String>,
    /// True if the event means central's entity with this id and not the device's own, which has another id at central.
    pub(crate) belongs_to_other: bool,
    /// Central's entities that the payload names, by type and id, although the device's own entities with these ids have other
    /// ids at central.
    pub(crate) others: BTreeSet<(String, String)>,
    /// Whether the device may have been given the entity's row since it made the event: the row then took the place of what the
    /// event had written into the device's table.
    pub(crate) row_given_since: bool,
    /// Subtracted from `occurred_at` to get the effective time.
    pub(crate) clock_offset_micros: i64,
    /// Why the event is quarantined, whatever it says.
    pub(crate) objection: Option<Objection>,
}

/// The readable part of a payload.
#[derive(Clone, Debug)]
pub(crate) enum PayloadReading {
    /// All of it. With an objection the event is quarantined.
    Fact(Fact, Option<Objection>),
    /// The payload is invalid: the event is quarantined.
    Unreadable(Code, String),
}

impl PayloadReading {
    pub(crate) fn of(content: &Content) -> PayloadReading {
        match payload::read_fact(&content.entity_type, &content.action, content.schema_version, &content.payload) {
            Ok((fact, objection)) => PayloadReading::Fact(fact, objection),
            Err(error) => PayloadReading::Unreadable(error.code, error.to_string()),
        }
    }
}

/// The ids that central assigned in place of a device's own ids.
#[derive(Debug, Default)]
pub(crate) struct DeviceIdMap {
    /// By type and the device's id, in the order in which they were assigned: the device means the last one.
    known: HashMap<(Name, String), Vec<Name>>,
    /// By type and central's id.
    client_ids: HashMap<(Name, Name), String>,
    /// Assigned in this batch: to be stored.
    pub(crate) assigned: Vec<AssignedId>,
}

impl DeviceIdMap {
    /// Of the ids that earlier batches have assigned, in the order of their numbers.
    pub(crate) fn new(known: Vec<AssignedId>) -> DeviceIdMap {
        let mut map = DeviceIdMap::default();
        for AssignedId { entity_type, client_id, server_id, .. } in known {
            map.insert(&entity_type, &client_id, server_id);
        }
        map
    }

    fn insert(&mut self, entity_type: &Name, client_id: &str, server_id: Name) -> usize {
        self.client_ids.insert((entity_type.clone(), server_id.clone()), client_id.to_owned());
        let ids = self.known.entry((entity_type.clone(), client_id.to_owned())).or_default();
        ids.push(server_id);
        ids.len() - 1
    }

    fn assign(&mut self, entity_type: &Name, client_id: &str, server_id: Name) {
        let number = self.insert(entity_type, client_id, server_id.clone());
        let (entity_type, client_id) = (entity_type.clone(), client_id.to_owned());
        self.assigned.push(AssignedId { entity_type, client_id, number, server_id });
    }

    /// Whether the entity's id was assigned in place of one of the device's own.
    fn has_replaced(&self, key: &EntityKey) -> bool {
        self.client_ids.contains_key(&(key.entity_type.clone(), key.entity_id.clone()))
    }

    fn get(&self, entity_type: &Name, client_id: &str) -> Option<&Name> {
        self.known.get(&(entity_type.clone(), client_id.to_owned()))?.last()
    }

    /// The draft with central's ids in place of the device's, both as its entity and in its payload.
    fn follow<'d>(&self, draft: &'d DeviceDraft) -> Cow<'d, DeviceDraft> {
        let Some(client_id) = draft.client_id.as_deref().filter(|_| !self.known.is_empty()) else {
            return Cow::Borrowed(draft);
        };
        let mut followed = draft.clone();
        let own = Some(&draft.content.entity_type).filter(|_| !draft.belongs_to_other);
        if let Some(server_id) = own.and_then(|own| self.get(own, client_id)) {
            followed.content.entity_id = server_id.clone();
        }
        let replace = |entity_type: &Name, id: &str, role: IdRole| {
            let belongs_to_other = |entity_type: &Name| {
                role == IdRole::Reference && draft.others.contains(&(entity_type.to_string(), id.to_owned()))
            };
            let types = role.types(entity_type);
            types.filter(|of| !belongs_to_other(of)).find_map(|of| self.get(&of, id).map(Name::to_string))
        };
        let text = std::str::from_utf8(&draft.content.payload).unwrap_or_default();
        if let Some(renamed) = rename(text, own.map(|own| (own, IdRole::Own)), &replace, DEPTH_MAX) {
            followed.content.payload = renamed.get().as_bytes().to_vec();
            followed.reading = PayloadReading::of(&followed.content);
        }
        Cow::Owned(followed)
    }

    /// The content with the device's ids in place of central's, regardless of whose entity they mean, and all ids as text.
    fn restored(&self, content: &Content) -> Content {
        let own = &content.entity_type;
        let client_id = |entity_type: &Name, id: &str| {
            let server_id = Name::new(id).ok()?;
            self.client_ids.get(&(entity_type.clone(), server_id)).cloned()
        };
        let entity_id = client_id(own, content.entity_id.as_str());
        // An id that is not valid here is the first that central assigned in its place.
        let first = |id: &str| self.known.get(&(own.clone(), id.to_owned()))?.first().cloned();
        let entity_id = entity_id.and_then(|id| Name::new(id.as_str()).ok().or_else(|| first(&id)));
        let replace = |entity_type: &Name, id: &str, role: IdRole| {
            let client_id = role.types(entity_type).find_map(|of| client_id(&of, id));
            Some(client_id.unwrap_or_else(|| id.to_owned()))
        };
        let text = std::str::from_utf8(&content.payload).unwrap_or_default();
        let renamed = rename(text, Some((own, IdRole::Own)), &replace, DEPTH_MAX);
        let payload = renamed.map_or_else(|| content.payload.clone(), |renamed| renamed.get().as_bytes().to_vec());
        Content { entity_id: entity_id.unwrap_or_else(|| content.entity_id.clone()), payload, ..content.clone() }
    }
}

/// The id that central assigns in place of a device's own; a retry derives the same one.
pub(crate) fn server_id(node: NodeId, entity_type: &Name, client_id: &str) -> Name {
    let id = EventId::new(node.uuid()).derived(&format!("entity/{entity_type}/{client_id}"));
    Name::new(id.to_string()).expect("a UUID is a valid name")
}

/// The id that central assigns to the entity of another `CREATE` of an id that it has replaced before.
fn next_server_id(node: NodeId, entity_type: &Name, client_id: &str, event: EventId) -> Name {
    server_id(node, entity_type, &format!("{client_id}/{event}"))
}

impl DeviceDrafts {
    /// The drafts as the rules see them, before they have a seq: for what has to be loaded. An entity that is created is
    /// included under its own id and under those that central would assign.
    pub(crate) fn as_known(&self, tenant: &Tenant, ids: &DeviceIdMap) -> Vec<ParsedEvent> {
        let known = |draft: &DeviceDraft, entity_id: Option<Name>| {
            let PayloadReading::Fact(fact, _) = &draft.reading else { return None };
            let mut content = draft.content.clone();
            content.entity_id = entity_id.unwrap_or(content.entity_id);
            let event = Event {
                id: draft.id,
                tenant: tenant.id,
                node: self.node,
                epoch: Epoch { number: 1, id: Uuid::nil() },
                seq: Seq::ZERO,
                occurred_at: draft.occurred_at,
                time_source: TimeSource::Node,
                identity_position: 0,
                content,
            };
            Some(ParsedEvent { event, fact: fact.clone(), objection: None })
        };
        let both = |draft: &DeviceDraft| {
            let created = matches!(draft.reading, PayloadReading::Fact(Fact::Created(_), _));
            let other = draft.client_id.as_deref().filter(|_| created);
            let entity_type = &draft.content.entity_type;
            let others = other.map(|client_id| {
                [
                    server_id(self.node, entity_type, client_id),
                    next_server_id(self.node, entity_type, client_id, draft.id),
                ]
            });
            let others = others.into_iter().flatten().filter_map(|other| known(draft, Some(other)));
            known(&ids.follow(draft), None).into_iter().chain(others).collect::<Vec<_>>()
        };
        self.drafts.iter().flat_map(both).collect()
    }

    /// The event ids that may be counted already, including those of unreadable events.
    pub(crate) fn event_ids(&self) -> impl Iterator<Item = EventId> {
        self.drafts.iter().map(|draft| draft.id)
    }

    /// Whether any event must wait for the restore window to close.
    pub(super) fn must_wait_for_restore(&self) -> bool {
        self.drafts.iter().any(|draft| match &draft.reading {
            PayloadReading::Fact(fact, _) => restore_window::must_wait_for_restore(fact),
            PayloadReading::Unreadable(..) => false,
        })
    }

    /// Seals and decides new events, and answers known ones.
    pub(super) fn decide(
        &self,
        decider: &mut BatchDecider<'_>,
        ids: &mut DeviceIdMap,
        revoked: Option<Position>,
    ) -> Result<Vec<Result<DeviceResult, IdReused>>, IngestError> {
        let log = decider.devices().get(&self.node);
        if log.is_some_and(|log| log.last_seq == Seq::ZERO) {
            self.open_log(decider)?;
        }
        self.drafts.iter().map(|draft| self.decide_one(decider, ids, draft, revoked)).collect()
    }

    fn decide_one(
        &self,
        decider: &mut BatchDecider<'_>,
        ids: &mut DeviceIdMap,
        draft: &DeviceDraft,
        revoked: Option<Position>,
    ) -> Result<Result<DeviceResult, IdReused>, IngestError> {
        if let Some(counted) = decider.counted(draft.id) {
            return answer_counted(decider, counted, ids, draft, self.author_role.is_some());
        }
        let mut followed = ids.follow(draft);
        let mut replaced_id = None;
        if let Some(client_id) = draft.client_id.as_ref().filter(|_| !draft.belongs_to_other) {
            let entity_type = &draft.content.entity_type;
            let unfit_id = draft.content.entity_id.as_str() != client_id;
            let new_id = match ids.get(entity_type, client_id) {
                None if unfit_id || self.is_taken(decider, &followed) => {
                    Some(server_id(self.node, entity_type, client_id))
                }
                // The device has its entity of that id under central's id, and creates another one.
                Some(own) if draft.is_create() && is_known(decider, entity_type, own) => {
                    Some(next_server_id(self.node, entity_type, client_id, draft.id))
                }
                _ => None,
            };
            if let Some(new_id) = new_id {
                ids.assign(entity_type, client_id, new_id);
                replaced_id = Name::new(client_id.as_str()).ok();
                followed = ids.follow(draft);
            }
        }
        let followed = followed.into_owned();
        let entity_id = followed.content.entity_id.clone();
        let entity_type = followed.content.entity_type.clone();
        let row_given_since = followed.row_given_since;
        let row = self.seal(decider, followed, revoked)?;
        if row_given_since {
            // Under a replaced id the client may hold its own row or another's, and gives the new id to the one that it holds.
            for entity_id in std::iter::once(entity_id.clone()).chain(replaced_id) {
                let key = EntityKey { entity_type: entity_type.clone(), entity_id };
                decider.resends.extend(self.resend(decider, ids, row, key));
            }
        }
        Ok(Ok(DeviceResult { result: record_result(&decider.decisions[row], decider.rows[row].seq), entity_id }))
    }

    /// A row that an accepted change is about, if the device was ever given it: nobody is given a row that only they changed,
    /// unless it replaced an id of theirs.
    fn resend(&self, decider: &BatchDecider<'_>, ids: &DeviceIdMap, row: usize, key: EntityKey) -> Option<Resend> {
        let decision = &decider.decisions[row];
        let changed_by = &decider.decision_state.entities.get(&key)?.changed_by;
        let was_given = ids.has_replaced(&key) || changed_by.keys().any(|node| *node != self.node);
        let is_due = decision.judgement.verdict == Verdict::Accepted && was_given;
        is_due.then_some(Resend { node: self.node, key, position: decision.position })
    }

    /// Whether an entity that the device creates has the id of another node's entity. An entity that was deleted counts
    /// as another's too, unless the device has seen the deletion. One with the same content is no other entity.
    fn is_taken(&self, decider: &BatchDecider<'_>, draft: &DeviceDraft) -> bool {
        let PayloadReading::Fact(fact @ Fact::Created(_), _) = &draft.reading else { return false };
        let key =
            EntityKey { entity_type: draft.content.entity_type.clone(), entity_id: draft.content.entity_id.clone() };
        let entity = decider.decision_state.entities.get(&key);
        let base = draft.content.base_version.unwrap_or_default();
        let unseen = |entity: &Entity| {
            entity.changed_by.iter().any(|(other, position)| *other != self.node && position.0 > base)
        };
        let of_another = |entity: &Entity| {
            entity.created.is_none_or(|created| created.node != self.node) && !entity.is_made_of(fact)
        };
        let is_other = |entity: &Entity| if entity.deleted { unseen(entity) } else { of_another(entity) };
        entity.is_some_and(|entity| entity.is_known() && is_other(entity))
    }

    fn seal(
        &self,
        decider: &mut BatchDecider<'_>,
        draft: DeviceDraft,
        revoked: Option<Position>,
    ) -> Result<usize, IngestError> {
        // A request is answered while the device is in contact, so the rights of now are those that count.
        let identity_position = self.author_role.as_ref().map_or(0, |_| decider.head.identity_position.0);
        let body = |event: Event, decider: &BatchDecider<'_>| match draft.reading {
            PayloadReading::Fact(fact, objection) => {
                let by_rights = decider.objection_to(&event, Some(&fact), revoked, self.author_role.as_ref());
                let objection = by_rights.or(draft.objection).or(objection);
                IncomingBody::Owned(Box::new(ParsedEvent { event, fact, objection }))
            }
            PayloadReading::Unreadable(code, detail) => {
                IncomingBody::OwnedUnreadable { event: Box::new(event), code, detail }
            }
        };
        let stamped = (draft.occurred_at, TimeSource::Node);
        let clock = ClockHistory::new(&[], Some(draft.clock_offset_micros), Timestamp::MAX);
        let content = (draft.content, identity_position);
        Ok(decider.seal_for(self.node, draft.id, stamped, content, &clock, body)?)
    }

    /// Seals the first record of the log, which names the device and states that central seals the log.
    fn open_log(&self, decider: &mut BatchDecider<'_>) -> Result<(), IngestError> {
        let name = |text: &str| Name::new(text).expect("a constant or a UUID is a valid name");
        let reason: String = format!("sealed_by: central, for {}", self.opened_for).chars().take(200).collect();
        let payload = json!({ "public_key": hex::encode(self.public_key), "previous": null, "reason": reason });
        let content = Content::new(
            name("NODE"),
            name(&self.node.to_string()),
            name(EPOCH_OPENED),
            payload.to_string().into_bytes(),
        );
        let at = (decider.head.last_received_at.shifted(1), TimeSource::Node);
        let id = EventId::new(self.node.uuid()).derived(EPOCH_OPENED);
        let body = |event, _: &BatchDecider<'_>| {
            IncomingBody::Owned(Box::new(ParsedEvent { event, fact: Fact::EpochOpened, objection: None }))
        };
        decider.seal_for(self.node, id, at, (content, 0), &ClockHistory::default(), body)?;
        Ok(())
    }
}

impl DeviceDraft {
    fn is_create(&self) -> bool {
        matches!(self.reading, PayloadReading::Fact(Fact::Created(_), _))
    }
}

/// Whether a change of the entity was ever accepted.
fn is_known(decider: &BatchDecider<'_>, entity_type: &Name, entity_id: &Name) -> bool {
    let key = EntityKey { entity_type: entity_type.clone(), entity_id: entity_id.clone() };
    decider.decision_state.entities.get(&key).is_some_and(Entity::is_known)
}

/// Answers an event whose id counts already: from its record, where that has the same content.
fn answer_counted(
    decider: &BatchDecider<'_>,
    counted: CountedView<'_>,
    ids: &DeviceIdMap,
    draft: &DeviceDraft,
    fills_user: bool,
) -> Result<Result<DeviceResult, IdReused>, IngestError> {
    let stored;
    let (event, result) = match counted {
        CountedView::Stored(held) => {
            stored = stored_v1::decode(&held.record).ok();
            (stored.as_ref(), stored_result(&held.decision, held.seq))
        }
        CountedView::Row(row) => {
            let new = &decider.rows[row];
            (new.event.as_deref(), Ok(record_result(&decider.decisions[row], new.seq)))
        }
    };
    match event.filter(|event| same(ids, draft, event, fills_user)) {
        Some(event) => Ok(Ok(DeviceResult { result: result?, entity_id: event.content.entity_id.clone() })),
        None => Ok(Err(IdReused(draft.id))),
    }
}

/// Whether a sealed event is the one that a device sends again. What central fills in is not compared, because it may
/// have changed since: the base version, where the device names none and central derives it from the device's last
/// synchronisation; the schema version, which is the newest that central knows; the user, if the access token says who that is;
/// and ids that central has assigned, together with which entity a replaced id means. Payloads are compared in their RFC 8785
/// form: a device that stores objects may write them in another order the second time.
fn same(ids: &DeviceIdMap, sent: &DeviceDraft, sealed: &Event, fills_user: bool) -> bool {
    let is = |sent: Content, sealed: Content| {
        let same_payload = is_same_json(&sent.payload, &sealed.payload);
        let (base_version, schema_version) = (sealed.base_version, sealed.schema_version);
        let user = if fills_user { sealed.user.clone() } else { sent.user.clone() };
        same_payload
            && Content { base_version, schema_version, user, payload: sealed.payload.clone(), ..sent } == sealed
    };
    let (sent_content, sealed_content) = (&sent.content, &sealed.content);
    sent.occurred_at == sealed.occurred_at
        && (is(sent_content.clone(), sealed_content.clone())
            || is(ids.restored(sent_content), ids.restored(sealed_content)))
}

fn is_same_json(left: &[u8], right: &[u8]) -> bool {
    let form = |bytes| canonical(std::str::from_utf8(bytes).ok()?);
    left == right || form(left).is_some_and(|left| form(right) == Some(left))
}
