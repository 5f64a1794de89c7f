//! The keys to load before deciding. A superset is fine; a missing key is a defect, and a property test searches for one.

use crate::decision::DecisionContext;
use crate::fact::{Fact, ParsedEvent};
use crate::id::Name;
use crate::rulebook::Rulebook;
use crate::rules::invoice::series;
use crate::rules::quarantine::is_release;
use crate::rules::references::references;
use crate::state::{ConsumedKey, DecisionState, Document, EntityKey, StateKeys, StockKey};

/// The keys that deciding and applying an event may read. Keys that are written and never read (its own count, its own quarantine
/// entry) are in [`super::Effect::writes`] alone. The keys are the same under every rulebook, since an event earlier in the batch
/// may adopt another one.
pub fn keys_needed(known: &ParsedEvent, context: &DecisionContext, _rulebook: &Rulebook, into: &mut StateKeys) {
    let content = &known.event.content;
    into.entities.extend(references(&known.fact));
    match &known.fact {
        Fact::EpochOpened
        | Fact::ClockChanged(_)
        | Fact::RevenueAdjusted(_)
        | Fact::AuditRecorded
        | Fact::TrainingSaleRecorded(_)
        | Fact::TillOpened
        | Fact::CashMoved
        | Fact::TillClosed
        | Fact::InvoiceReferenceAssigned
        | Fact::RulebookAdopted(_)
        | Fact::CentralRestored
        | Fact::SecurityRecorded
        | Fact::IdentityChanged => {}
        Fact::SaleRecorded(sale) => {
            let products = sale.lines.iter().map(|line| &line.product);
            stock(known, products.clone(), into);
            taken(known, &content.entity_id, products, into);
        }
        Fact::SaleRefunded(refund) | Fact::SaleCancelled(refund) => {
            let products = refund.sale.lines.iter().map(|line| &line.product);
            stock(known, products.clone(), into);
            if let Some(original) = &refund.original {
                taken(known, original, products, into);
            }
        }
        Fact::GoodsReceived(reception) | Fact::GoodsReturned(reception) | Fact::ProductionValidated(reception) => {
            stock(known, reception.lines.iter().map(|line| &line.product), into);
        }
        Fact::StockWrittenOff(list) | Fact::StockCounted(list) => {
            stock(known, list.lines.iter().map(|line| &line.product), into);
        }
        Fact::StockAdjusted(adjustment) => stock(known, adjustment.lines.iter().map(|line| &line.product), into),
        Fact::StockCountAccepted { count } => {
            into.counts.insert(*count);
        }
        Fact::DeliveryCreated(_) | Fact::DeliveryValidated(_) => {
            into.deliveries.insert(content.entity_id.clone());
        }
        Fact::InvoiceCreated(_) => {
            into.invoices.insert(content.entity_id.clone());
            into.series.insert(series(Document::Invoice, known, context));
        }
        Fact::InvoiceCancelled { invoice, .. } => {
            into.invoices.insert(invoice.clone());
            into.series.insert(series(Document::CreditNote, known, context));
        }
        Fact::Created(_) | Fact::Updated(_) | Fact::Deleted => {
            into.entities.insert(EntityKey::of(known));
            if content.entity_type.as_str() == "STOCK" {
                // An attempt to set stock is answered with central's figures.
                stock(known, [&content.entity_id].into_iter(), into);
            }
        }
        Fact::ConflictResolved(_) => {
            into.entities.insert(EntityKey::of(known));
        }
        Fact::QuarantineReleased { event } => {
            into.quarantined.insert(*event);
        }
    }
}

/// Keys that are known only after others are loaded: the stock of an accepted count, and everything a released event touches.
/// Load, call this, and load the new keys until there are none ([`StateKeys::without`]); three rounds at most.
pub fn dependent_keys(
    decision_state: &DecisionState,
    events: &[(&ParsedEvent, &DecisionContext)],
    into: &mut StateKeys,
) {
    for (known, context) in events {
        through(decision_state, events, known, context, into);
    }
}

fn through(
    decision_state: &DecisionState,
    events: &[(&ParsedEvent, &DecisionContext)],
    known: &ParsedEvent,
    context: &DecisionContext,
    into: &mut StateKeys,
) {
    match &known.fact {
        Fact::StockCountAccepted { count } => {
            let Some(count) = decision_state.counts.get(count) else { return };
            let key = |product: &Name| StockKey { site: count.site, product: product.clone() };
            into.stock.extend(count.lines.keys().map(key));
        }
        Fact::QuarantineReleased { event } => {
            let in_batch = || events.iter().find(|(other, _)| other.event.id == *event).map(|(other, _)| *other);
            let Some(inner) = decision_state.quarantined.get(event).map(|held| &held.known).or_else(in_batch) else {
                return;
            };
            if !is_release(inner) {
                // Its number comes from the series of the release's year.
                keys_needed(inner, context, &decision_state.rulebook, into);
                through(decision_state, events, inner, context, into);
            }
        }
        _ => {}
    }
}

fn stock<'a>(known: &ParsedEvent, products: impl Iterator<Item = &'a Name>, into: &mut StateKeys) {
    let key = |product: &Name| StockKey { site: known.event.content.site, product: product.clone() };
    into.stock.extend(products.map(key));
}

fn taken<'a>(known: &ParsedEvent, sale: &Name, products: impl Iterator<Item = &'a Name>, into: &mut StateKeys) {
    let site = known.event.content.site;
    let key = |product: &Name| ConsumedKey { site, sale: sale.clone(), product: product.clone() };
    into.consumed.extend(products.map(key));
}
