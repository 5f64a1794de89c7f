//! Invoices: accepted and numbered without gaps in a series per shop and year. A cancelled invoice keeps its number, and a credit
//! note takes the next number of its own series.

use crate::decision::{Code, DecisionContext, Flag, Judgement, Verdict};
use crate::fact::{self, ParsedEvent};
use crate::id::Name;
use crate::rulebook::Rule;
use crate::rules::references::{lines_missing, unknown_reference};
use crate::rules::{Effect, with_detail};
use crate::state::{DecisionState, Document, Invoice, Series, SeriesKey};

/// No series gets this far.
const NUMBER_MAX: u64 = u32::MAX as u64;

/// An invoice is numbered when it is accepted, and only then.
pub(super) fn decide_creation(
    decision_state: &DecisionState,
    context: &DecisionContext,
    known: &ParsedEvent,
    rule: Rule,
) -> Judgement {
    let id = &known.event.content.entity_id;
    if let Some(invoice) = decision_state.invoices.get(id) {
        let detail = format!("invoice {id} exists: {} from event {}", invoice.reference, invoice.event);
        return with_detail(Judgement::refused(Verdict::Conflict, Code::EntityExists, rule), detail);
    }
    let flags = unknown_reference(decision_state, &known.fact).into_iter().chain(lines_missing(&known.fact)).collect();
    let reference = next_reference(decision_state, Document::Invoice, context, known);
    Judgement { flags, reference: Some(reference), ..Judgement::accepted(rule) }
}

/// A cancellation waits in quarantine for an invoice that has not arrived yet.
pub(super) fn decide_cancellation(
    decision_state: &DecisionState,
    context: &DecisionContext,
    known: &ParsedEvent,
    id: &Name,
    rule: Rule,
) -> Judgement {
    let Some(invoice) = decision_state.invoices.get(id) else {
        let detail = format!("no invoice {id} is known");
        return with_detail(Judgement::refused(Verdict::Quarantined, Code::UnknownEntity, rule), detail);
    };
    if let Some(credit_note) = &invoice.credit_note {
        let detail = format!("invoice {} was cancelled by {credit_note}", invoice.reference);
        return with_detail(Judgement::refused(Verdict::Conflict, Code::AlreadyCancelled, rule), detail);
    }
    let reference = next_reference(decision_state, Document::CreditNote, context, known);
    Judgement { reference: Some(reference), ..Judgement::accepted(rule) }
}

pub(super) fn creation_effects(
    context: &DecisionContext,
    known: &ParsedEvent,
    fact: &fact::Invoice,
    given: &Judgement,
) -> Vec<Effect> {
    let content = &known.event.content;
    let invoice = Invoice {
        event: known.event.id,
        site: content.site,
        client: fact.client.clone(),
        currency: fact.currency,
        total_minor: fact.total_minor,
        due_on: fact.due_on.clone(),
        reference: given.reference.clone().unwrap_or_default(),
        provisional_reference: fact.provisional_reference.clone(),
        credit_note: None,
        position: context.position,
    };
    let (series, number) = numbered(Document::Invoice, context, known, given);
    vec![Effect::InvoiceNumbered { id: content.entity_id.clone(), series, number, invoice: Box::new(invoice) }]
}

pub(super) fn cancellation_effects(
    context: &DecisionContext,
    known: &ParsedEvent,
    id: &Name,
    given: &Judgement,
) -> Vec<Effect> {
    let credit_note = given.reference.clone().unwrap_or_default();
    let (series, number) = numbered(Document::CreditNote, context, known, given);
    vec![Effect::InvoiceCancelled { id: id.clone(), series, number, credit_note, position: context.position }]
}

/// The series of the event's own shop, in the year of its decision: a credit note belongs to the shop that cancels.
pub(super) fn series(document: Document, known: &ParsedEvent, context: &DecisionContext) -> SeriesKey {
    SeriesKey { document, site: known.event.content.site, year: context.local_year }
}

/// The series that a decision took a number from, and the number if it was not simply the next: a prior number.
fn numbered(
    document: Document,
    context: &DecisionContext,
    known: &ParsedEvent,
    given: &Judgement,
) -> (SeriesKey, Option<u64>) {
    let prior_number = given.reference.as_deref().filter(|_| given.flags.contains(&Flag::DecisionRestored));
    match prior_number.and_then(read_reference) {
        Some((year, number)) => (SeriesKey { year, ..series(document, known, context) }, Some(number)),
        None => (series(document, known, context), None),
    }
}

/// Series and number of a prior reference, if it is one of this document and shop.
pub(super) fn prior_number(
    reference: &str,
    document: Document,
    context: &DecisionContext,
    known: &ParsedEvent,
) -> Option<(SeriesKey, u64)> {
    let (year, number) = read_reference(reference)?;
    let key = SeriesKey { year, ..series(document, known, context) };
    (number > 0 && written(&key, context.site_code.as_ref(), number) == reference).then_some((key, number))
}

pub(super) fn read_reference(reference: &str) -> Option<(i16, u64)> {
    let (before, number) = reference.rsplit_once('-')?;
    let year = before.get(1..)?.split('-').next()?;
    Some((year.parse().ok()?, number.parse().ok().filter(|number| *number <= NUMBER_MAX)?))
}

fn next_reference(
    decision_state: &DecisionState,
    document: Document,
    context: &DecisionContext,
    known: &ParsedEvent,
) -> String {
    let key = series(document, known, context);
    let number = decision_state.series.get(&key).map_or(1, Series::next);
    written(&key, context.site_code.as_ref(), number)
}

fn written(key: &SeriesKey, site_code: Option<&Name>, number: u64) -> String {
    let letter = match key.document {
        Document::Invoice => 'F',
        Document::CreditNote => 'A',
    };
    let year = key.year;
    match (key.site, site_code) {
        (None, _) => format!("{letter}{year}-{number:06}"),
        (Some(_), Some(code)) => format!("{letter}{year}-{code}-{number:06}"),
        // The end of the id: sites created within a minute share the beginning, which is a clock.
        (Some(site), None) => format!("{letter}{year}-{}-{number:06}", &site.uuid().simple().to_string()[24..]),
    }
}
