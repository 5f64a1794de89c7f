//! The stock report: stock in lots, now or as of a past position or time.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use comptoir_core::id::{Name, SiteId, TenantId};
use comptoir_core::money::{Currency, padded, plain};
use comptoir_core::position::Position;
use comptoir_core::state::{DecisionState, Lot, StateKeys, StockItem, StockKey};
use comptoir_proto::instant;
use comptoir_proto::openapi::words;
use comptoir_proto::read_v1::{self, RowList};
use deadpool_postgres::Transaction;
use schemars::JsonSchema;
use serde::Serialize;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::answer_cache::{AnswerCache, SharedRows, merged};
use super::csv_table::{self, Cell};
use super::error::ReportError;
use super::freshness;
use super::question::{AsOf, REPORT_ROWS_MAX, RowPage, WaitFor, write_cursor};
use super::recent_answers::Answer;
use super::source::ReportSource;
use super::stock_fold::{TURNS, fold};
use crate::database::{StoreError, begin_snapshot_of_no_tenant, set_tenant};
use crate::event_store;
use crate::projections::progress::ProjectionMark;
use crate::projections::{Projection, ProjectionError, active_version, position_of};
use crate::state_store::ActiveVersion;
use crate::state_store::{self, Versions};
use crate::tenant::Tenant;

/// The items in the report.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct StockFilter {
    pub(crate) site: Option<SiteId>,
    pub(crate) product: Option<Name>,
}

/// The parameters of the report.
#[derive(Clone, Debug)]
pub(crate) struct StockParams {
    pub(crate) filter: StockFilter,
    pub(crate) as_of: Option<AsOf>,
    pub(crate) wait: WaitFor,
    pub(crate) page: Option<RowPage>,
}

/// The stock report.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct StockReport {
    /// The figures include every event up to this position.
    complete_through: u64,
    /// Sites whose figures may be incomplete.
    stale_sites: Vec<Uuid>,
    /// Sorted by site and product; the tenant's own stock comes first.
    #[schemars(with = "Vec<StockRow>")]
    rows: SharedRows<StockRow>,
    /// The cursor of the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// One product at one site.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "StockReportRow")]
pub(crate) struct StockRow {
    /// The part that nodes receive too.
    #[serde(flatten)]
    known: read_v1::StockRow,
    /// The value of the lots, in major units.
    #[schemars(with = "words::Decimal")]
    value: String,
    #[schemars(with = "words::CurrencyCode")]
    currency: String,
    /// The total quantity that ever left through lots, and its cost.
    #[schemars(with = "words::Decimal")]
    consumed_quantity: String,
    #[schemars(with = "words::Decimal")]
    consumed_cost: String,
    /// Sorted from oldest to newest.
    lots: Vec<LotRow>,
}

/// Goods received together at one cost.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "StockLot")]
pub(crate) struct LotRow {
    #[schemars(with = "words::Instant")]
    received_at: String,
    #[schemars(with = "words::Decimal")]
    quantity: String,
    #[schemars(with = "words::Decimal")]
    unit_cost: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lot: Option<String>,
}

impl StockRow {
    fn of(key: &StockKey, item: &StockItem, currency: &str) -> StockRow {
        let amount = |amount| match Currency::parse(currency) {
            Some(known) => padded(&plain(amount), known),
            None => plain(amount),
        };
        StockRow {
            known: read_v1::StockRow {
                site: key.site.map(SiteId::uuid),
                product: key.product.to_string(),
                version: item.position.0,
                quantity: plain(item.quantity()),
                backordered: plain(item.backordered),
            },
            value: amount(item.value()),
            currency: currency.to_owned(),
            consumed_quantity: plain(item.consumed_quantity),
            consumed_cost: amount(item.consumed_cost),
            lots: item.lots.iter().map(LotRow::of).collect(),
        }
    }

    /// The report's order: the tenant's own stock first, then by the bytes of site and product.
    fn order(left: &StockRow, right: &StockRow) -> Ordering {
        (left.known.site, &left.known.product).cmp(&(right.known.site, &right.known.product))
    }
}

impl LotRow {
    fn of(lot: &Lot) -> LotRow {
        LotRow {
            received_at: instant::format(lot.received_at),
            quantity: plain(lot.quantity),
            unit_cost: plain(lot.unit_cost),
            lot: lot.lot.as_ref().map(Name::to_string),
        }
    }
}

