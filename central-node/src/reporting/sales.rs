//! `GET /api/v1/reports/sales`: what was sold, returned, written off and adjusted, by one key.

use comptoir_core::id::{SiteId, TenantId};
use comptoir_core::money::{Currency, padded};
use comptoir_core::position::Position;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use deadpool_postgres::Transaction;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::ReportError;
use super::csv_table::{self, Cell};
use super::freshness;
use super::params::{AsOf, Page, Patience, REPORT_ROWS_MAX, bad, write_cursor};
use crate::central::Central;
use crate::database::{StoreError, begin};
use crate::projections::progress::Mark;
use crate::projections::{position_of, position_sql};

/// What a row is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum By {
    Day,
    Month,
    Site,
    Product,
    Country,
    Customer,
    User,
    Entity,
}

impl By {
    /// `by=`; a day where nothing is said.
    pub(super) fn parse(text: Option<&str>) -> Result<By, Problem> {
        match text {
            None | Some("day") => Ok(By::Day),
            Some("month") => Ok(By::Month),
            Some("site") => Ok(By::Site),
            Some("product") => Ok(By::Product),
            Some("country") => Ok(By::Country),
            Some("customer") => Ok(By::Customer),
            Some("user") => Ok(By::User),
            Some("entity") => Ok(By::Entity),
            Some(other) => Err(bad("by", other, "day, month, site, product, country, customer, user or entity")),
        }
    }

    /// As text that sorts by its bytes.
    fn expression(self) -> &'static str {
        match self {
            By::Day => "to_char(day, 'YYYY-MM-DD') collate \"C\"",
            By::Month => "to_char(day, 'YYYY-MM') collate \"C\"",
            By::Site => "site_id::text collate \"C\"",
            By::Product => "product",
            By::Country => "country",
            By::Customer => "customer",
            By::User => "user_name",
            By::Entity => "entity_id",
        }
    }
}

