//! A row of central's with events of this log over it: core's own functions, applied in the log's order.
//!
//! What central has decided already is applied as decided; the rest is judged here for what it would do, as far as the row says.
//! The version that is shown stays central's.

use comptoir_core::decision::{DecisionContext, Judgement, Resolution, Verdict};
use comptoir_core::fact::{Fact, ParsedEvent};
use comptoir_core::id::{EventId, Name, NodeId, SiteId};
use comptoir_core::money::Currency;
use comptoir_core::position::Position;
use comptoir_core::rulebook::Rulebook;
use comptoir_core::rules::{self, Effect};
use comptoir_core::state::{DecisionState, Delivery, Entity, EntityKey, Invoice, Validated, WriteStamp};
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_proto::read_v1::{DeliveryRow, EntityRow, InvoiceRow, ValidationRow};
use comptoir_proto::sync_v1::{RecordResult, resolution_from_json};
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::pending::is_again;

/// An event over a row.
pub(crate) struct PendingOnRow {
    pub(crate) known: ParsedEvent,
    /// What central decided and has not given back.
    pub(crate) decision: Option<RecordResult>,
}

/// What lies over a row, and by which rules central will judge it.
pub(crate) struct Overlay {
    pub(crate) events: Vec<PendingOnRow>,
    pub(crate) rulebook: Rulebook,
}

impl Overlay {
    fn decision_state(&self) -> DecisionState {
        DecisionState { rulebook: self.rulebook.clone(), ..DecisionState::default() }
    }
}

/// An entity with the events over it; nothing where neither central nor they know of it.
pub(crate) fn entity(row: Option<EntityRow>, key: &EntityKey, over: &Overlay) -> Option<EntityRow> {
    let mut decision_state = over.decision_state();
    if let Some(row) = &row {
        decision_state.entities.insert(key.clone(), read_entity(row)?);
    }
    let last = lay(&mut decision_state, &over.events);
    let entity = decision_state.entities.get(key).filter(|entity| entity.is_known());
    let Some(entity) = entity else { return row };
    let raw = |text: &String| RawValue::from_string(text.clone()).ok();
    let fields: BTreeMap<&String, Option<Box<RawValue>>> =
        entity.fields.iter().map(|(name, text)| (name, raw(text))).collect();
    let fields = to_raw_value(&fields).ok()?;
    let shown = match row {
        Some(row) => EntityRow { fields, deleted: entity.deleted, ..row },
        None => EntityRow {
            entity_type: key.entity_type.to_string(),
            id: key.entity_id.to_string(),
            version: 0,
            deleted: entity.deleted,
            fields,
            open_conflicts: RawValue::from_string("{}".to_owned()).ok()?,
            updated_by: None,
            updated_node: None,
            updated_at: None,
        },
    };
    Some(match last {
        None => shown,
        Some(ParsedEvent { event, .. }) => EntityRow {
            updated_by: event.content.user.as_ref().map(Name::to_string),
            updated_node: Some(event.node.uuid()),
            updated_at: Some(instant::format(event.occurred_at)),
            ..shown
        },
    })
}

/// What stands against an edit of what is shown: it would make an entity that central does not take.
pub(crate) fn grown(row: Option<&EntityRow>, key: &EntityKey, fact: &Fact) -> Option<String> {
    rules::grown(key, row.and_then(read_entity).as_ref(), fact)
}

/// A delivery with the validations over it.
pub(crate) fn delivery(row: Option<DeliveryRow>, id: &Name, over: &Overlay) -> Option<DeliveryRow> {
    let mut decision_state = over.decision_state();
    if let Some(row) = &row {
        decision_state.deliveries.insert(id.clone(), read_delivery(row));
    }
    lay(&mut decision_state, &over.events);
    let validation = decision_state.deliveries.get(id).and_then(|delivery| delivery.validation.as_ref());
    let mut row = match row {
        Some(row) => row,
        None => DeliveryRow {
            id: id.to_string(),
            version: 0,
            reference: String::new(),
            client: String::new(),
            total_minor: None,
            qr: None,
            assigned_to: None,
            validation: None,
        },
    };
    if row.validation.is_none() {
        row.validation = validation.map(validation_row);
    }
    (row.version > 0 || row.validation.is_some()).then_some(row)
}

/// An invoice with the events over it. Its numbers are central's: empty until central has given them.
pub(crate) fn invoice(row: Option<InvoiceRow>, id: &Name, over: &Overlay) -> Option<InvoiceRow> {
    let mut decision_state = over.decision_state();
    if let Some(held) = row.as_ref().and_then(read_invoice) {
        decision_state.invoices.insert(id.clone(), held);
    }
    lay(&mut decision_state, &over.events);
    let Some(invoice) = decision_state.invoices.get(id) else { return row };
    let credit_note = invoice.credit_note.clone().filter(|number| !number.is_empty());
    Some(match row {
        Some(row) => InvoiceRow { credit_note: credit_note.or(row.credit_note), ..row },
        None => InvoiceRow {
            id: id.to_string(),
            version: 0,
            site: invoice.site.map(SiteId::uuid),
            reference: invoice.reference.clone(),
            provisional_reference: invoice.provisional_reference.clone(),
            credit_note,
            client: invoice.client.to_string(),
            currency: invoice.currency.as_str().to_owned(),
            total_minor: invoice.total_minor,
            due_on: invoice.due_on.clone(),
            event_id: invoice.event.uuid(),
        },
    })
}

