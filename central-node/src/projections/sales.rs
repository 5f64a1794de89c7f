//! The projection `sales`: turns a range of the log into rows of `sales_line`.

use std::collections::BTreeMap;

use comptoir_core::decision::Verdict;
use comptoir_core::id::{EventId, SiteId, TenantId};
use comptoir_core::money::{Currency, plain};
use comptoir_core::position::Position;
use deadpool_postgres::Transaction;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::cursor::CursorClaim;
use super::parked::{self, Parked, ParkedEntities};
use super::read::{FilteredEntry, ReadEntry, quarantined, read_page};
use super::sales_lines::{ACTIONS, CountedAt, SalesLine, lines_of};
use super::{PageSize, ProjectionError, Version, position_sql};
use crate::database::StoreError;
use crate::event_store::{self, SealError};

const RELEASED: &str = "QUARANTINE_RELEASED";

/// Applies the next page of a tenant's log, up to `to` at most. Order: read, compute, move the cursor (which fences), insert;
/// all in the caller's transaction. Returns the rows of this page that differ from their seals; such a sale is
/// parked.
pub(super) async fn follow_page(
    tx: &Transaction<'_>,
    claim: &mut CursorClaim,
    to: Position,
) -> Result<Vec<SealError>, ProjectionError> {
    let (rows, complete_through) =
        event_store::sized_page(tx, claim.tenant, claim.position, to, PageSize::FOLLOWED).await?;
    let wanted = |entry: FilteredEntry<'_>| entry.verdict == Verdict::Accepted && entry.action.is_some_and(is_counted);
    let events = read_page(rows, wanted).await?;
    claim.advance(tx, complete_through).await?;
    apply(tx, claim.tenant, claim.of, &events).await?;
    Ok(events.into_iter().filter_map(|event| event.unsealed).collect())
}

fn is_counted(action: &str) -> bool {
    action == RELEASED || ACTIONS.contains(&action)
}

/// Inserts the lines of these events, which are in log order, and parks events that cannot be applied.
pub(super) async fn apply(
    tx: &Transaction<'_>,
    tenant: TenantId,
    of: Version,
    events: &[ReadEntry],
) -> Result<(), ProjectionError> {
    let counts = |event: &&ReadEntry| {
        event.action.as_deref().is_some_and(is_counted)
            && event.verdict().is_none_or(|verdict| verdict == Verdict::Accepted)
    };
    let events: Vec<&ReadEntry> = events.iter().filter(counts).collect();
    let books = books_of(tx, tenant).await?;
    let named: Vec<Uuid> = events.iter().filter_map(|event| event.releases()).map(|event| event.uuid()).collect();
    let released = quarantined(&event_store::by_event_ids(tx, tenant, &named).await?);
    let waiting = parked::waiting(tx, tenant, of).await?;
    let applied = lines_or_parked(&events, &released, waiting, &books);
    insert(tx, tenant, of, &applied.lines).await?;
    parked::park(tx, tenant, of, &applied.parked).await
}

/// The time zone and currency of a tenant.
struct TenantBooks {
    zone: TimeZone,
    currency: Currency,
}

async fn books_of(tx: &Transaction<'_>, tenant: TenantId) -> Result<TenantBooks, ProjectionError> {
    let row = tx.query_opt("select zone, currency from tenant where tenant_id = $1", &[&tenant.uuid()]).await?;
    let row = row.ok_or(ProjectionError::NoTenant(tenant))?;
    let (zone, currency): (String, String) = (row.try_get("zone")?, row.try_get("currency")?);
    let unusable = |reason: String| StoreError::Damaged(format!("tenant {tenant}: {reason}"));
    Ok(TenantBooks {
        zone: TimeZone::get(&zone).map_err(|error| unusable(format!("the tenant's zone {zone:?}: {error}")))?,
        currency: Currency::parse(&currency)
            .ok_or_else(|| unusable(format!("the tenant's currency {currency:?} is none")))?,
    })
}

/// The result of a page.
#[derive(Default)]
struct AppliedPage {
    lines: Vec<SalesLine>,
    parked: Vec<Parked>,
}