/// The question.
#[derive(Clone, Debug)]
pub(super) struct SalesQuestion {
    /// First day, tenant's zone.
    pub(super) from: Option<Date>,
    /// Last day.
    pub(super) to: Option<Date>,
    pub(super) by: By,
    pub(super) site: Option<SiteId>,
    pub(super) currency: Option<Currency>,
    pub(super) as_of: Option<AsOf>,
    pub(super) patience: Patience,
    pub(super) page: Option<Page>,
}

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SalesReport {
    /// Every event up to here is in the figures.
    complete_to: u64,
    /// Sites of which something may be missing.
    late_sites: Vec<Uuid>,
    /// Events that could not be counted; an operator is to look at them.
    #[serde(skip_serializing_if = "is_zero")]
    parked: u64,
    /// Sorted by the bytes of key and currency; what is not known comes first.
    rows: Vec<SalesRow>,
    /// Of a page that is not the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// One key in one currency.
#[derive(Debug, Serialize, JsonSchema)]
struct SalesRow {
    key: Option<String>,
    #[schemars(with = "words::CurrencyCode")]
    currency: String,
    sales: i64,
    refunds: i64,
    write_offs: i64,
    adjustments: i64,
    lines: i64,
    /// Sold less what came back.
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
    /// Events whose true time is not known, so that their day may be another: `CLOCK_UNSURE` or `TIME_IN_FUTURE` in their flags.
    time_unsure: i64,
}

/// Answers the question, once everything it needs was applied.
pub(super) async fn report(
    central: &Central,
    tenant: TenantId,
    question: &SalesQuestion,
) -> Result<SalesReport, ReportError> {
    let now = central.clock().now();
    let past = match question.as_of {
        Some(as_of) => Some(freshness::past(central.database(), tenant, as_of, now).await?),
        None => None,
    };
    let mut patience = question.patience;
    patience.position = patience.position.max(past.map_or(Position::ZERO, |past| past.position));
    freshness::wait_for(central.progress(), tenant, Mark::Projected, patience).await?;

    let mut connection = central.database().service().await?;
    let tx = begin(&mut connection, tenant).await?;
    let (version, projected) = active(&tx, tenant).await?;
    let complete_to = past.map_or(projected, |past| past.position);
    let rows = rows(&tx, tenant, version, complete_to, question).await?;
    let late_sites = freshness::late_sites(&tx, tenant, past, now, central.late_after()).await?;
    let parked = parked(&tx, tenant, version, complete_to).await?;
    let (rows, next_cursor) = paged(rows, question.page.as_ref())?;
    let late_sites = late_sites.into_iter().map(SiteId::uuid).collect();
    Ok(SalesReport { complete_to: complete_to.0, late_sites, parked, rows, next_cursor })
}

/// The version that is read and how far it has come; nothing was projected yet where there is none.
async fn active(tx: &Transaction<'_>, tenant: TenantId) -> Result<(i32, Position), ReportError> {
    let sql = "select version, position from projection_version
               where tenant_id = $1 and projection = 'sales' and state = 'active'";
    let statement = tx.prepare_cached(sql).await?;
    match tx.query_opt(&statement, &[&tenant.uuid()]).await? {
        Some(row) => Ok((row.try_get(0)?, position_of(row.try_get(1)?)?)),
        None => Ok((0, Position::ZERO)),
    }
}

async fn parked(tx: &Transaction<'_>, tenant: TenantId, version: i32, to: Position) -> Result<u64, ReportError> {
    let sql = "select count(*) from projection_parked
               where tenant_id = $1 and projection = 'sales' and version = $2 and position <= $3";
    let statement = tx.prepare_cached(sql).await?;
    let row = tx.query_one(&statement, &[&tenant.uuid(), &version, &position_sql(to)]).await?;
    Ok(position_of(row.try_get(0)?)?.0)
}

/// One row more than the answer may have, so that it is seen where there are more.
async fn rows(
    tx: &Transaction<'_>,
    tenant: TenantId,
    version: i32,
    to: Position,
    question: &SalesQuestion,
) -> Result<Vec<SalesRow>, ReportError> {
    let SalesQuestion { from, to: until, by, site, currency, page, .. } = question;
    let limit = page.as_ref().map_or(REPORT_ROWS_MAX, |page| page.limit) + 1;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (from, until) = (from.map(|day| day.to_string()), until.map(|day| day.to_string()));
    let (site, currency) = (site.map(SiteId::uuid), currency.as_ref().map(Currency::as_str));
    let after = page.as_ref().and_then(|page| page.after.as_deref());
    let part = |index: usize| after.and_then(|key| key.get(index)).and_then(Option::as_deref);
    let (is_after, key, after_currency) = (after.is_some(), part(0), part(1));
    let (id, to) = (tenant.uuid(), position_sql(to));
    let parameters: [&(dyn ToSql + Sync); 11] =
        [&id, &version, &to, &from, &until, &site, &currency, &is_after, &key, &after_currency, &limit];
    let sql = include_str!("sales.sql").replace("{key}", by.expression());
    let statement = tx.prepare_cached(&sql).await?;
    tx.query(&statement, &parameters).await?.iter().map(SalesRow::read).collect()
}

fn paged(mut rows: Vec<SalesRow>, page: Option<&Page>) -> Result<(Vec<SalesRow>, Option<String>), ReportError> {
    let limit = page.map_or(REPORT_ROWS_MAX, |page| page.limit);
    if rows.len() <= limit {
        return Ok((rows, None));
    }
    if page.is_none() {
        let detail = format!(
            "more than {REPORT_ROWS_MAX} rows: narrow it with from, to or site, or read it in pages with limit=1000, \
             then cursor=<next_cursor>, and the same as_of for every page"
        );
        return Err(Problem::new(ErrorCode::TooLarge, detail).into());
    }
    rows.truncate(limit);
    let cursor = rows.last().map(|last| write_cursor(&[last.key.as_deref(), Some(&last.currency)]));
    Ok((rows, cursor))
}

impl SalesRow {
    fn read(row: &Row) -> Result<SalesRow, ReportError> {
        let minor: &str = row.try_get("amount_minor")?;
        let (currency, amount): (String, String) = (row.try_get("currency")?, row.try_get("amount")?);
        let amount = Currency::parse(&currency).map_or_else(|| amount.clone(), |known| padded(&amount, known));
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
}

impl SalesReport {
    /// The rows as a table.
    pub(super) fn csv(&self) -> Result<Vec<u8>, ReportError> {
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

    /// What a table has no place for.
    pub(super) fn freshness(&self) -> (u64, &[Uuid], Option<&str>) {
        (self.complete_to, &self.late_sites, self.next_cursor.as_deref())
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