/// Applies events, and answers which of them changed something last.
fn lay<'a>(decision_state: &mut DecisionState, events: &'a [PendingOnRow]) -> Option<&'a ParsedEvent> {
    let mut last = None;
    for (laid, nth) in events.iter().zip(1..) {
        // Above every version of central's: only its being there is looked at.
        let place = place(&laid.known, Position(u64::MAX / 2 + nth));
        for effect in effects(decision_state, &place, laid) {
            rules::evolve(decision_state, &effect);
            last = Some(&laid.known);
        }
    }
    last
}

fn effects(decision_state: &DecisionState, place: &DecisionContext, laid: &PendingOnRow) -> Vec<Effect> {
    let known = &laid.known;
    // What the first of two said is in the row, or on its way here: it is judged as if nothing had been said.
    let Some(decision) = laid.decision.as_ref().filter(|decision| !is_again(decision)) else {
        // A number is central's to give.
        let judgement = Judgement { reference: None, ..rules::decide(decision_state, place, known) };
        // What opens a conflict or a quarantine is for central to say.
        return if judgement.verdict == Verdict::Accepted {
            rules::effects(decision_state, place, known, &judgement)
        } else {
            Vec::new()
        };
    };
    if decision.verdict == Verdict::Accepted.as_str() {
        let rule = decision_state.rulebook.rule_for(&known.event.content.entity_type);
        let judgement = Judgement { reference: decision.reference.clone(), ..Judgement::accepted(rule) };
        return rules::effects(decision_state, place, known, &judgement);
    }
    first_was(known, decision).into_iter().collect()
}

/// Another validation stands: the decision says whose, before the row does.
fn first_was(known: &ParsedEvent, decision: &RecordResult) -> Option<Effect> {
    let resolution = decision.resolution.as_ref()?.to_string();
    let Resolution::DiscardLocal { event, user, node, at, place } = resolution_from_json(resolution.as_bytes())? else {
        return None;
    };
    let validated = Validated { event, user, node, at, place, signature_hash: None, position: Position::ZERO };
    Some(Effect::DeliveryValidated { id: known.event.content.entity_id.clone(), validated })
}

fn place(known: &ParsedEvent, position: Position) -> DecisionContext {
    let at = known.event.occurred_at;
    DecisionContext { position, received_at: at, effective_at: at, local_year: 0, site_code: None, by_central: false }
}

fn read_entity(row: &EntityRow) -> Option<Entity> {
    let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(row.fields.get()).ok()?;
    let conflicts: BTreeMap<Uuid, Uuid> = serde_json::from_str(row.open_conflicts.get()).ok()?;
    // Who wrote what and when is central's to weigh: here what was just written stands above what was there.
    let oldest = WriteStamp::OLDEST;
    Some(Entity {
        version: Position(row.version),
        fields: fields.into_iter().map(|(name, value)| (name, value.get().to_owned())).collect(),
        created: (!row.deleted).then_some(oldest),
        tombstone: row.deleted.then_some(oldest),
        deleted: row.deleted,
        open_conflicts: conflicts.into_iter().map(|(node, event)| (NodeId::new(node), EventId::new(event))).collect(),
        ..Entity::default()
    })
}

fn read_delivery(row: &DeliveryRow) -> Delivery {
    let validation = row.validation.as_ref().map(|first| Validated {
        event: EventId::new(first.event_id),
        user: first.user.as_deref().and_then(|user| Name::new(user).ok()),
        node: NodeId::new(first.node.unwrap_or_default()),
        at: first.at.as_deref().and_then(instant::parse).unwrap_or(Timestamp::MIN),
        place: first.place.clone(),
        signature_hash: first.signature_hash.clone(),
        position: Position(first.position.unwrap_or_default()),
    });
    Delivery {
        reference: row.reference.clone(),
        client: row.client.clone(),
        total_minor: row.total_minor,
        qr: row.qr.clone(),
        assigned_to: row.assigned_to.as_deref().and_then(|user| Name::new(user).ok()),
        validation,
        position: Position(row.version),
    }
}

fn validation_row(first: &Validated) -> ValidationRow {
    ValidationRow {
        event_id: first.event.uuid(),
        user: first.user.as_ref().map(Name::to_string),
        node: Some(first.node.uuid()),
        at: Some(instant::format(first.at)),
        place: first.place.clone(),
        signature_hash: first.signature_hash.clone(),
        // Central's to give.
        position: None,
    }
}

fn read_invoice(row: &InvoiceRow) -> Option<Invoice> {
    Some(Invoice {
        event: EventId::new(row.event_id),
        site: row.site.map(SiteId::new),
        client: Name::new(&row.client).ok()?,
        currency: Currency::parse(&row.currency)?,
        total_minor: row.total_minor,
        due_on: row.due_on.clone(),
        reference: row.reference.clone(),
        provisional_reference: row.provisional_reference.clone(),
        credit_note: row.credit_note.clone(),
        position: Position(row.version),
    })
}
