//! The sales report: sales, returns, write-offs and adjustments, grouped by one key.

use std::cmp::Ordering;

use comptoir_core::id::{SiteId, TenantId};
use comptoir_core::money::{Currency, padded, plain};
use comptoir_core::position::Position;
use comptoir_proto::openapi::words;
use deadpool_postgres::Transaction;
use jiff::civil::Date;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::answer_cache::{AnswerCache, SharedRows, merged};
use super::csv_table::{self, Cell};
use super::error::ReportError;
use super::freshness;
use super::question::{AsOf, REPORT_ROWS_MAX, RowPage, WaitFor, write_cursor};
use super::recent_answers::Answer;
use super::source::ReportSource;
use crate::database::{StoreError, begin_snapshot_of_no_tenant, set_tenant};
use crate::projections::progress::ProjectionMark;
use crate::projections::{Projection, active_version, position_of, position_sql};
use crate::state_store::ActiveVersion;

/// The key that rows are grouped by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum SalesGrouping {
    Day,
    Month,
    Site,
    Product,
    Country,
    Customer,
    User,
    Entity,
}

impl SalesGrouping {
    pub(crate) fn parse(name: &str) -> Option<SalesGrouping> {
        match name {
            "day" => Some(SalesGrouping::Day),
            "month" => Some(SalesGrouping::Month),
            "site" => Some(SalesGrouping::Site),
            "product" => Some(SalesGrouping::Product),
            "country" => Some(SalesGrouping::Country),
            "customer" => Some(SalesGrouping::Customer),
            "user" => Some(SalesGrouping::User),
            "entity" => Some(SalesGrouping::Entity),
            _ => None,
        }
    }

    /// The key as an SQL expression: text that sorts by its bytes.
    fn expression(self) -> &'static str {
        match self {
            SalesGrouping::Day => "to_char(day, 'YYYY-MM-DD') collate \"C\"",
            SalesGrouping::Month => "to_char(day, 'YYYY-MM') collate \"C\"",
            SalesGrouping::Site => "site_id::text collate \"C\"",
            SalesGrouping::Product => "product",
            SalesGrouping::Country => "country",
            SalesGrouping::Customer => "customer",
            SalesGrouping::User => "user_name",
            SalesGrouping::Entity => "entity_id",
        }
    }
}

/// The sales that count, and their grouping.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct SalesFilter {
    /// The first day, in the tenant's zone.
    pub(crate) from: Option<Date>,
    /// The last day, included.
    pub(crate) to: Option<Date>,
    pub(crate) by: SalesGrouping,
    pub(crate) site: Option<SiteId>,
    pub(crate) currency: Option<Currency>,
}

/// The parameters of the report.
#[derive(Clone, Debug)]
pub(crate) struct SalesParams {
    pub(crate) filter: SalesFilter,
    pub(crate) as_of: Option<AsOf>,
    pub(crate) wait: WaitFor,
    pub(crate) page: Option<RowPage>,
}

/// The sales report.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct SalesReport {
    /// The figures include every event up to this position.
    complete_through: u64,
    /// Sites whose figures may be incomplete.
    stale_sites: Vec<Uuid>,
    /// Events that could not be counted; an operator should check them.
    #[serde(skip_serializing_if = "is_zero")]
    parked: u64,
    /// Sorted by the bytes of key and currency; unknown keys come first.
    #[schemars(with = "Vec<SalesRow>")]
    rows: SharedRows<SalesRow>,
    /// The cursor of the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The totals of one key in one currency.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct SalesRow {
    key: Option<String>,
    #[schemars(with = "words::CurrencyCode")]
    currency: String,
    sales: i64,
    refunds: i64,
    write_offs: i64,
    adjustments: i64,
    lines: i64,
    /// The quantity sold minus the quantity returned.
    #[schemars(with = "words::Decimal")]
    quantity: String,
    #[schemars(with = "words::Decimal")]
    written_off: String,
    #[schemars(with = "words::Decimal")]
    adjusted: String,
    amount_minor: i128,
    /// Major units, unrounded, with at least the currency's decimals.
    #[schemars(with = "words::Decimal")]
    amount: String,
    /// Events whose true time is unknown, so that their day may be wrong: `CLOCK_UNSURE` or `TIME_IN_FUTURE` is in their
    /// flags.
    time_unsure: i64,
}

