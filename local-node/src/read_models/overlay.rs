//! Applies pending events to a row of central's with core's own functions, in log order.
//!
//! An event that central has decided is applied as decided. Other events are decided here provisionally, as far as the row
//! allows. The shown version stays central's.

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
    /// Central's decision, if the row does not include it yet.
    pub(crate) decision: Option<RecordResult>,
}

/// The pending events of a row, and the rulebook central will decide them by.
pub(crate) struct Overlay {
    pub(crate) events: Vec<PendingOnRow>,
    pub(crate) rulebook: Rulebook,
}

impl Overlay {
    fn decision_state(&self) -> DecisionState {
        DecisionState { rulebook: self.rulebook.clone(), ..DecisionState::default() }
    }
}

/// An entity with its pending events; `None` if neither central nor they know it.
pub(crate) fn entity(row: Option<EntityRow>, key: &EntityKey, over: &Overlay) -> Option<EntityRow> {
    let mut decision_state = over.decision_state();
    if let Some(row) = &row {
        decision_state.entities.insert(key.clone(), read_entity(row)?);
    }
    let last = apply_events(&mut decision_state, &over.events);
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

/// Why an edit of the shown entity would make it too large for central.
pub(crate) fn grown(row: Option<&EntityRow>, key: &EntityKey, fact: &Fact) -> Option<String> {
    rules::grown(key, row.and_then(read_entity).as_ref(), fact)
}

/// A delivery with its pending validations.
pub(crate) fn delivery(row: Option<DeliveryRow>, id: &Name, over: &Overlay) -> Option<DeliveryRow> {
    let mut decision_state = over.decision_state();
    if let Some(row) = &row {
        decision_state.deliveries.insert(id.clone(), read_delivery(row));
    }
    apply_events(&mut decision_state, &over.events);
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

/// An invoice with its pending events. Its numbers are central's: empty until central has given them.
pub(crate) fn invoice(row: Option<InvoiceRow>, id: &Name, over: &Overlay) -> Option<InvoiceRow> {
    let mut decision_state = over.decision_state();
    if let Some(held) = row.as_ref().and_then(read_invoice) {
        decision_state.invoices.insert(id.clone(), held);
    }
    apply_events(&mut decision_state, &over.events);
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

/// Applies events and returns the last one that changed something.
fn apply_events<'a>(decision_state: &mut DecisionState, events: &'a [PendingOnRow]) -> Option<&'a ParsedEvent> {
    let mut last = None;
    for (pending, nth) in events.iter().zip(1..) {
        // Above every version of central's; only its presence matters.
        let context = decision_context(&pending.known, Position(u64::MAX / 2 + nth));
        for effect in effects(decision_state, &context, pending) {
            rules::evolve(decision_state, &effect);
            last = Some(&pending.known);
        }
    }
    last
}

fn effects(decision_state: &DecisionState, context: &DecisionContext, pending: &PendingOnRow) -> Vec<Effect> {
    let known = &pending.known;
    // The original event's effect is in the row or will arrive with it: this one is decided as if it had no decision.
    let Some(decision) = pending.decision.as_ref().filter(|decision| !is_again(decision)) else {
        // Only central assigns numbers.
        let judgement = Judgement { reference: None, ..rules::decide(decision_state, context, known) };
        // Only central opens conflicts and quarantines.
        return if judgement.verdict == Verdict::Accepted {
            rules::effects(decision_state, context, known, &judgement)
        } else {
            Vec::new()
        };
    };
    if decision.verdict == Verdict::Accepted.as_str() {
        let rule = decision_state.rulebook.rule_for(&known.event.content.entity_type);
        let judgement = Judgement { reference: decision.reference.clone(), ..Judgement::accepted(rule) };
        return rules::effects(decision_state, context, known, &judgement);
    }
    first_was(known, decision).into_iter().collect()
}

/// Another validation was first: the decision names it before the row does.
fn first_was(known: &ParsedEvent, decision: &RecordResult) -> Option<Effect> {
    let resolution = decision.resolution.as_ref()?.to_string();
    let Resolution::DiscardLocal { event, user, node, at, place } = resolution_from_json(resolution.as_bytes())? else {
        return None;
    };
    let validated = Validated { event, user, node, at, place, signature_hash: None, position: Position::ZERO };
    Some(Effect::DeliveryValidated { id: known.event.content.entity_id.clone(), validated })
}

fn decision_context(known: &ParsedEvent, position: Position) -> DecisionContext {
    let at = known.event.occurred_at;
    DecisionContext { position, received_at: at, effective_at: at, local_year: 0, site_code: None, by_central: false }
}

fn read_entity(row: &EntityRow) -> Option<Entity> {
    let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(row.fields.get()).ok()?;
    let conflicts: BTreeMap<Uuid, Uuid> = serde_json::from_str(row.open_conflicts.get()).ok()?;
    // Writers and times are central's to compare: here a new write ranks above the present fields.
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
        // Assigned by central.
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
