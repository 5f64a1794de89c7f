//! The rules. `decide` reads the state and never changes it; `effects` lists what follows from an event and its decision;
//! `evolve` applies that. Ingest runs all three; a rebuild takes the stored decision and runs the last two.
//!
//! Goods, deliveries and invoices follow the same rules under every rulebook (`stock`, `delivery`, `invoice`). `CREATE`, `UPDATE`
//! and `DELETE` go to the rule that the rulebook names for their entity type: `client` (last-writer-wins) or `entity` (the
//! version check and the rules built on it). `growth` refuses edits that make an entity too large, `quarantine` decides an event
//! again when a person releases it, and `precheck` lists the outcomes that need no rule.
//!
//! A store loads the keys of [`keys_needed()`] and [`dependent_keys`], folds its batch, and writes the keys of
//! [`Effect::writes`].

mod client;
mod delivery;
mod effect;
mod entity;
mod growth;
mod invoice;
mod precheck;
mod prior_decision;
mod quarantine;
mod references;
mod state_keys;
mod stock;

#[cfg(test)]
mod tests;

pub use effect::{Cost, Direction, Effect, EntityChange, EntityMutation, Movement, evolve};
pub use growth::grown;
pub use precheck::Precheck;
pub use prior_decision::{PriorDecision, decide_prior};
pub use state_keys::{dependent_keys, keys_needed};

use crate::decision::{Code, DecisionContext, Judgement, Verdict};
use crate::fact::{Fact, ParsedEvent};
use crate::id::Name;
use crate::rulebook::Rule;
use crate::state::{DecisionState, Entity, EntityKey, WriteStamp};

/// Version of the rules, stored with each decision. A release raises it when the same log could be decided differently.
pub const ENGINE_VERSION: u16 = 1;

/// Entity types with a read model of their own. They are not made of fields, so `CREATE`, `UPDATE` and `DELETE` do not apply.
const OWN_ACTIONS: [&str; 3] = ["STOCK", "DELIVERY", "INVOICE"];

/// Decides one event.
pub fn decide(decision_state: &DecisionState, context: &DecisionContext, known: &ParsedEvent) -> Judgement {
    judge(decision_state, context, known, false)
}

/// The effects of an event and its decision. Events that were not accepted have none, except for the entries of conflicts and
/// quarantine.
pub fn effects(
    decision_state: &DecisionState,
    context: &DecisionContext,
    known: &ParsedEvent,
    judgement: &Judgement,
) -> Vec<Effect> {
    match (judgement.verdict, &known.fact) {
        (Verdict::Rejected | Verdict::Duplicate, _) => Vec::new(),
        (Verdict::Quarantined, _) => vec![quarantine::quarantine(context, known)],
        (_, Fact::QuarantineReleased { event }) => quarantine::effects(decision_state, context, *event, judgement),
        (Verdict::Accepted, _) => accepted(decision_state, context, known, judgement),
        (Verdict::Conflict, Fact::Created(_) | Fact::Updated(_) | Fact::Deleted) => {
            entity::conflict_effects(decision_state, context, known, judgement.rule)
        }
        (Verdict::Conflict | Verdict::Superseded, _) => Vec::new(),
    }
}

/// Decides an event. `released`: a person has accepted it despite any objection to its payload.
fn judge(decision_state: &DecisionState, context: &DecisionContext, known: &ParsedEvent, released: bool) -> Judgement {
    let objected = || if released { None } else { objected(decision_state, known) };
    let refused = refused_to_a_node(decision_state, context, known).or_else(objected);
    let judgement = refused.unwrap_or_else(|| judge_fact(decision_state, context, known, released));
    growth::refusal(decision_state, context, known, &judgement).unwrap_or(judgement)
}

