//! Events of a device that keeps no chain of its own: a phone of the mobile contract, a desktop of the other. Central
//! seals them into a log that it keeps for the device, and decides them as that device's, in the same batch and by the
//! same rules as a node's push.
//!
//! Nothing is refused for what it says: a payload that does not fit its schema is sealed and quarantined, as in a push.
//! Only an id that counts already with other content is refused, since two events cannot have one id.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use comptoir_core::clock::ClockHistory;
use comptoir_core::decision::{Code, Verdict};
use comptoir_core::event::{Content, Event, TimeSource};
use comptoir_core::fact::{Fact, Objection, ParsedEvent};
use comptoir_core::id::{EventId, Name, NodeId};
use comptoir_core::position::{Epoch, Seq};
use comptoir_core::state::{Entity, EntityKey};
use comptoir_core::time::Timestamp;
use comptoir_proto::canonical_json::canonical;
use comptoir_proto::{payload, stored_v1};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use super::answer::{DeviceResult, record_result, stored_result};
use super::decide::{BatchDecider, CountedView, IncomingBody};
use super::error::{IdReused, IngestError};
use crate::event_store::{AssignedId, Resend};
use crate::restore_window;
use crate::tenant::Tenant;

/// How deep a payload is searched for ids: as deep as JSON is read anywhere here.
const DEPTH_MAX: usize = 128;

/// The action of a log's first record, and of no other.
const EPOCH_OPENED: &str = "EPOCH_OPENED";

/// Events of one request of one device, in its order.
#[derive(Debug)]
pub(crate) struct DeviceDrafts {
    /// The node of the log that central keeps for the device.
    pub(crate) node: NodeId,
    /// The contract and name of the device, for the record that opens its log.
    pub(crate) opened_for: String,
    /// Central's own public key, because central seals these events.
    pub(crate) public_key: [u8; 32],
    /// The device's clock minus central's, as far as the request shows it.
    pub(crate) clock_offset_micros: i64,
    pub(crate) drafts: Vec<DeviceDraft>,
}

/// One event as the device sent it.
#[derive(Clone, Debug)]
pub(crate) struct DeviceDraft {
    pub(crate) id: EventId,
    /// By the device's clock.
    pub(crate) occurred_at: Timestamp,
    pub(crate) content: Content,
    pub(crate) reading: PayloadReading,
    /// The entity's id on the device, where the contract lets central assign another.
    pub(crate) client_id: Option<String>,
    /// Whether it means the entity that has that id at central, not the device's own entity of that id.
    pub(crate) belongs_to_other: bool,
    /// Entities of others, by type and id, that its payload names by ids which central has replaced for the device's own
    /// entities.
    pub(crate) others: BTreeSet<(String, String)>,
    /// Whether the device may have been given the entity's row since it made the event: the row then took the place of what the
    /// event had written into the device's table.
    pub(crate) row_given_since: bool,
    /// Subtracted from `occurred_at` to get the effective time.
    pub(crate) clock_offset_micros: i64,
}

/// What could be read of a payload.
#[derive(Clone, Debug)]
pub(crate) enum PayloadReading {
    /// Everything; an objection is what the event is quarantined for.
    Fact(Fact, Option<Objection>),
    /// It does not fit its schema: the event is quarantined.
    Unfit(Code, String),
}

impl PayloadReading {
    pub(crate) fn of(content: &Content) -> PayloadReading {
        match payload::read_fact(&content.entity_type, &content.action, content.schema_version, &content.payload) {
            Ok((fact, objection)) => PayloadReading::Fact(fact, objection),
            Err(error) => PayloadReading::Unfit(error.code, error.to_string()),
        }
    }
}

/// The ids that central has assigned in place of a device's own.
#[derive(Debug, Default)]
pub(crate) struct DeviceIdMap {
    known: HashMap<(Name, String), Name>,
    /// Assigned in this batch: to be stored.
    pub(crate) assigned: Vec<AssignedId>,
}

impl DeviceIdMap {
    /// Of the ids that earlier batches have assigned.
    pub(crate) fn new(known: Vec<AssignedId>) -> DeviceIdMap {
        let known = known.into_iter().map(|id| ((id.entity_type, id.client_id), id.server_id)).collect();
        DeviceIdMap { known, assigned: Vec::new() }
    }