fn lines_or_parked(
    events: &[&ReadEntry],
    released: &[ReadEntry],
    mut waiting: ParkedEntities,
    books: &TenantBooks,
) -> AppliedPage {
    let released: BTreeMap<EventId, &ReadEntry> =
        released.iter().filter_map(|event| Some((event.known.as_ref().ok()?.event.id, event))).collect();
    let mut applied = AppliedPage::default();
    for event in events {
        // A release counts for the entity of the released event.
        let inner = event.releases().and_then(|id| released.get(&id).copied());
        let entity = inner.unwrap_or(event).entity.clone().unwrap_or_default();
        let lines = if waiting.has(&entity) {
            Err("an earlier event of its entity is parked".to_owned())
        } else {
            lines(event, inner, books)
        };
        match lines {
            Ok(lines) => applied.lines.extend(lines),
            Err(reason) => {
                waiting.add(entity.clone());
                applied.parked.push(Parked { position: event.position, entity, reason });
            }
        }
    }
    applied
}

fn lines(event: &ReadEntry, inner: Option<&ReadEntry>, books: &TenantBooks) -> Result<Vec<SalesLine>, String> {
    let known = event.known.as_ref().map_err(Clone::clone)?;
    let counted = |received: &ReadEntry| -> Result<CountedAt, String> {
        let decision = received.decision.as_ref().map_err(Clone::clone)?;
        let time_unsure = decision.judgement.flags.iter().any(|flag| flag.is_about_time());
        Ok(CountedAt { position: event.position, effective_at: decision.effective_at, time_unsure })
    };
    let lines = match (event.releases(), inner) {
        (None, _) => lines_of(known, counted(event)?, &books.zone),
        (Some(_), Some(inner)) => lines_of(inner.known.as_ref().map_err(Clone::clone)?, counted(inner)?, &books.zone),
        (Some(id), None) => return Err(format!("it releases {id}, which is not in quarantine")),
    };
    let mut lines = lines.map_err(|error| error.to_string())?;
    // Written-off goods have no currency: they are counted in the tenant's.
    lines.iter_mut().for_each(|line| line.currency = line.currency.or(Some(books.currency)));
    Ok(lines)
}

async fn insert(
    tx: &Transaction<'_>,
    tenant: TenantId,
    of: Version,
    lines: &[SalesLine],
) -> Result<(), ProjectionError> {
    if lines.is_empty() {
        return Ok(());
    }
    let positions: Vec<i64> = lines.iter().map(|line| position_sql(line.position)).collect();
    let numbers: Vec<i32> = lines.iter().map(|line| line.line).collect();
    let kinds: Vec<&str> = lines.iter().map(|line| line.kind.as_str()).collect();
    let days: Vec<String> = lines.iter().map(|line| line.day.to_string()).collect();
    let sites: Vec<Option<Uuid>> = lines.iter().map(|line| line.site.map(SiteId::uuid)).collect();
    let products: Vec<Option<&str>> = lines.iter().map(|line| line.product.as_ref().map(AsRef::as_ref)).collect();
    let countries: Vec<Option<&str>> = lines.iter().map(|line| line.country.as_deref()).collect();
    let customers: Vec<Option<&str>> = lines.iter().map(|line| line.customer.as_ref().map(AsRef::as_ref)).collect();
    let users: Vec<Option<&str>> = lines.iter().map(|line| line.user.as_ref().map(AsRef::as_ref)).collect();
    let entities: Vec<&str> = lines.iter().map(|line| line.entity_id.as_str()).collect();
    let quantities: Vec<String> = lines.iter().map(|line| plain(line.quantity)).collect();
    let amounts: Vec<String> = lines.iter().map(|line| plain(line.amount)).collect();
    let minors: Vec<i64> = lines.iter().map(|line| line.amount_minor).collect();
    let currencies: Vec<Option<&str>> = lines.iter().map(|line| line.currency.as_ref().map(Currency::as_str)).collect();
    let unsure: Vec<bool> = lines.iter().map(|line| line.time_unsure).collect();
    let columns: [&(dyn tokio_postgres::types::ToSql + Sync); 17] = [
        &tenant.uuid(),
        &of.number,
        &positions,
        &numbers,
        &kinds,
        &days,
        &sites,
        &products,
        &countries,
        &customers,
        &users,
        &entities,
        &quantities,
        &amounts,
        &minors,
        &currencies,
        &unsure,
    ];
    let statement = tx.prepare_cached(include_str!("sales_insert.sql")).await?;
    tx.execute(&statement, &columns).await?;
    Ok(())
}
