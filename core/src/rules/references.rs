//! The products and clients that an event names. An unknown product or client is flagged, as are the missing lines of an
//! invoice; neither is a reason to refuse the event.

use std::sync::LazyLock;

use crate::decision::Flag;
use crate::fact::{Fact, SaleLine};
use crate::id::Name;
use crate::rules::is_unknown;
use crate::state::{DecisionState, EntityKey};

pub(super) fn references(fact: &Fact) -> Vec<EntityKey> {
    let sold = |lines: &[SaleLine]| lines.iter().map(|line| product(&line.product)).collect::<Vec<_>>();
    match fact {
        Fact::SaleRecorded(sale) => [sold(&sale.lines), client(&sale.customer)].concat(),
        Fact::SaleRefunded(refund) | Fact::SaleCancelled(refund) => {
            [sold(&refund.sale.lines), client(&refund.sale.customer)].concat()
        }
        Fact::RevenueAdjusted(adjustment) => {
            adjustment.product.iter().map(product).chain(client(&adjustment.customer)).collect()
        }
        Fact::GoodsReceived(reception) | Fact::GoodsReturned(reception) | Fact::ProductionValidated(reception) => {
            reception.lines.iter().map(|line| product(&line.product)).collect()
        }
        Fact::StockWrittenOff(list) | Fact::StockCounted(list) => {
            list.lines.iter().map(|line| product(&line.product)).chain(client(&list.customer)).collect()
        }
        Fact::StockAdjusted(adjustment) => adjustment.lines.iter().map(|line| product(&line.product)).collect(),
        Fact::InvoiceCreated(invoice) => {
            let lines: &[SaleLine] = if invoice.lines_missing { &[] } else { &invoice.lines };
            [sold(lines), client(&Some(invoice.client.clone()))].concat()
        }
        Fact::EpochOpened
        | Fact::ClockChanged(_)
        | Fact::StockCountAccepted { .. }
        | Fact::DeliveryCreated(_)
        | Fact::DeliveryValidated(_)
        | Fact::InvoiceCancelled { .. }
        | Fact::Created(_)
        | Fact::Updated(_)
        | Fact::Deleted
        | Fact::AuditRecorded
        | Fact::TrainingSaleRecorded(_)
        | Fact::TillOpened
        | Fact::CashMoved
        | Fact::TillClosed
        | Fact::InvoiceReferenceAssigned
        | Fact::ConflictResolved(_)
        | Fact::QuarantineReleased { .. }
        | Fact::RulebookAdopted(_)
        | Fact::CentralRestored
        | Fact::SecurityRecorded
        | Fact::IdentityChanged => Vec::new(),
    }
}

/// Flags a fact that names a product or client of which no change was ever accepted.
pub(super) fn unknown_reference(decision_state: &DecisionState, fact: &Fact) -> Option<Flag> {
    let unknown = |key: &EntityKey| is_unknown(decision_state.entities.get(key));
    references(fact).iter().any(unknown).then_some(Flag::UnknownReference)
}

/// Flags an invoice of which only the total is known.
pub(super) fn lines_missing(fact: &Fact) -> Option<Flag> {
    matches!(fact, Fact::InvoiceCreated(invoice) if invoice.lines_missing).then_some(Flag::LinesMissing)
}

fn product(id: &Name) -> EntityKey {
    static PRODUCT: LazyLock<Name> = LazyLock::new(|| Name::new("PRODUCT").expect("a valid name"));
    EntityKey { entity_type: PRODUCT.clone(), entity_id: id.clone() }
}

fn client(id: &Option<Name>) -> Vec<EntityKey> {
    static CLIENT: LazyLock<Name> = LazyLock::new(|| Name::new("CLIENT").expect("a valid name"));
    id.iter().map(|id| EntityKey { entity_type: CLIENT.clone(), entity_id: id.clone() }).collect()
}