/// Answers a question, once the projection has applied the positions it needs.
pub(crate) async fn report(
    source: &ReportSource,
    cache: &AnswerCache<PresentSales, SalesRow>,
    tenant: TenantId,
    question: &SalesParams,
) -> Result<SalesReport, ReportError> {
    let now = source.clock.now();
    let past = match question.as_of {
        Some(as_of) => Some(freshness::past(&source.database, tenant, as_of, now).await?),
        None => None,
    };
    let mut wait = question.wait;
    wait.position = wait.position.max(past.map_or(Position::ZERO, |past| past.position));
    freshness::wait_for(&source.progress, tenant, ProjectionMark::Projected, wait).await?;

    let database = &source.database;
    let mut connection = if past.is_none() { database.reports().await? } else { database.service().await? };
    let tx = begin_snapshot_of_no_tenant(&mut connection).await?;
    // Pipelined, in this order: one round trip.
    let ((), read) = tokio::try_join!(biased; set_tenant(&tx, tenant), active_version(&tx, tenant, Projection::Sales))?;
    let complete_through = past.map_or(read.position, |past| past.position);
    let rows = async {
        match (past, &question.page) {
            (None, None) => present(&tx, tenant, read, question, cache).await,
            _ => {
                rows(&tx, tenant, read.number, (Position::ZERO, complete_through), question).await.map(SharedRows::from)
            }
        }
    };
    // Pipelined: one round trip.
    let (rows, stale_sites, parked) = tokio::try_join!(
        rows,
        freshness::stale_sites(&tx, tenant, past, now, source.stale_after),
        parked(&tx, tenant, read.number, complete_through)
    )?;
    let (rows, next_cursor) = paged(rows, question.page.as_ref())?;
    let stale_sites = stale_sites.into_iter().map(SiteId::uuid).collect();
    Ok(SalesReport { complete_through: complete_through.0, stale_sites, parked, rows, next_cursor })
}

impl Answer for SalesReport {
    fn complete_through(&self) -> Position {
        Position(self.complete_through)
    }

    fn row_count(&self) -> usize {
        self.rows.len()
    }
}

/// The key of a cached answer: a question about the present, without its page.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct PresentSales {
    tenant: TenantId,
    version: i32,
    fence: i64,
    filter: SalesFilter,
}

/// The rows up to the projection's position: the cached rows and those of later positions.
async fn present(
    tx: &Transaction<'_>,
    tenant: TenantId,
    read: ActiveVersion,
    question: &SalesParams,
    cache: &AnswerCache<PresentSales, SalesRow>,
) -> Result<SharedRows<SalesRow>, ReportError> {
    let filter = question.filter.clone();
    let asked = PresentSales { tenant, version: read.number, fence: read.fence, filter };
    let earlier = cache.up_to(&asked, read.position);
    if let Some(earlier) = earlier {
        if earlier.to == read.position {
            return Ok(earlier.rows);
        }
        let later = rows(tx, tenant, read.number, (earlier.to, read.position), question).await?;
        if let Some(merged) = merged(&earlier.rows, later, SalesRow::order, SalesRow::plus) {
            let rows = SharedRows::from(merged);
            cache.store(asked, read.position, rows.clone());
            return Ok(rows);
        }
    }
    let rows = SharedRows::from(rows(tx, tenant, read.number, (Position::ZERO, read.position), question).await?);
    cache.store(asked, read.position, rows.clone());
    Ok(rows)
}

async fn parked(tx: &Transaction<'_>, tenant: TenantId, version: i32, to: Position) -> Result<u64, ReportError> {
    let sql = "select count(*) from projection_parked
               where tenant_id = $1 and projection = 'sales' and version = $2 and position <= $3";
    let statement = tx.prepare_cached(sql).await?;
    let row = tx.query_one(&statement, &[&tenant.uuid(), &version, &position_sql(to)]).await?;
    Ok(position_of(row.try_get(0)?)?.0)
}

