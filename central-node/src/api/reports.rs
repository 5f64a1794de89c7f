//! The routes of the reports. A report covers all sites, so only an administrator may read it.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::routing::get;
use comptoir_http_edge::read_query;
use comptoir_proto::paths;

use super::report_query::{self as params, Format, SalesQuery, StockReportQuery};
use super::respond::{ReportCaller, ReportResponse, json, table};
use crate::central::Central;
use crate::reporting::sales::{SalesFilter, SalesParams};
use crate::reporting::stock::{StockFilter, StockParams};

pub(super) fn router() -> Router<Arc<Central>> {
    Router::new().route(paths::REPORT_SALES, get(sales)).route(paths::REPORT_STOCK, get(stock))
}

async fn sales(
    State(central): State<Arc<Central>>,
    caller: ReportCaller,
    uri: Uri,
    headers: HeaderMap,
) -> ReportResponse {
    let query: SalesQuery = read_query(&uri)?;
    let filter = SalesFilter {
        from: params::day("from", query.from.as_deref())?,
        to: params::day("to", query.to.as_deref())?,
        by: params::grouping(query.by.as_deref())?,
        site: caller.reported_site(params::site(query.site.as_deref())?)?,
        currency: params::currency(query.currency.as_deref())?,
    };
    let question = SalesParams {
        filter,
        as_of: params::as_of(query.as_of.as_deref())?,
        wait: query.wait_for()?,
        page: params::report_page(query.limit.as_deref(), query.cursor.as_deref(), 2)?,
    };
    let format = params::format(query.format.as_deref(), &headers)?;
    let report = central.reports().sales(caller.tenant(), question).await?;
    match format {
        Format::Json => json(&report),
        Format::Csv => table(report.csv(), report.freshness()),
    }
}

async fn stock(
    State(central): State<Arc<Central>>,
    caller: ReportCaller,
    uri: Uri,
    headers: HeaderMap,
) -> ReportResponse {
    let query: StockReportQuery = read_query(&uri)?;
    let filter = StockFilter {
        site: caller.reported_site(params::site(query.site.as_deref())?)?,
        product: params::name("product", query.product.as_deref())?,
    };
    let question = StockParams {
        filter,
        as_of: params::as_of(query.as_of.as_deref())?,
        wait: query.wait_for()?,
        page: params::report_page(query.limit.as_deref(), query.cursor.as_deref(), 2)?,
    };
    let format = params::format(query.format.as_deref(), &headers)?;
    let report = central.reports().stock(caller.tenant(), question).await?;
    match format {
        Format::Json => json(&report),
        Format::Csv => table(report.csv(), report.freshness()),
    }
}
