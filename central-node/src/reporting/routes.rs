//! The routes of the reports: parse, call, answer. Reports are over all shops, so they are an administrator's.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::routing::get;
use comptoir_proto::paths;
use serde::Deserialize;

use super::lists;
use super::params::{self, Format};
use super::respond::{Answer, Caller, json, read, table};
use super::sales::{self, By, SalesQuestion};
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SalesQuery {
    from: Option<String>,
    to: Option<String>,
    by: Option<String>,
    site: Option<String>,
    currency: Option<String>,
    as_of: Option<String>,
    min_position: Option<String>,
    wait: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
    format: Option<String>,
}

async fn sales_report(State(central): State<Arc<Central>>, caller: Caller, uri: Uri, headers: HeaderMap) -> Answer {
    caller.reads_reports()?;
    let query: SalesQuery = read(&uri)?;
    let question = SalesQuestion {
        from: params::day("from", query.from.as_deref())?,
        to: params::day("to", query.to.as_deref())?,
        by: By::parse(query.by.as_deref())?,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StockQuery {
    site: Option<String>,
    product: Option<String>,
    as_of: Option<String>,
    min_position: Option<String>,
    wait: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
    format: Option<String>,
}

async fn stock_report(State(central): State<Arc<Central>>, caller: Caller, uri: Uri, headers: HeaderMap) -> Answer {
    caller.reads_reports()?;
    let query: StockQuery = read(&uri)?;
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