/// The totals of the lines after `since`: one row more than the answer may have, to detect whether there are more.
async fn rows(
    tx: &Transaction<'_>,
    tenant: TenantId,
    version: i32,
    (since, to): (Position, Position),
    question: &SalesParams,
) -> Result<Vec<SalesRow>, ReportError> {
    let SalesParams { filter: SalesFilter { from, to: until, by, site, currency }, page, .. } = question;
    let limit = page.as_ref().map_or(REPORT_ROWS_MAX, |page| page.limit) + 1;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (from, until) = (from.map(|day| day.to_string()), until.map(|day| day.to_string()));
    let (site, currency) = (site.map(SiteId::uuid), currency.as_ref().map(Currency::as_str));
    let after = page.as_ref().and_then(|page| page.after.as_deref());
    let part = |index: usize| after.and_then(|key| key.get(index)).and_then(Option::as_deref);
    let (is_after, key, after_currency) = (after.is_some(), part(0), part(1));
    let (id, since, to) = (tenant.uuid(), position_sql(since), position_sql(to));
    let parameters: [&(dyn ToSql + Sync); 12] =
        [&id, &version, &to, &from, &until, &site, &currency, &is_after, &key, &after_currency, &limit, &since];
    let sql = include_str!("sales.sql").replace("{key}", by.expression());
    let statement = tx.prepare_cached(&sql).await?;
    tx.query(&statement, &parameters).await?.iter().map(SalesRow::read).collect()
}

fn paged(
    rows: SharedRows<SalesRow>,
    page: Option<&RowPage>,
) -> Result<(SharedRows<SalesRow>, Option<String>), ReportError> {
    let limit = page.map_or(REPORT_ROWS_MAX, |page| page.limit);
    if rows.len() <= limit {
        return Ok((rows, None));
    }
    if page.is_none() {
        return Err(ReportError::TooManyRows { rows: "rows", narrow: "from, to or site" });
    }
    let mut rows = rows.into_vec();
    rows.truncate(limit);
    let cursor = rows.last().map(|last| write_cursor(&[last.key.as_deref(), Some(&last.currency)]));
    Ok((rows.into(), cursor))
}

impl SalesRow {
    fn read(row: &Row) -> Result<SalesRow, ReportError> {
        let minor: &str = row.try_get("amount_minor")?;
        let (currency, amount): (String, String) = (row.try_get("currency")?, row.try_get("amount")?);
        let amount = with_decimals(amount, &currency);
        let no_number = || StoreError::Damaged(format!("{minor:?} is no sum of minor units"));
        Ok(SalesRow {
            key: row.try_get("key")?,
            currency,
            sales: row.try_get("sales")?,
            refunds: row.try_get("refunds")?,
            write_offs: row.try_get("write_offs")?,
            adjustments: row.try_get("adjustments")?,
            lines: row.try_get("lines")?,
            quantity: row.try_get("quantity")?,
            written_off: row.try_get("written_off")?,
            adjusted: row.try_get("adjusted")?,
            amount_minor: minor.parse().map_err(|_| no_number())?,
            amount,
            time_unsure: row.try_get("time_unsure")?,
        })
    }

    /// The report's order: unknown keys first, then by bytes.
    fn order(left: &SalesRow, right: &SalesRow) -> Ordering {
        (&left.key, &left.currency).cmp(&(&right.key, &right.currency))
    }