/// Decides by the fact, if its writer may write it.
fn judge_fact(
    decision_state: &DecisionState,
    context: &DecisionContext,
    known: &ParsedEvent,
    released: bool,
) -> Judgement {
    let rule = rule_of(decision_state, known);
    match &known.fact {
        Fact::EpochOpened
        | Fact::ClockChanged(_)
        | Fact::AuditRecorded
        | Fact::TrainingSaleRecorded(_)
        | Fact::TillOpened
        | Fact::CashMoved
        | Fact::TillClosed
        | Fact::InvoiceReferenceAssigned
        | Fact::RulebookAdopted(_)
        | Fact::CentralRestored
        | Fact::SecurityRecorded
        | Fact::IdentityChanged => Judgement::accepted(rule),
        Fact::SaleRecorded(_)
        | Fact::SaleRefunded(_)
        | Fact::SaleCancelled(_)
        | Fact::RevenueAdjusted(_)
        | Fact::GoodsReceived(_)
        | Fact::GoodsReturned(_)
        | Fact::ProductionValidated(_)
        | Fact::StockWrittenOff(_)
        | Fact::StockCounted(_)
        | Fact::StockAdjusted(_) => stock::decide(decision_state, context, known, rule),
        Fact::StockCountAccepted { count } => stock::decide_acceptance(decision_state, context, known, *count, rule),
        Fact::DeliveryCreated(_) => delivery::decide_order(decision_state, known, rule),
        Fact::DeliveryValidated(validation) => {
            delivery::decide_validation(decision_state, known, validation, released, rule)
        }
        Fact::InvoiceCreated(_) => invoice::decide_creation(decision_state, context, known, rule),
        Fact::InvoiceCancelled { invoice, .. } => {
            invoice::decide_cancellation(decision_state, context, known, invoice, rule)
        }
        Fact::Created(_) | Fact::Updated(_) | Fact::Deleted => judge_fields(decision_state, context, known, rule),
        Fact::ConflictResolved(resolved) => entity::decide_resolution(decision_state, known, resolved, rule),
        Fact::QuarantineReleased { event } => quarantine::decide(decision_state, context, *event, rule),
    }
}

/// Whether a type is not made of fields: its entities change by their own actions, under every rulebook.
pub fn has_own_actions(entity_type: &Name) -> bool {
    OWN_ACTIONS.contains(&entity_type.as_str())
}

/// `CREATE`, `UPDATE` and `DELETE`: the only place where the rulebook chooses.
fn judge_fields(
    decision_state: &DecisionState,
    context: &DecisionContext,
    known: &ParsedEvent,
    rule: Rule,
) -> Judgement {
    if has_own_actions(&known.event.content.entity_type) {
        return not_allowed(known, rule);
    }
    let entity = decision_state.entities.get(&EntityKey::of(known));
    match rule {
        Rule::AppendOnly => Judgement::accepted(rule),
        Rule::AcceptAssign => not_allowed(known, rule),
        Rule::LastWriterWins => client::decide(entity, known, stamp(context, known), rule),
        Rule::FirstWins => entity::decide_first_wins(entity, known, rule),
        Rule::CentralOnly if !context.by_central => Judgement::refused(Verdict::Rejected, Code::CentralOnly, rule),
        Rule::ServerWins if !context.by_central => {
            let resolution = entity.map(entity::server_entity);
            Judgement { resolution, ..Judgement::refused(Verdict::Superseded, Code::CentralOnly, rule) }
        }
        Rule::VersionCheck | Rule::CentralOnly | Rule::ServerWins => entity::decide(entity, known, rule),
    }
}

fn not_allowed(known: &ParsedEvent, rule: Rule) -> Judgement {
    let detail = format!("{} does not change by {}", known.event.content.entity_type, known.event.content.action);
    with_detail(Judgement::refused(Verdict::Rejected, Code::ActionNotAllowed, rule), detail)
}

/// Refuses facts that only central may write. An attempt to set stock is answered with central's figures.
fn refused_to_a_node(
    decision_state: &DecisionState,
    context: &DecisionContext,
    known: &ParsedEvent,
) -> Option<Judgement> {
    if context.by_central {
        return None;
    }
    let rule = rule_of(decision_state, known);
    match &known.fact {
        Fact::StockAdjusted(_) | Fact::StockCountAccepted { .. } => Some(stock::read_only(decision_state, known, rule)),
        Fact::Created(_) | Fact::Updated(_) | Fact::Deleted => {
            let sets_stock = known.event.content.entity_type.as_str() == "STOCK";
            sets_stock.then(|| stock::read_only(decision_state, known, rule))
        }
        Fact::ProductionValidated(_)
        | Fact::DeliveryCreated(_)
        | Fact::InvoiceReferenceAssigned
        | Fact::ConflictResolved(_)
        | Fact::QuarantineReleased { .. }
        | Fact::RulebookAdopted(_)
        | Fact::CentralRestored
        | Fact::SecurityRecorded
        | Fact::IdentityChanged => {
            let detail = format!("{} is written by central alone", known.event.content.action);
            Some(with_detail(Judgement::refused(Verdict::Rejected, Code::CentralOnly, rule), detail))
        }
        Fact::EpochOpened
        | Fact::ClockChanged(_)
        | Fact::SaleRecorded(_)
        | Fact::SaleRefunded(_)
        | Fact::SaleCancelled(_)
        | Fact::RevenueAdjusted(_)
        | Fact::GoodsReceived(_)
        | Fact::GoodsReturned(_)
        | Fact::StockWrittenOff(_)
        | Fact::StockCounted(_)
        | Fact::DeliveryValidated(_)
        | Fact::InvoiceCreated(_)
        | Fact::InvoiceCancelled { .. }
        | Fact::AuditRecorded
        | Fact::TrainingSaleRecorded(_)
        | Fact::TillOpened
        | Fact::CashMoved
        | Fact::TillClosed => None,
    }
}

