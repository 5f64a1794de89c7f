//! Deliveries: the first accepted validation wins, and later ones are answered with the first.

use crate::decision::{Code, DecisionContext, Flag, Judgement, Resolution, Verdict};
use crate::fact::{DeliveryOrder, ParsedEvent, Validation};
use crate::money::plain;
use crate::rulebook::Rule;
use crate::rules::{Effect, with_detail};
use crate::state::{DecisionState, Delivery, Validated};

/// Central orders a delivery once. A delivery known only by its validation is completed.
pub(super) fn decide_order(decision_state: &DecisionState, known: &ParsedEvent, rule: Rule) -> Judgement {
    let id = &known.event.content.entity_id;
    match decision_state.deliveries.get(id).and_then(|delivery| delivery.qr.as_ref().map(|_| delivery)) {
        Some(delivery) => {
            let detail = format!("delivery {id} exists: {} at position {}", delivery.reference, delivery.position);
            with_detail(Judgement::refused(Verdict::Conflict, Code::EntityExists, rule), detail)
        }
        None => Judgement::accepted(rule),
    }
}

/// Decides a driver's validation. `released`: a person has accepted a code that did not match.
pub(super) fn decide_validation(
    decision_state: &DecisionState,
    known: &ParsedEvent,
    validation: &Validation,
    released: bool,
    rule: Rule,
) -> Judgement {
    let id = &known.event.content.entity_id;
    let Some(delivery) = decision_state.deliveries.get(id) else {
        return Judgement { flags: vec![Flag::UnknownReference], ..Judgement::accepted(rule) };
    };
    if let Some(first) = &delivery.validation {
        let resolution = Some(discard_local(first));
        return Judgement { resolution, ..Judgement::refused(Verdict::Conflict, Code::AlreadyValidated, rule) };
    }
    if !released && delivery.qr.as_ref().is_some_and(|qr| *qr != validation.qr) {
        // The right code is not disclosed: it would let the next guess pass.
        let detail = format!("the code {:?} is not that of delivery {id}", validation.qr);
        return with_detail(Judgement::refused(Verdict::Quarantined, Code::QrMismatch, rule), detail);
    }
    Judgement::accepted(rule)
}

pub(super) fn order_effects(context: &DecisionContext, known: &ParsedEvent, order: &DeliveryOrder) -> Vec<Effect> {
    let id = known.event.content.entity_id.clone();
    vec![Effect::DeliveryCreated { id, order: order.clone(), position: context.position }]
}

pub(super) fn validation_effects(
    context: &DecisionContext,
    known: &ParsedEvent,
    validation: &Validation,
) -> Vec<Effect> {
    let coordinates = validation.latitude.zip(validation.longitude);
    let validated = Validated {
        event: known.event.id,
        user: known.event.content.user.clone(),
        node: known.event.node,
        at: validation.validated_at,
        place: coordinates.map(|(latitude, longitude)| format!("{},{}", plain(latitude), plain(longitude))),
        signature_hash: validation.signature_hash.clone(),
        position: context.position,
    };
    vec![Effect::DeliveryValidated { id: known.event.content.entity_id.clone(), validated }]
}

/// Applies an order. A validation that arrived before it is kept.
pub(super) fn evolve_order(delivery: &mut Delivery, order: &DeliveryOrder) {
    delivery.reference.clone_from(&order.reference);
    delivery.client.clone_from(&order.client);
    delivery.total_minor = order.total_minor;
    delivery.qr = Some(order.qr.clone());
    delivery.assigned_to.clone_from(&order.assigned_to);
}

fn discard_local(first: &Validated) -> Resolution {
    Resolution::DiscardLocal {
        event: first.event,
        user: first.user.clone(),
        node: first.node,
        at: first.at,
        place: first.place.clone(),
    }
}