pub(crate) async fn report(
    source: &ReportSource,
    cache: &AnswerCache<PresentStock, StockRow>,
    tenant: TenantId,
    question: &StockParams,
) -> Result<StockReport, ReportError> {
    let now = source.clock.now();
    let past = match question.as_of {
        Some(as_of) => Some(freshness::past(&source.database, tenant, as_of, now).await?),
        None => None,
    };
    freshness::wait_for(&source.progress, tenant, ProjectionMark::Head, question.wait).await?;

    // The semaphore is never closed; an error would only mean more load.
    let _turn = if past.is_some() { TURNS.acquire().await.ok() } else { None };
    let database = &source.database;
    let mut connection = if past.is_none() { database.reports().await? } else { database.service().await? };
    // Items and head are read from one snapshot.
    let tx = begin_snapshot_of_no_tenant(&mut connection).await?;
    // Pipelined, in this order: one round trip.
    let ((), head, read) = tokio::try_join!(
        biased;
        set_tenant(&tx, tenant),
        event_store::tenant_head(&tx, tenant),
        active_version(&tx, tenant, Projection::Stock)
    )?;
    let head = head.ok_or(ProjectionError::NoTenant(tenant))?.head;
    let complete_through = past.map_or(head, |past| past.position);
    let rows = async {
        if past.is_none() && question.page.is_none() {
            let rows = present(&tx, tenant, (read, head), question, cache).await?;
            return Ok::<_, ReportError>((rows, None));
        }
        let listed = list(&tx, tenant, question).await?;
        let (keys, next_cursor) = paged(listed, question.page.as_ref())?;
        Ok((SharedRows::from(self::rows(&tx, tenant, keys, complete_through).await?), next_cursor))
    };
    let stale_sites = async {
        let late = freshness::stale_sites(&tx, tenant, past, now, source.stale_after).await;
        Ok::<_, ReportError>(late?.into_iter().map(SiteId::uuid).collect())
    };
    // Pipelined: one round trip.
    let ((rows, next_cursor), stale_sites) = tokio::try_join!(rows, stale_sites)?;
    Ok(StockReport { complete_through: complete_through.0, stale_sites, rows, next_cursor })
}

impl Answer for StockReport {
    fn complete_through(&self) -> Position {
        Position(self.complete_through)
    }

    fn row_count(&self) -> usize {
        self.rows.len()
    }
}

/// The key of a cached answer: a question about the present.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct PresentStock {
    tenant: TenantId,
    version: i32,
    fence: i64,
    filter: StockFilter,
}

/// The rows at the head: the cached rows, and the items that changed since.
async fn present(
    tx: &Transaction<'_>,
    tenant: TenantId,
    (read, head): (ActiveVersion, Position),
    StockParams { filter, as_of: _, wait: _, page: _ }: &StockParams,
    cache: &AnswerCache<PresentStock, StockRow>,
) -> Result<SharedRows<StockRow>, ReportError> {
    let asked = PresentStock { tenant, version: read.number, fence: read.fence, filter: filter.clone() };
    let earlier = cache.up_to(&asked, head);
    let (since, earlier) = earlier.map_or((Position::ZERO, None), |earlier| (earlier.to, Some(earlier.rows)));
    let (limit, filter) = (REPORT_ROWS_MAX + 1, (filter.site, filter.product.as_ref()));
    let rows = match earlier {
        Some(earlier) if since == head => return Ok(earlier),
        earlier => {
            let currency = currency(tx, tenant);
            let changed = state_store::load_changed_stock(tx, tenant, read.number, since, filter, limit);
            let (currency, changed) = tokio::try_join!(currency, async { changed.await.map_err(ReportError::from) })?;
            let changed = changed.iter().map(|(key, item)| StockRow::of(key, item, &currency)).collect();
            let earlier = earlier.as_deref().unwrap_or_default();
            let merged = merged(earlier, changed, StockRow::order, |_, changed| Some(changed));
            merged.expect("an item that changed replaces its earlier row")
        }
    };
    if rows.len() > REPORT_ROWS_MAX {
        return Err(too_many_items());
    }
    let rows = SharedRows::from(rows);
    cache.store(asked, head, rows.clone());
    Ok(rows)
}

async fn currency(tx: &Transaction<'_>, tenant: TenantId) -> Result<String, ReportError> {
    Ok(crate::tenant::currency(tx, tenant).await?.as_str().to_owned())
}

fn too_many_items() -> ReportError {
    ReportError::TooManyRows { rows: "items", narrow: "site or product" }
}

/// The site in a cursor.
fn cursor_site(part: Option<&str>) -> Result<Option<Uuid>, ReportError> {
    part.map(|text| text.parse().map_err(|_| ReportError::Cursor(text.to_owned()))).transpose()
}

/// An item and the last event that changed it.
type Listed = (StockKey, Position);