    /// The exact sum of this row and a later one; `None` if it does not fit.
    fn plus(&self, later: SalesRow) -> Option<SalesRow> {
        Some(SalesRow {
            key: later.key,
            currency: later.currency,
            sales: self.sales.checked_add(later.sales)?,
            refunds: self.refunds.checked_add(later.refunds)?,
            write_offs: self.write_offs.checked_add(later.write_offs)?,
            adjustments: self.adjustments.checked_add(later.adjustments)?,
            lines: self.lines.checked_add(later.lines)?,
            quantity: exact_sum(&self.quantity, &later.quantity)?,
            written_off: exact_sum(&self.written_off, &later.written_off)?,
            adjusted: exact_sum(&self.adjusted, &later.adjusted)?,
            amount_minor: self.amount_minor.checked_add(later.amount_minor)?,
            amount: with_decimals(exact_sum(&self.amount, &later.amount)?, &self.currency),
            time_unsure: self.time_unsure.checked_add(later.time_unsure)?,
        })
    }
}

/// An amount with at least its currency's decimals.
fn with_decimals(amount: String, currency: &str) -> String {
    match Currency::parse(currency) {
        Some(known) => padded(&amount, known),
        None => amount,
    }
}

/// The exact sum of two decimal numbers; `None` if a digit would be lost. Postgres adds numbers of any length. A `Decimal`
/// has 28 digits and rounds longer results, whose scale is then smaller than that of the terms.
fn exact_sum(left: &str, right: &str) -> Option<String> {
    let [left, right] = [left, right].map(|text| Decimal::from_str_exact(text).ok().map(|number| number.normalize()));
    let (left, right) = (left?, right?);
    let sum = left.checked_add(right)?;
    (sum.is_zero() || sum.scale() == left.scale().max(right.scale())).then(|| plain(sum))
}

impl SalesReport {
    /// The rows as a CSV table.
    pub(crate) fn csv(&self) -> Result<Vec<u8>, ReportError> {
        const HEADER: [&str; 13] = [
            "key",
            "currency",
            "sales",
            "refunds",
            "write_offs",
            "adjustments",
            "lines",
            "quantity",
            "written_off",
            "adjusted",
            "amount_minor",
            "amount",
            "time_unsure",
        ];
        let numbers: Vec<[String; 7]> = self.rows.iter().map(SalesRow::counts).collect();
        let rows = self.rows.iter().zip(&numbers).map(
            |(row, [sales, refunds, write_offs, adjustments, lines, minor, unsure])| {
                vec![
                    row.key.as_deref().map_or(Cell::Empty, Cell::Text),
                    Cell::Text(&row.currency),
                    Cell::Number(sales),
                    Cell::Number(refunds),
                    Cell::Number(write_offs),
                    Cell::Number(adjustments),
                    Cell::Number(lines),
                    Cell::Number(&row.quantity),
                    Cell::Number(&row.written_off),
                    Cell::Number(&row.adjusted),
                    Cell::Number(minor),
                    Cell::Number(&row.amount),
                    Cell::Number(unsure),
                ]
            },
        );
        Ok(csv_table::table(&HEADER, rows)?)
    }

    /// The parts of the report that a CSV table cannot contain.
    pub(crate) fn freshness(&self) -> (u64, &[Uuid], Option<&str>) {
        (self.complete_through, &self.stale_sites, self.next_cursor.as_deref())
    }
}

impl SalesRow {
    fn counts(&self) -> [String; 7] {
        [
            self.sales.to_string(),
            self.refunds.to_string(),
            self.write_offs.to_string(),
            self.adjustments.to_string(),
            self.lines.to_string(),
            self.amount_minor.to_string(),
            self.time_unsure.to_string(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_has_every_digit_or_is_not_made() {
        let sum = |left, right| exact_sum(left, right);
        assert_eq!(sum("16.125", "-7.25").as_deref(), Some("8.875"));
        assert_eq!(sum("0.5", "-0.5").as_deref(), Some("0"));
        assert_eq!(sum("0", "0.0001").as_deref(), Some("0.0001"));
        assert_eq!(sum("1000000000000000000000.5", "0.25").as_deref(), Some("1000000000000000000000.75"));
        for (left, right) in [
            // More than 28 digits: the sum would be rounded.
            ("9000000000000000000000000000", "0.0001"),
            ("79228162514264337593543950335", "1"),
            ("100000000000000000000000000000000000000", "1"),
            ("NaN", "1"),
        ] {
            assert_eq!(sum(left, right), None, "{left} + {right}");
        }
    }
}
