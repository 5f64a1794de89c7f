//! The routes of the reports: parse, call, answer. Reports are over all shops, so they are an administrator's.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::routing::get;
use comptoir_proto::openapi::words;
use comptoir_proto::paths;
use schemars::JsonSchema;
use serde::Deserialize;

use super::lists;
use super::params::{self, Format};
use super::respond::{ReportCaller, ReportResponse, json, read, table};
use super::sales::{self, SalesGrouping, SalesQuestion};
use super::stock::{self, StockQuestion};
use crate::central::Central;

/// The routes; central adds them to its own.
pub(crate) fn router() -> Router<Arc<Central>> {
    Router::new()
        .route(paths::REPORT_SALES, get(sales_report))
        .route(paths::REPORT_STOCK, get(stock_report))
        .route(paths::STOCK, get(lists::stock))
        .route(paths::PRODUCTS, get(lists::products))
        .route(paths::CLIENTS, get(lists::clients))
        .route(paths::CLIENT, get(lists::client))
        .route(paths::DELIVERIES, get(lists::deliveries))
        .route(paths::INVOICES, get(lists::invoices))
        .route(paths::ENTITY, get(lists::entity))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SalesQuery {
    /// First day.
    #[schemars(with = "Option<words::Day>")]
    from: Option<String>,
    /// Last day.
    #[schemars(with = "Option<words::Day>")]
    to: Option<String>,
    /// What a row is about; a day where nothing is said.
    #[schemars(with = "Option<words::SalesKey>")]
    by: Option<String>,
    /// One shop.
    #[schemars(with = "Option<uuid::Uuid>")]
    site: Option<String>,
    /// One currency.
    #[schemars(with = "Option<words::CurrencyCode>")]
    currency: Option<String>,
    /// As it was at a position or an instant.
    as_of: Option<String>,
    /// Answer once this position is in it.
    #[schemars(with = "Option<words::PositionNumber>")]
    min_position: Option<String>,
    /// How many seconds that may take.
    #[schemars(with = "Option<words::WaitSeconds>")]
    wait: Option<String>,
    /// Rows of a page.
    #[schemars(with = "Option<u64>", range(min = 1, max = params::REPORT_ROWS_MAX))]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// `csv` for a table; JSON where nothing is said.
    #[schemars(with = "Option<words::ReportFormat>")]
    format: Option<String>,
}

async fn sales_report(
    State(central): State<Arc<Central>>,
    caller: ReportCaller,
    uri: Uri,
    headers: HeaderMap,
) -> ReportResponse {
    caller.reads_reports()?;
    let query: SalesQuery = read(&uri)?;
    let question = SalesQuestion {
        from: params::day("from", query.from.as_deref())?,
        to: params::day("to", query.to.as_deref())?,
        by: SalesGrouping::parse(query.by.as_deref())?,
        site: params::site(query.site.as_deref())?,
        currency: params::currency(query.currency.as_deref())?,
        as_of: params::as_of(query.as_of.as_deref())?,
        patience: params::patience(query.min_position.as_deref(), query.wait.as_deref())?,
        page: params::report_page(query.limit.as_deref(), query.cursor.as_deref(), 2)?,
    };
    let format = params::format(query.format.as_deref(), &headers)?;
    let report = sales::report(&central, caller.tenant(), &question).await?;
    match format {
        Format::Json => json(&report),
        Format::Csv => table(report.csv(), report.freshness()),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StockReportQuery {
    /// One shop.
    #[schemars(with = "Option<uuid::Uuid>")]
    site: Option<String>,
    /// One product.
    product: Option<String>,
    /// As it was at a position or an instant.
    as_of: Option<String>,
    /// Answer once this position is in it.
    #[schemars(with = "Option<words::PositionNumber>")]
    min_position: Option<String>,
    /// How many seconds that may take.
    #[schemars(with = "Option<words::WaitSeconds>")]
    wait: Option<String>,
    /// Rows of a page.
    #[schemars(with = "Option<u64>", range(min = 1, max = params::REPORT_ROWS_MAX))]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// `csv` for a table; JSON where nothing is said.
    #[schemars(with = "Option<words::ReportFormat>")]
    format: Option<String>,
}

async fn stock_report(
    State(central): State<Arc<Central>>,
    caller: ReportCaller,
    uri: Uri,
    headers: HeaderMap,
) -> ReportResponse {
    caller.reads_reports()?;
    let query: StockReportQuery = read(&uri)?;
    let question = StockQuestion {
        site: params::site(query.site.as_deref())?,
        product: params::name("product", query.product.as_deref())?,
        as_of: params::as_of(query.as_of.as_deref())?,
        patience: params::patience(query.min_position.as_deref(), query.wait.as_deref())?,
        page: params::report_page(query.limit.as_deref(), query.cursor.as_deref(), 2)?,
    };
    let format = params::format(query.format.as_deref(), &headers)?;
    let report = stock::report(&central, caller.tenant(), &question).await?;
    match format {
        Format::Json => json(&report),
        Format::Csv => table(report.csv(), report.freshness()),
    }
}