/// One item more than the answer may have, to detect whether there are more.
async fn list(tx: &Transaction<'_>, tenant: TenantId, question: &StockParams) -> Result<Vec<Listed>, ReportError> {
    let versions = Versions::active(tx, tenant).await?;
    let limit = question.page.as_ref().map_or(REPORT_ROWS_MAX, |page| page.limit) + 1;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let after = question.page.as_ref().and_then(|page| page.after.as_deref());
    let part = |index: usize| after.and_then(|key| key.get(index)).and_then(Option::as_deref);
    let (after_site, after_product) = (cursor_site(part(0))?, part(1));
    let (id, site, product) =
        (tenant.uuid(), question.filter.site.map(SiteId::uuid), question.filter.product.as_ref().map(Name::as_str));
    let parameters: [&(dyn ToSql + Sync); 7] =
        [&id, &versions.stock, &site, &product, &after_site, &after_product, &limit];
    let statement = tx.prepare_cached(include_str!("stock_keys.sql")).await?;
    let rows = tx.query(&statement, &parameters).await?;
    rows.iter()
        .map(|row| {
            let site: Uuid = row.try_get("site_id")?;
            let product = Name::new(row.try_get::<_, String>("product")?)
                .map_err(|error| StoreError::Damaged(error.to_string()))?;
            let key = StockKey { site: (!site.is_nil()).then(|| SiteId::new(site)), product };
            Ok((key, position_of(row.try_get("position")?)?))
        })
        .collect()
}

fn paged(mut listed: Vec<Listed>, page: Option<&RowPage>) -> Result<(Vec<Listed>, Option<String>), ReportError> {
    let limit = page.map_or(REPORT_ROWS_MAX, |page| page.limit);
    if listed.len() <= limit {
        return Ok((listed, None));
    }
    if page.is_none() {
        return Err(too_many_items());
    }
    listed.truncate(limit);
    let cursor = listed.last().map(|(key, _)| {
        let site = key.site.map_or(Uuid::nil(), SiteId::uuid).to_string();
        write_cursor(&[Some(&site), Some(key.product.as_str())])
    });
    Ok((listed, cursor))
}

/// The items at a position. An item that has not changed since is read from its row; the others are folded from the log.
async fn rows(
    tx: &Transaction<'_>,
    tenant: TenantId,
    listed: Vec<Listed>,
    at: Position,
) -> Result<Vec<StockRow>, ReportError> {
    let of = Tenant::load(tx, tenant).await?.ok_or(ProjectionError::NoTenant(tenant))?;
    let currency = currency(tx, tenant).await?;
    let changed: BTreeSet<StockKey> =
        listed.iter().filter(|(_, position)| *position > at).map(|(key, _)| key.clone()).collect();
    let unchanged = listed.iter().filter(|(_, position)| *position <= at).map(|(key, _)| key.clone());
    let keys = StateKeys { stock: unchanged.collect(), ..StateKeys::default() };
    let mut decision_state = DecisionState::default();
    state_store::load(tx, &of, &Versions::active(tx, tenant).await?, &keys, &mut decision_state).await?;
    if !changed.is_empty() {
        decision_state.stock.extend(fold(tx, &of, changed, at).await?.stock);
    }
    let row = |(key, _): &Listed| Some(StockRow::of(key, decision_state.stock.get(key)?, &currency));
    Ok(listed.iter().filter_map(row).collect())
}

impl StockReport {
    /// The rows as a CSV table, one line per item. Its lots are in the view `reporting.stock_lots`.
    pub(crate) fn csv(&self) -> Result<Vec<u8>, ReportError> {
        const HEADER: [&str; 8] =
            ["site", "product", "quantity", "backordered", "value", "currency", "consumed_quantity", "consumed_cost"];
        let sites: Vec<Option<String>> =
            self.rows.iter().map(|row| row.known.site.map(|site| site.to_string())).collect();
        let rows = self.rows.iter().zip(&sites).map(|(row, site)| {
            vec![
                site.as_deref().map_or(Cell::Empty, Cell::Text),
                Cell::Text(&row.known.product),
                Cell::Number(&row.known.quantity),
                Cell::Number(&row.known.backordered),
                Cell::Number(&row.value),
                Cell::Text(&row.currency),
                Cell::Number(&row.consumed_quantity),
                Cell::Number(&row.consumed_cost),
            ]
        });
        Ok(csv_table::table(&HEADER, rows)?)
    }

    /// The parts of the report that a CSV table cannot contain.
    pub(crate) fn freshness(&self) -> (u64, &[Uuid], Option<&str>) {
        (self.complete_through, &self.stale_sites, self.next_cursor.as_deref())
    }

    /// The position up to which the figures include every event.
    pub(crate) fn complete_through(&self) -> u64 {
        self.complete_through
    }

    /// The report as a list of the read model.
    pub(crate) fn into_list(self) -> RowList<StockRow> {
        RowList { rows: self.rows.into_vec(), next_cursor: self.next_cursor }
    }
}
