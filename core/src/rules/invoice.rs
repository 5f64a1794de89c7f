//! Invoices: accepted and numbered, without a hole, in a series per shop and year. A cancelled one keeps its number, and a credit note
//! takes the next of its own series.

use crate::decision::{Code, Judgement, Place, Verdict};
use crate::fact::{self, Known};
use crate::id::Name;
use crate::rulebook::Rule;
use crate::rules::references::unknown_reference;
use crate::rules::{Effect, with_detail};
use crate::state::{Document, Invoice, SeriesKey, World};

/// An invoice is numbered the moment it is accepted, and only then.
pub(super) fn decide_creation(world: &World, place: &Place, known: &Known, rule: Rule) -> Judgement {
    let id = &known.event.content.entity_id;
    if let Some(invoice) = world.invoices.get(id) {
        let detail = format!("invoice {id} exists: {} from event {}", invoice.reference, invoice.event);
        return with_detail(Judgement::refused(Verdict::Conflict, Code::EntityExists, rule), detail);
    }
    let flags = unknown_reference(world, &known.fact).into_iter().collect();
    let reference = next_reference(world, Document::Invoice, place, known);
    Judgement { flags, reference: Some(reference), ..Judgement::accepted(rule) }
}

/// A cancellation waits in quarantine for an invoice that has not come yet.
pub(super) fn decide_cancellation(world: &World, place: &Place, known: &Known, id: &Name, rule: Rule) -> Judgement {
    let Some(invoice) = world.invoices.get(id) else {
        let detail = format!("no invoice {id} is known");
        return with_detail(Judgement::refused(Verdict::Quarantined, Code::UnknownEntity, rule), detail);
    };
    if let Some(credit_note) = &invoice.credit_note {
        let detail = format!("invoice {} was cancelled by {credit_note}", invoice.reference);
        return with_detail(Judgement::refused(Verdict::Conflict, Code::AlreadyCancelled, rule), detail);
    }
    let reference = next_reference(world, Document::CreditNote, place, known);
    Judgement { reference: Some(reference), ..Judgement::accepted(rule) }
}

/// What follows from an invoice, with the number it was given.
pub(super) fn creation_effects(place: &Place, known: &Known, fact: &fact::Invoice, given: &Judgement) -> Vec<Effect> {
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
        position: place.position,
    };
    let series = series(Document::Invoice, known, place);
    vec![Effect::InvoiceNumbered { id: content.entity_id.clone(), series, invoice: Box::new(invoice) }]
}

/// What follows from a cancellation, with the number its credit note was given.
pub(super) fn cancellation_effects(place: &Place, known: &Known, id: &Name, given: &Judgement) -> Vec<Effect> {
    let credit_note = given.reference.clone().unwrap_or_default();
    let series = series(Document::CreditNote, known, place);
    vec![Effect::InvoiceCancelled { id: id.clone(), series, credit_note, position: place.position }]
}

/// The series of the event's own shop, in the year of its place: a credit note belongs to the shop that cancels.
pub(super) fn series(document: Document, known: &Known, place: &Place) -> SeriesKey {
    SeriesKey { document, site: known.event.content.site, year: place.local_year }
}

fn next_reference(world: &World, document: Document, place: &Place, known: &Known) -> String {
    let key = series(document, known, place);
    let number = world.series.get(&key).copied().unwrap_or_default() + 1;
    let letter = match document {
        Document::Invoice => 'F',
        Document::CreditNote => 'A',
    };
    let year = key.year;
    match (key.site, &place.site_code) {
        (None, _) => format!("{letter}{year}-{number:06}"),
        (Some(_), Some(code)) => format!("{letter}{year}-{code}-{number:06}"),
        // The end of the id: sites made within a minute share the beginning, which is a clock.
        (Some(site), None) => format!("{letter}{year}-{}-{number:06}", &site.uuid().simple().to_string()[24..]),
    }
}