/// The objection that reading the payload found.
fn objected(decision_state: &DecisionState, known: &ParsedEvent) -> Option<Judgement> {
    let objection = known.objection.as_ref()?;
    let judgement = Judgement::refused(Verdict::Quarantined, objection.code, rule_of(decision_state, known));
    Some(with_detail(judgement, objection.detail.clone()))
}

fn accepted(
    decision_state: &DecisionState,
    context: &DecisionContext,
    known: &ParsedEvent,
    judgement: &Judgement,
) -> Vec<Effect> {
    match &known.fact {
        Fact::EpochOpened
        | Fact::ClockChanged(_)
        | Fact::AuditRecorded
        | Fact::TrainingSaleRecorded(_)
        | Fact::TillOpened
        | Fact::CashMoved
        | Fact::TillClosed
        | Fact::InvoiceReferenceAssigned
        | Fact::RevenueAdjusted(_)
        | Fact::QuarantineReleased { .. }
        | Fact::CentralRestored
        | Fact::SecurityRecorded
        | Fact::IdentityChanged => Vec::new(),
        Fact::RulebookAdopted(rulebook) => vec![Effect::RulebookAdopted(rulebook.clone())],
        Fact::SaleRecorded(_)
        | Fact::SaleRefunded(_)
        | Fact::SaleCancelled(_)
        | Fact::GoodsReceived(_)
        | Fact::GoodsReturned(_)
        | Fact::ProductionValidated(_)
        | Fact::StockWrittenOff(_)
        | Fact::StockCounted(_)
        | Fact::StockCountAccepted { .. }
        | Fact::StockAdjusted(_) => stock::effects(decision_state, context, known),
        Fact::DeliveryCreated(order) => delivery::order_effects(context, known, order),
        Fact::DeliveryValidated(validation) => delivery::validation_effects(context, known, validation),
        Fact::InvoiceCreated(invoice) => invoice::creation_effects(context, known, invoice, judgement),
        Fact::InvoiceCancelled { invoice, .. } => invoice::cancellation_effects(context, known, invoice, judgement),
        Fact::Created(_) | Fact::Updated(_) | Fact::Deleted => {
            let change = change(known).filter(|_| judgement.rule != Rule::AppendOnly);
            change.map(|change| entity_changed(context, known, change, judgement.rule)).into_iter().collect()
        }
        Fact::ConflictResolved(resolved) => entity::resolution_effects(decision_state, context, known, resolved),
    }
}

fn entity_changed(context: &DecisionContext, known: &ParsedEvent, change: EntityMutation, rule: Rule) -> Effect {
    Effect::EntityChanged(EntityChange {
        key: EntityKey::of(known),
        change,
        stamp: stamp(context, known),
        position: context.position,
        by_stamp: rule == Rule::LastWriterWins,
    })
}

fn change(known: &ParsedEvent) -> Option<EntityMutation> {
    match &known.fact {
        Fact::Created(fields) => Some(EntityMutation::Create(fields.clone())),
        Fact::Updated(fields) => Some(EntityMutation::Update(fields.clone())),
        Fact::Deleted => Some(EntityMutation::Delete),
        _ => None,
    }
}

fn stamp(context: &DecisionContext, known: &ParsedEvent) -> WriteStamp {
    WriteStamp::of(context.effective_at, known.event.node, known.event.epoch, known.event.seq)
}

fn rule_of(decision_state: &DecisionState, known: &ParsedEvent) -> Rule {
    decision_state.rulebook.rule_for(&known.event.content.entity_type)
}

fn with_detail(judgement: Judgement, detail: String) -> Judgement {
    Judgement { detail: Some(detail), ..judgement }
}

/// Whether no change of it was ever accepted.
fn is_unknown(entity: Option<&Entity>) -> bool {
    entity.is_none_or(|entity| !entity.is_known())
}
