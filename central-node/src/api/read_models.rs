//! The routes of the read models. A node may read its site's rows; an administrator may read all.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::routing::{MethodRouter, get};
use comptoir_http_edge::{PathParams, read_query};
use comptoir_proto::paths;
use serde::Serialize;

use super::report_query::{self as params, DocumentQuery, ListPageQuery, OneQuery, StockListQuery};
use super::respond::{ReportCaller, ReportResponse, named, tagged};
use crate::central::Central;
use crate::reporting::read_models::{self, ListQuery};
use crate::reporting::stock::{StockFilter, StockParams};
use crate::reporting::{RowPage, WaitFor};

pub(super) fn router() -> Router<Arc<Central>> {
    Router::new()
        .route(paths::STOCK, get(stock))
        .route(paths::PRODUCTS, entities_of("PRODUCT"))
        .route(paths::CLIENTS, entities_of("CLIENT"))
        .route(paths::CLIENT, get(client))
        .route(paths::DELIVERIES, get(deliveries))
        .route(paths::INVOICES, get(invoices))
        .route(paths::ENTITY, get(entity))
}

/// The current items, with their lots.
async fn stock(
    State(central): State<Arc<Central>>,
    caller: ReportCaller,
    uri: Uri,
    headers: HeaderMap,
) -> ReportResponse {
    let query: StockListQuery = read_query(&uri)?;
    let filter = StockFilter {
        site: caller.site(params::site(query.site.as_deref())?)?,
        product: params::name("product", query.product.as_deref())?,
    };
    let question = StockParams {
        filter,
        as_of: None,
        wait: query.wait_for()?,
        page: Some(params::list_page(query.limit.as_deref(), query.cursor.as_deref(), 2)?),
    };
    let report = central.reports().stock(caller.tenant(), question).await?;
    tagged(&headers, &list_tag(report.complete_through()), &report.into_list())
}

fn entities_of(entity_type: &'static str) -> MethodRouter<Arc<Central>> {
    get(move |State(central): State<Arc<Central>>, caller: ReportCaller, uri: Uri, headers: HeaderMap| async move {
        caller.reads(entity_type)?;
        let query: ListPageQuery = read_query(&uri)?;
        let page = params::list_page(query.limit.as_deref(), query.cursor.as_deref(), 1)?;
        list(&central, &caller, &headers, query.wait_for()?, &ListQuery::entities(entity_type), &page).await
    })
}

/// Deliveries belong to no site.
async fn deliveries(
    State(central): State<Arc<Central>>,
    caller: ReportCaller,
    uri: Uri,
    headers: HeaderMap,
) -> ReportResponse {
    caller.reads("DELIVERY")?;
    let query: DocumentQuery = read_query(&uri)?;
    if let Some(site) = &query.site {
        return Err(params::bad("site", site, "a delivery belongs to no site").into());
    }
    let page = params::list_page(query.limit.as_deref(), query.cursor.as_deref(), 1)?;
    let wait = query.wait_for()?;
    list(&central, &caller, &headers, wait, &ListQuery::deliveries(query.reference), &page).await
}

async fn invoices(
    State(central): State<Arc<Central>>,
    caller: ReportCaller,
    uri: Uri,
    headers: HeaderMap,
) -> ReportResponse {
    let query: DocumentQuery = read_query(&uri)?;
    let page = params::list_page(query.limit.as_deref(), query.cursor.as_deref(), 1)?;
    let site = caller.site(params::site(query.site.as_deref())?)?;
    let wait = query.wait_for()?;
    list(&central, &caller, &headers, wait, &ListQuery::invoices(site, query.reference), &page).await
}

async fn list<R: Serialize>(
    central: &Central,
    caller: &ReportCaller,
    headers: &HeaderMap,
    wait: WaitFor,
    query: &ListQuery<R>,
    page: &RowPage,
) -> ReportResponse {
    let (head, list) = read_models::list(central.reports().source(), caller.tenant(), wait, query, page).await?;
    tagged(headers, &list_tag(head.0), &list)
}

async fn client(
    State(central): State<Arc<Central>>,
    caller: ReportCaller,
    PathParams(id): PathParams<String>,
    uri: Uri,
) -> ReportResponse {
    one(&central, &caller, "CLIENT", &id, &uri).await
}

async fn entity(
    State(central): State<Arc<Central>>,
    caller: ReportCaller,
    PathParams((entity_type, id)): PathParams<(String, String)>,
    uri: Uri,
) -> ReportResponse {
    one(&central, &caller, &entity_type, &id, &uri).await
}

/// The ETag is the entity's version, as used by If-Match and `base_version`. It does not lead to a 304, since conflicts open
/// and close without changing the version.
async fn one(central: &Central, caller: &ReportCaller, entity_type: &str, id: &str, uri: &Uri) -> ReportResponse {
    caller.reads(entity_type)?;
    let query: OneQuery = read_query(uri)?;
    let source = central.reports().source();
    let entity = read_models::entity(source, caller.tenant(), query.wait_for()?, entity_type, id).await?;
    named(entity.version, &entity)
}

/// A list depends only on the tenant's head.
fn list_tag(head: u64) -> String {
    format!("W/\"{head}\"")
}
