//! A prior decision: one that central had made and reported before it was restored from an older copy. The node that received it
//! sends it again.
//!
//! It is restored where deciding again could contradict it: numbers of invoices and credit notes, and the first validation of a
//! delivery. Everything else follows from the events and is decided again. A prior decision never overrules the present state: if
//! another event has the number, or another validation is first, the event is decided normally.
//!
//! The caller has verified that a prior decision is central's own. A restored decision is flagged, so that deciding again from
//! the stored decision restores it again.

use crate::decision::{Code, DecisionContext, Flag, Judgement, Resolution, Verdict};
use crate::fact::{Fact, ParsedEvent};
use crate::rules::{self, invoice, references, rule_of};
use crate::state::{DecisionState, Document, Series, SeriesKey, StateKeys};

/// The prior decision of one event.
#[derive(Clone, PartialEq, Debug)]
pub struct PriorDecision {
    /// The outcome.
    pub verdict: Verdict,
    /// Reason of the verdict.
    pub code: Option<Code>,
    /// The number of an invoice or credit note.
    pub reference: Option<String>,
    /// The first validation of the delivery.
    pub resolution: Option<Resolution>,
}

impl PriorDecision {
    /// The prior decision that a stored decision restored, if any.
    pub fn restored_by(judgement: &Judgement) -> Option<PriorDecision> {
        judgement.flags.contains(&Flag::DecisionRestored).then(|| PriorDecision::from_judgement(judgement))
    }

    /// The part of a decision that its writer received.
    pub fn from_judgement(judgement: &Judgement) -> PriorDecision {
        let Judgement { verdict, code, reference, resolution, .. } = judgement.clone();
        PriorDecision { verdict, code, reference, resolution }
    }

    /// Whether the decision depends on the order of arrival.
    pub fn is_of(fact: &Fact) -> bool {
        matches!(fact, Fact::InvoiceCreated(_) | Fact::InvoiceCancelled { .. } | Fact::DeliveryValidated(_))
    }

    /// Whether the decision was final.
    pub fn is_final(verdict: Verdict) -> bool {
        matches!(verdict, Verdict::Accepted | Verdict::Conflict)
    }

    /// The series of its number, to be loaded with the event's keys.
    pub fn keys_needed(&self, known: &ParsedEvent, into: &mut StateKeys) {
        let Some(document) = document(&known.fact) else { return };
        let numbered = self.reference.as_deref().and_then(invoice::read_reference);
        into.series.extend(numbered.map(|(year, _)| SeriesKey { document, site: known.event.content.site, year }));
    }

    /// The restored decision, if nothing contradicts it.
    pub(super) fn restore(
        &self,
        decision_state: &DecisionState,
        context: &DecisionContext,
        known: &ParsedEvent,
    ) -> Option<Judgement> {
        if !PriorDecision::is_final(self.verdict) || !is_open(decision_state, known, self.verdict) {
            return None;
        }
        let rule = rule_of(decision_state, known);
        if self.verdict == Verdict::Conflict {
            let judgement = Judgement::refused(Verdict::Conflict, self.code?, rule);
            return Some(Judgement {
                flags: vec![Flag::DecisionRestored],
                resolution: self.resolution.clone(),
                ..judgement
            });
        }
        if let Some(document) = document(&known.fact) {
            let (key, number) = invoice::prior_number(self.reference.as_deref()?, document, context, known)?;
            if !decision_state.series.get(&key).unwrap_or(&Series::default()).is_free(number) {
                return None;
            }
        }
        let unknown_delivery = matches!(known.fact, Fact::DeliveryValidated(_))
            && !decision_state.deliveries.contains_key(&known.event.content.entity_id);
        let unknown = references::unknown_reference(decision_state, &known.fact);
        let unknown = unknown.or(unknown_delivery.then_some(Flag::UnknownReference));
        let flags = unknown.into_iter().chain(references::lines_missing(&known.fact));
        let flags = flags.chain([Flag::DecisionRestored]).collect();
        Some(Judgement { flags, reference: self.reference.clone(), ..Judgement::accepted(rule) })
    }
}

/// Decides one event that has a prior decision.
pub fn decide_prior(
    decision_state: &DecisionState,
    context: &DecisionContext,
    known: &ParsedEvent,
    prior: &PriorDecision,
) -> Judgement {
    let refused =
        rules::refused_to_a_node(decision_state, context, known).or_else(|| rules::objected(decision_state, known));
    let restored = if refused.is_none() { prior.restore(decision_state, context, known) } else { None };
    restored.unwrap_or_else(|| rules::decide(decision_state, context, known))
}

/// Whether no other event took it since. A lost delivery stays lost even before the winner is resent.
fn is_open(decision_state: &DecisionState, known: &ParsedEvent, verdict: Verdict) -> bool {
    let id = &known.event.content.entity_id;
    match &known.fact {
        Fact::InvoiceCreated(_) => !decision_state.invoices.contains_key(id),
        Fact::InvoiceCancelled { invoice, .. } => match decision_state.invoices.get(invoice) {
            Some(invoice) => invoice.credit_note.is_none(),
            None => verdict == Verdict::Conflict,
        },
        Fact::DeliveryValidated(_) => {
            decision_state.deliveries.get(id).is_none_or(|delivery| delivery.validation.is_none())
        }
        _ => false,
    }
}

fn document(fact: &Fact) -> Option<Document> {
    match fact {
        Fact::InvoiceCreated(_) => Some(Document::Invoice),
        Fact::InvoiceCancelled { .. } => Some(Document::CreditNote),
        _ => None,
    }
}
