//! The routes of the read models. A node may read what its shop works with; an administrator reads all.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use deadpool_postgres::Object;
use schemars::JsonSchema;
use serde::Deserialize;

use super::params::{self, RowPage};
use super::respond::{ReportCaller, ReportResponse, named, read, tagged};
use super::stock::{self, StockQuestion};
use super::{freshness, read_models};
use crate::api::ProblemResponse;
use crate::central::Central;
use crate::database::begin;
use crate::projections::progress::ProjectionMark;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StockListQuery {
    /// One shop.
    #[schemars(with = "Option<uuid::Uuid>")]
    site: Option<String>,
    /// One product.
    product: Option<String>,
    /// Answer once this position is in it.
    #[schemars(with = "Option<words::PositionNumber>")]
    min_position: Option<String>,
    /// How many seconds that may take.
    #[schemars(with = "Option<words::WaitSeconds>")]
    wait: Option<String>,
    /// Rows of a page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// `GET /api/v1/stock`: the items as they stand, with their lots.
pub(super) async fn stock(
    State(central): State<Arc<Central>>,
    caller: ReportCaller,
    uri: Uri,
    headers: HeaderMap,
) -> ReportResponse {
    let query: StockListQuery = read(&uri)?;
    let question = StockQuestion {
        site: caller.site(params::site(query.site.as_deref())?)?,
        product: params::name("product", query.product.as_deref())?,
        as_of: None,
        patience: params::patience(query.min_position.as_deref(), query.wait.as_deref())?,
        page: Some(params::list_page(query.limit.as_deref(), query.cursor.as_deref(), 2)?),
    };
    let report = stock::report(&central, caller.tenant(), &question).await?;
    tagged(&headers, &list_tag(report.complete_through()), &report.into_list())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListPageQuery {
    /// Answer once this position is in it.
    #[schemars(with = "Option<words::PositionNumber>")]
    min_position: Option<String>,
    /// How many seconds that may take.
    #[schemars(with = "Option<words::WaitSeconds>")]
    wait: Option<String>,
    /// Rows of a page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// `GET /api/v1/products`.
pub(super) async fn products(
    central: State<Arc<Central>>,
    caller: ReportCaller,
    uri: Uri,
    headers: HeaderMap,
) -> ReportResponse {
    entities_of("PRODUCT", central, caller, uri, headers).await
}

/// `GET /api/v1/clients`.
pub(super) async fn clients(
    central: State<Arc<Central>>,
    caller: ReportCaller,
    uri: Uri,
    headers: HeaderMap,
) -> ReportResponse {
    entities_of("CLIENT", central, caller, uri, headers).await
}

async fn entities_of(
    entity_type: &str,
    State(central): State<Arc<Central>>,
    caller: ReportCaller,
    uri: Uri,
    headers: HeaderMap,
) -> ReportResponse {
    let query: ListPageQuery = read(&uri)?;
    let page = params::list_page(query.limit.as_deref(), query.cursor.as_deref(), 1)?;
    let mut connection = ready(&central, &caller, query.min_position.as_deref(), query.wait.as_deref()).await?;
    let tx = begin(&mut connection, caller.tenant()).await?;
    let head = read_models::head(&tx, caller.tenant()).await?;
    let list = read_models::entities(&tx, caller.tenant(), entity_type, &page).await?;
    tagged(&headers, &list_tag(head.0), &list)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DocumentQuery {
    /// One shop.
    #[schemars(with = "Option<uuid::Uuid>")]
    site: Option<String>,
    /// One number.
    reference: Option<String>,
    /// Answer once this position is in it.
    #[schemars(with = "Option<words::PositionNumber>")]
    min_position: Option<String>,
    /// How many seconds that may take.
    #[schemars(with = "Option<words::WaitSeconds>")]
    wait: Option<String>,
    /// Rows of a page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl DocumentQuery {
    fn page(&self) -> Result<RowPage, Problem> {
        params::list_page(self.limit.as_deref(), self.cursor.as_deref(), 1)
    }
}

/// `GET /api/v1/deliveries`, of one reference or all. A delivery belongs to no site.
pub(super) async fn deliveries(
    State(central): State<Arc<Central>>,
    caller: ReportCaller,
    uri: Uri,
    headers: HeaderMap,
) -> ReportResponse {
    let query: DocumentQuery = read(&uri)?;
    if let Some(site) = &query.site {
        return Err(params::bad("site", site, "a delivery belongs to no site").into());
    }
    let page = query.page()?;
    let mut connection = ready(&central, &caller, query.min_position.as_deref(), query.wait.as_deref()).await?;
    let tx = begin(&mut connection, caller.tenant()).await?;
    let head = read_models::head(&tx, caller.tenant()).await?;
    let list = read_models::deliveries(&tx, caller.tenant(), query.reference.as_deref(), &page).await?;
    tagged(&headers, &list_tag(head.0), &list)
}

/// `GET /api/v1/invoices`, of one shop or all, of one reference of any kind or all.
pub(super) async fn invoices(
    State(central): State<Arc<Central>>,
    caller: ReportCaller,
    uri: Uri,
    headers: HeaderMap,
) -> ReportResponse {
    let query: DocumentQuery = read(&uri)?;
    let page = query.page()?;
    let site = caller.site(params::site(query.site.as_deref())?)?;
    let mut connection = ready(&central, &caller, query.min_position.as_deref(), query.wait.as_deref()).await?;
    let tx = begin(&mut connection, caller.tenant()).await?;
    let head = read_models::head(&tx, caller.tenant()).await?;
    let list = read_models::invoices(&tx, caller.tenant(), site, query.reference.as_deref(), &page).await?;
    tagged(&headers, &list_tag(head.0), &list)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OneQuery {
    /// Answer once this position is in it.
    #[schemars(with = "Option<words::PositionNumber>")]
    min_position: Option<String>,
    /// How many seconds that may take.
    #[schemars(with = "Option<words::WaitSeconds>")]
    wait: Option<String>,
}

/// `GET /api/v1/clients/{id}`.
pub(super) async fn client(
    central: State<Arc<Central>>,
    caller: ReportCaller,
    id: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> ReportResponse {
    let Path(id) = id.map_err(|error| bad_path(&error))?;
    one("CLIENT", &id, central, caller, uri).await
}

/// `GET /api/v1/entities/{type}/{id}`.
pub(super) async fn entity(
    central: State<Arc<Central>>,
    caller: ReportCaller,
    key: Result<Path<(String, String)>, PathRejection>,
    uri: Uri,
) -> ReportResponse {
    let Path((entity_type, id)) = key.map_err(|error| bad_path(&error))?;
    one(&entity_type, &id, central, caller, uri).await
}

/// Its ETag is its version: what If-Match and `base_version` name. It is no reason to answer 304: whether a conflict is open moves while the
/// version stands.
async fn one(
    entity_type: &str,
    id: &str,
    State(central): State<Arc<Central>>,
    caller: ReportCaller,
    uri: Uri,
) -> ReportResponse {
    let query: OneQuery = read(&uri)?;
    let mut connection = ready(&central, &caller, query.min_position.as_deref(), query.wait.as_deref()).await?;
    let tx = begin(&mut connection, caller.tenant()).await?;
    let entity = read_models::entity(&tx, caller.tenant(), entity_type, id).await?;
    named(entity.version, &entity)
}

fn bad_path(error: &PathRejection) -> Problem {
    Problem::new(ErrorCode::InvalidParameter, error.body_text())
}

/// Waits for the caller's own write, then takes a connection.
async fn ready(
    central: &Central,
    caller: &ReportCaller,
    min_position: Option<&str>,
    wait: Option<&str>,
) -> Result<Object, ProblemResponse> {
    let patience = params::patience(min_position, wait)?;
    freshness::wait_for(central.progress(), caller.tenant(), ProjectionMark::Head, patience).await?;
    Ok(central.database().service().await?)
}

/// A list is a function of the tenant's head.
fn list_tag(head: u64) -> String {
    format!("W/\"{head}\"")
}
