//! Stock at a past position: folds the log up to that position for the requested items. Stored decisions are applied and
//! nothing is decided again, so the answer never changes.

use std::collections::BTreeSet;

use comptoir_core::decision::Verdict;
use comptoir_core::id::{EventId, TenantId};
use comptoir_core::position::Position;
use comptoir_core::rules::{Effect, effects, evolve};
use comptoir_core::state::{DecisionState, Quarantined, StockKey};
use deadpool_postgres::Transaction;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::error::ReportError;
use crate::event_store;
use crate::projections::PageSize;
use crate::projections::ProjectionError;
use crate::projections::fold::{FoldedEvent, folded_events};
use crate::projections::read::{FilteredEntry, ReadEntry, quarantined, read_page};
use crate::tenant::Tenant;

/// The actions that move goods, directly or through a later event.
const ACTIONS: [&str; 11] = [
    "SALE_RECORDED",
    "SALE_REFUNDED",
    "SALE_CANCELLED",
    "GOODS_RECEIVED",
    "GOODS_RETURNED",
    "PRODUCTION_VALIDATED",
    "STOCK_WRITTEN_OFF",
    "STOCK_COUNTED",
    "STOCK_COUNT_ACCEPTED",
    "STOCK_ADJUSTED",
    "QUARANTINE_RELEASED",
];
/// Actions that move goods which their payload does not name.
const INDIRECT: [&str; 2] = ["STOCK_COUNT_ACCEPTED", "QUARANTINE_RELEASED"];
/// Up to this number of products, searching the payload's bytes is cheaper than parsing it.
const SEARCHED_PRODUCTS_MAX: usize = 8;
/// Concurrent folds in this process. Each uses a connection and a core for the length of the log; others wait.
pub(super) static TURNS: Semaphore = Semaphore::const_new(2);
/// What sales consumed is stored for their refunds: this many rows fit in memory.
const CONSUMED_ROWS_MAX: usize = 2_000_000;

/// Folds the log up to a position for these items. The returned state contains them and everything they depend on.
pub(super) async fn fold(
    tx: &Transaction<'_>,
    tenant: &Tenant,
    asked: BTreeSet<StockKey>,
    to: Position,
) -> Result<DecisionState, ReportError> {
    let mut decision_state = DecisionState::default();
    let mut at = Position::ZERO;
    while at < to {
        let (rows, complete_through) = event_store::sized_page(tx, tenant.id, at, to, PageSize::FOLLOWED).await?;
        at = complete_through;
        let needles = needles(&asked);
        let events = read_page(rows, move |entry| may_move(entry, needles.as_deref())).await?;
        let released = released(tx, tenant.id, &events).await?;
        let (tenant_of, asked_of) = (tenant.clone(), asked.clone());
        let folded =
            tokio::task::spawn_blocking(move || fold_page(decision_state, &tenant_of, &asked_of, &events, &released))
                .await?;
        decision_state = folded?;
        if decision_state.consumed.len() > CONSUMED_ROWS_MAX {
            return Err(ReportError::TooManySales { max: CONSUMED_ROWS_MAX });
        }
    }
    Ok(decision_state)
}

/// The products' bytes, if there are few.
fn needles(asked: &BTreeSet<StockKey>) -> Option<Vec<Vec<u8>>> {
    let products: BTreeSet<Vec<u8>> = asked.iter().map(|key| key.product.as_str().as_bytes().to_vec()).collect();
    (products.len() <= SEARCHED_PRODUCTS_MAX).then(|| products.into_iter().collect())
}

/// Whether an event may move a requested product. JSON writes a product verbatim or with escapes, so a payload with neither
/// its bytes nor a backslash does not name it.
fn may_move(entry: FilteredEntry<'_>, needles: Option<&[Vec<u8>]>) -> bool {
    let Some(action) = entry.action.filter(|action| entry.verdict == Verdict::Accepted && ACTIONS.contains(action))
    else {
        return false;
    };
    let (Some(needles), Some(event)) = (needles, entry.event) else { return true };
    if INDIRECT.contains(&action) {
        return true;
    }
    let payload = &event.content.payload;
    let names = |needle: &Vec<u8>| payload.windows(needle.len()).any(|part| part == needle);
    payload.contains(&b'\\') || needles.iter().any(names)
}

/// The events that the releases of this page name.
async fn released(
    tx: &Transaction<'_>,
    tenant: TenantId,
    events: &[ReadEntry],
) -> Result<Vec<ReadEntry>, ProjectionError> {
    let named: Vec<Uuid> = events.iter().filter_map(ReadEntry::releases).map(EventId::uuid).collect();
    Ok(quarantined(&event_store::by_event_ids(tx, tenant, &named).await?))
}

fn fold_page(
    mut decision_state: DecisionState,
    tenant: &Tenant,
    asked: &BTreeSet<StockKey>,
    events: &[ReadEntry],
    released: &[ReadEntry],
) -> Result<DecisionState, ProjectionError> {
    for FoldedEvent { known, context, .. } in folded_events(tenant, released)? {
        let quarantined = Quarantined { known: known.clone(), context, released: false };
        decision_state.quarantined.insert(known.event.id, quarantined);
    }
    for FoldedEvent { known, context, decision } in folded_events(tenant, events)? {
        for effect in effects(&decision_state, &context, known, &decision.judgement) {
            let applies = match &effect {
                Effect::StockMoved(movement) => asked.contains(&movement.key),
                Effect::Counted { .. } | Effect::CountAccepted { .. } => true,
                _ => false,
            };
            if applies {
                evolve(&mut decision_state, &effect);
            }
        }
    }
    // Each is released once, and its effects are in the stock now.
    decision_state.quarantined.clear();
    Ok(decision_state)
}