    fn assign(&mut self, entity_type: &Name, client_id: &str, server_id: Name) {
        let key = (entity_type.clone(), client_id.to_owned());
        if self.known.insert(key, server_id.clone()).is_none() {
            let (entity_type, client_id) = (entity_type.clone(), client_id.to_owned());
            self.assigned.push(AssignedId { entity_type, client_id, server_id });
        }
    }

    fn get(&self, entity_type: &Name, client_id: &str) -> Option<&Name> {
        self.known.get(&(entity_type.clone(), client_id.to_owned()))
    }

    /// The draft with central's ids in place of the device's: its own entity's, and those that its payload refers to.
    fn follow<'d>(&self, draft: &'d DeviceDraft) -> Cow<'d, DeviceDraft> {
        let Some(client_id) = draft.client_id.as_deref().filter(|_| !self.known.is_empty()) else {
            return Cow::Borrowed(draft);
        };
        let mut followed = draft.clone();
        let own = Some(&draft.content.entity_type).filter(|_| !draft.belongs_to_other);
        if let Some(server_id) = own.and_then(|own| self.get(own, client_id)) {
            followed.content.entity_id = server_id.clone();
        }
        let text = std::str::from_utf8(&draft.content.payload).unwrap_or_default();
        if let Some(renamed) = self.rename(text, own, &draft.others, DEPTH_MAX) {
            followed.content.payload = renamed.get().as_bytes().to_vec();
            followed.reading = PayloadReading::of(&followed.content);
        }
        Cow::Owned(followed)
    }

    /// The content with every replaced id in its new form, regardless of whose entity it meant.
    fn replaced(&self, content: &Content) -> Content {
        let own = &content.entity_type;
        let entity_id = self.get(own, content.entity_id.as_str()).unwrap_or(&content.entity_id).clone();
        let text = std::str::from_utf8(&content.payload).unwrap_or_default();
        let renamed = self.rename(text, Some(own), &BTreeSet::new(), DEPTH_MAX);
        let payload = renamed.map_or_else(|| content.payload.clone(), |renamed| renamed.get().as_bytes().to_vec());
        Content { entity_id, payload, ..content.clone() }
    }

    /// Replaces ids in fields that name an entity: `id` of the payload itself, `studentId`, `student_id`, `studentIds` of
    /// a STUDENT. Nothing where there are none. Every other value keeps the bytes of its writer: a number read and
    /// written again may be another number.
    fn rename(
        &self,
        text: &str,
        own: Option<&Name>,
        others: &BTreeSet<(String, String)>,
        depth: usize,
    ) -> Option<Box<RawValue>> {
        let depth = depth.checked_sub(1)?;
        let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) else {
            return each(text, |value| self.rename(value, None, others, depth));
        };
        let nobody_s = BTreeSet::new();
        let mut renamed = false;
        let mut new = BTreeMap::new();
        for (field, value) in fields {
            let (entity_type, others_here) = match (field.as_str(), own) {
                ("id", Some(own)) => (Some(own.clone()), &nobody_s),
                _ => (referred_type(&field), others),
            };
            let changed = match entity_type {
                Some(entity_type) => self.rename_ids(value.get(), &entity_type, others_here, depth),
                None => self.rename(value.get(), None, others, depth),
            };
            renamed |= changed.is_some();
            new.insert(field, changed.map_or(Cow::Borrowed(value), Cow::Owned));
        }
        renamed.then(|| to_raw_value(&new).ok()).flatten()
    }

    fn rename_ids(
        &self,
        text: &str,
        entity_type: &Name,
        others: &BTreeSet<(String, String)>,
        depth: usize,
    ) -> Option<Box<RawValue>> {
        let depth = depth.checked_sub(1)?;
        match serde_json::from_str::<String>(text) {
            Ok(id) => {
                let server_id = self.get(entity_type, &id)?;
                let belongs_to_other = others.contains(&(entity_type.to_string(), id));
                (!belongs_to_other).then(|| to_raw_value(server_id.as_str()).ok()).flatten()
            }
            Err(_) => each(text, |value| self.rename_ids(value, entity_type, others, depth)),
        }
    }
}

/// A list with some of its values changed; nothing where none is, or it is no list.
fn each(text: &str, change: impl Fn(&str) -> Option<Box<RawValue>>) -> Option<Box<RawValue>> {
    let values: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let mut changed = false;
    let new: Vec<Cow<'_, RawValue>> = values
        .into_iter()
        .map(|value| match change(value.get()) {
            Some(new) => {
                changed = true;
                Cow::Owned(new)
            }
            None => Cow::Borrowed(value),
        })
        .collect();
    changed.then(|| to_raw_value(&new).ok()).flatten()
}

/// The entity type that a payload's field refers to by id: `academicYearId`, `academic_year_id` and `academicYearIds` are
/// ACADEMIC_YEAR.
fn referred_type(field: &str) -> Option<Name> {
    let stem = ["Ids", "_ids", "Id", "_id"].into_iter().find_map(|end| field.strip_suffix(end))?;
    let mut name = String::with_capacity(stem.len() + 4);
    for (index, character) in stem.chars().enumerate() {
        if character.is_uppercase() && index > 0 {
            name.push('_');
        }
        name.extend(character.to_uppercase());
    }
    Name::new(name).ok()
}

/// The id that central assigns in place of a device's own: the same at every attempt.
pub(crate) fn server_id(node: NodeId, entity_type: &Name, client_id: &str) -> Name {
    let id = EventId::new(node.uuid()).derived(&format!("entity/{entity_type}/{client_id}"));
    Name::new(id.to_string()).expect("a UUID is a valid name")
}

impl DeviceDrafts {
    /// The drafts as the rules see them, before they have a seq: for what has to be loaded. An entity that is created is
    /// included under its own id and under the id that central would assign.
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
            let other = other.map(|client_id| server_id(self.node, &draft.content.entity_type, client_id));
            [known(&ids.follow(draft), None), other.and_then(|other| known(draft, Some(other)))]
        };
        self.drafts.iter().flat_map(both).flatten().collect()
    }

    /// The ids that may count already, including those of events that do not read.
    pub(crate) fn event_ids(&self) -> impl Iterator<Item = EventId> {
        self.drafts.iter().map(|draft| draft.id)
    }

    /// Whether any of the events has to wait for the restore window to close.
    pub(super) fn must_wait_for_restore(&self) -> bool {
        self.drafts.iter().any(|draft| match &draft.reading {
            PayloadReading::Fact(fact, _) => restore_window::must_wait_for_restore(fact),
            PayloadReading::Unfit(..) => false,
        })
    }

    /// Seals and decides the new events, and answers those that are known.
    pub(super) fn decide(
        &self,
        decider: &mut BatchDecider<'_>,
        ids: &mut DeviceIdMap,
    ) -> Result<Vec<Result<DeviceResult, IdReused>>, IngestError> {
        let log = decider.devices().get(&self.node);
        if log.is_some_and(|log| log.last_seq == Seq::ZERO) {
            self.open_log(decider)?;
        }
        self.drafts.iter().map(|draft| self.decide_one(decider, ids, draft)).collect()
    }

    fn decide_one(
        &self,
        decider: &mut BatchDecider<'_>,
        ids: &mut DeviceIdMap,
        draft: &DeviceDraft,
    ) -> Result<Result<DeviceResult, IdReused>, IngestError> {
        if let Some(counted) = decider.counted(draft.id) {
            return answer_counted(decider, counted, ids, draft);
        }
        let mut followed = ids.follow(draft);
        if let Some(client_id) = draft.client_id.as_ref().filter(|_| !draft.belongs_to_other) {
            let entity_type = &draft.content.entity_type;
            let unfit_id = draft.content.entity_id.as_str() != client_id;
            if unfit_id || self.is_taken(decider, &followed) {
                ids.assign(entity_type, client_id, server_id(self.node, entity_type, client_id));
                followed = ids.follow(draft);
            }
        }
        let followed = followed.into_owned();
        let entity_id = followed.content.entity_id.clone();
        let key = EntityKey { entity_type: followed.content.entity_type.clone(), entity_id: entity_id.clone() };
        let row_given_since = followed.row_given_since;
        let row = self.seal(decider, followed)?;
        if row_given_since {
            decider.resends.extend(self.resend(decider, row, key));
        }
        Ok(Ok(DeviceResult { result: record_result(&decider.decisions[row], decider.rows[row].seq), entity_id }))
    }

    /// The accepted change's row, if the device was ever given it: nobody is given a row that only they changed.
    fn resend(&self, decider: &BatchDecider<'_>, row: usize, key: EntityKey) -> Option<Resend> {
        let decision = &decider.decisions[row];
        let changed_by = &decider.decision_state.entities.get(&key)?.changed_by;
        let is_due =
            decision.judgement.verdict == Verdict::Accepted && changed_by.keys().any(|node| *node != self.node);
        is_due.then_some(Resend { node: self.node, key, position: decision.position })
    }

    /// Whether an entity that the device creates has the id of another node's entity. An entity that was deleted counts
    /// as another's too, unless the device has seen the deletion.
    fn is_taken(&self, decider: &BatchDecider<'_>, draft: &DeviceDraft) -> bool {
        let PayloadReading::Fact(Fact::Created(_), _) = &draft.reading else { return false };
        let key =
            EntityKey { entity_type: draft.content.entity_type.clone(), entity_id: draft.content.entity_id.clone() };
        let entity = decider.decision_state.entities.get(&key);
        let base = draft.content.base_version.unwrap_or_default();
        let unseen = |entity: &Entity| {
            entity.changed_by.iter().any(|(other, position)| *other != self.node && position.0 > base)
        };
        let of_another = |entity: &Entity| entity.created.is_none_or(|created| created.node != self.node);
        let is_other = |entity: &Entity| if entity.deleted { unseen(entity) } else { of_another(entity) };
        entity.is_some_and(|entity| entity.is_known() && is_other(entity))
    }

    fn seal(&self, decider: &mut BatchDecider<'_>, draft: DeviceDraft) -> Result<usize, IngestError> {
        let body = |event: Event| match draft.reading {
            PayloadReading::Fact(fact, objection) => {
                IncomingBody::Owned(Box::new(ParsedEvent { event, fact, objection }))
            }
            PayloadReading::Unfit(code, detail) => IncomingBody::OwnedUnfit { event: Box::new(event), code, detail },
        };
        let stamped = (draft.occurred_at, TimeSource::Node);
        let clock = ClockHistory::new(&[], Some(draft.clock_offset_micros), Timestamp::MAX);
        Ok(decider.seal_for(self.node, draft.id, stamped, draft.content, &clock, body)?)
    }

    /// Seals the first record of the log. It says that central seals the log, and for which device.
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
        let body =
            |event| IncomingBody::Owned(Box::new(ParsedEvent { event, fact: Fact::EpochOpened, objection: None }));
        decider.seal_for(self.node, id, at, content, &ClockHistory::default(), body)?;
        Ok(())
    }
}

/// Answers an event whose id counts already: from its record, where that has the same content.
fn answer_counted(
    decider: &BatchDecider<'_>,
    counted: CountedView<'_>,
    ids: &DeviceIdMap,
    draft: &DeviceDraft,
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
    match event.filter(|event| same(ids, draft, event)) {
        Some(event) => Ok(Ok(DeviceResult { result: result?, entity_id: event.content.entity_id.clone() })),
        None => Ok(Err(IdReused(draft.id))),
    }
}

/// Whether a sealed event is the one that a device sends again. What central fills in is not compared, because it may
/// have changed since: the base version, where the device names none and central derives it from the device's last
/// synchronisation; the schema version, which is the newest that central knows; and ids that central has assigned,
/// together with whose entity a replaced id means. Payloads are compared in their RFC 8785 form: a device that stores
/// objects may write them in another order the second time.
fn same(ids: &DeviceIdMap, sent: &DeviceDraft, sealed: &Event) -> bool {
    let is = |sent: Content, sealed: Content| {
        let same_payload = is_same_json(&sent.payload, &sealed.payload);
        let (base_version, schema_version) = (sealed.base_version, sealed.schema_version);
        same_payload && Content { base_version, schema_version, payload: sealed.payload.clone(), ..sent } == sealed
    };
    let (sent_content, sealed_content) = (&sent.content, &sealed.content);
    sent.occurred_at == sealed.occurred_at
        && (is(sent_content.clone(), sealed_content.clone())
            || is(ids.replaced(sent_content), ids.replaced(sealed_content)))
}

fn is_same_json(left: &[u8], right: &[u8]) -> bool {
    let form = |bytes| canonical(std::str::from_utf8(bytes).ok()?);
    left == right || form(left).is_some_and(|left| form(right) == Some(left))
}
