//! The read models as paged lists and single rows, each row with its pending events; the ETag changes with the content.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use comptoir_core::id::Name;
use comptoir_core::limits::PAGE_ROWS_MAX;
use comptoir_http_edge::{
    PathParams, ProblemResponse, has_current, invalid_parameter, not_modified, page_limit, read_query, with_etag,
};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use comptoir_proto::read_v1::{DeliveryRow, EntityRow, InvoiceRow, NodeRow, RowList};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::authorize::Permitted;
use super::costs::{self, PURCHASE_ORDER};
use crate::blocking::blocking;
use crate::caller::Caller;
use crate::event_log::ReadError;
use crate::node::Node;
use crate::read_models::{self, ReadModels, RowPage, SyncProgress, parse_cursor};

type RowsResponse = Result<Response, ProblemResponse>;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RowsQuery {
    /// Maximum number of rows of the page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// `GET /api/v1/products`.
pub(super) async fn products(node: State<Arc<Node>>, uri: Uri, headers: HeaderMap) -> RowsResponse {
    entities("PRODUCT", node, &uri, &headers).await
}

/// `GET /api/v1/clients`.
pub(super) async fn clients(node: State<Arc<Node>>, uri: Uri, headers: HeaderMap) -> RowsResponse {
    entities("CLIENT", node, &uri, &headers).await
}

/// `GET /api/v1/purchase-orders`: the open ones for this node's site. Their costs are shown to those who may see them; a tag
/// would be the same for both, so there is none.
pub(super) async fn purchase_orders(
    State(node): State<Arc<Node>>,
    permitted: Permitted,
    uri: Uri,
) -> Result<Json<RowList<NodeRow<EntityRow>>>, ProblemResponse> {
    let query: RowsQuery = read_query(&uri)?;
    let page = page(query.limit, query.cursor.as_deref())?;
    let (entity_type, line) = (name("type", PURCHASE_ORDER)?, sending(&node));
    let site = node.log().identity().site.uuid().to_string();
    let keep = move |row: &NodeRow<EntityRow>| {
        let fields: OrderFields = serde_json::from_str(row.row.fields.get()).unwrap_or_default();
        !fields.closed && fields.site.is_none_or(|of| of == site)
    };
    let mut list = blocking(move || node.read_models().list::<EntityRow>(&entity_type, &page, line, keep)).await?;
    for row in &mut list.rows {
        costs::hide_in_order(permitted.caller(), row);
    }
    Ok(Json(list))
}

/// What decides whether a node lists an order. A value of another type counts as absent.
#[derive(Deserialize, Default)]
struct OrderFields {
    #[serde(default)]
    closed: bool,
    #[serde(default)]
    site: Option<String>,
}

/// `GET /api/v1/entities/{type}`.
pub(super) async fn entities_of(
    node: State<Arc<Node>>,
    permitted: Permitted,
    PathParams(entity_type): PathParams<String>,
    uri: Uri,
    headers: HeaderMap,
) -> RowsResponse {
    permitted.check_read(&name("type", &entity_type)?)?;
    // The list has one tag for all its readers.
    if entity_type == PURCHASE_ORDER && !permitted.caller().sees_costs() {
        let detail = "these rows have what goods cost; GET /api/v1/purchase-orders has them without";
        return Err(Problem::new(ErrorCode::Forbidden, detail).into());
    }
    entities(&entity_type, node, &uri, &headers).await
}

async fn entities(entity_type: &str, State(node): State<Arc<Node>>, uri: &Uri, headers: &HeaderMap) -> RowsResponse {
    let query: RowsQuery = read_query(uri)?;
    let page = page(query.limit, query.cursor.as_deref())?;
    let entity_type = name("type", entity_type)?;
    let line = sending(&node);
    list(node, headers, line, move |models| models.list::<EntityRow>(&entity_type, &page, line, |_| true)).await
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeliveryQuery {
    /// Only this number.
    reference: Option<String>,
    /// Only validated deliveries, or only those to validate.
    validated: Option<bool>,
    /// Maximum number of rows of the page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// `GET /api/v1/deliveries`: all or one reference; `validated=false` lists those to validate.
pub(super) async fn deliveries(State(node): State<Arc<Node>>, uri: Uri, headers: HeaderMap) -> RowsResponse {
    let DeliveryQuery { reference, validated, limit, cursor } = read_query(&uri)?;
    let page = page(limit, cursor.as_deref())?;
    let delivery = name("type", "DELIVERY")?;
    let keep = move |row: &NodeRow<DeliveryRow>| {
        reference.as_ref().is_none_or(|reference| row.row.reference == *reference)
            && validated.is_none_or(|validated| row.row.validation.is_some() == validated)
    };
    let line = sending(&node);
    list(node, &headers, line, move |models| models.list(&delivery, &page, line, keep)).await
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InvoiceQuery {
    /// Only this number.
    reference: Option<String>,
    /// Maximum number of rows of the page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// `GET /api/v1/invoices`: all or one reference of any kind.
pub(super) async fn invoices(State(node): State<Arc<Node>>, uri: Uri, headers: HeaderMap) -> RowsResponse {
    let InvoiceQuery { reference, limit, cursor } = read_query(&uri)?;
    let page = page(limit, cursor.as_deref())?;
    let invoice = name("type", "INVOICE")?;
    let keep = move |row: &NodeRow<InvoiceRow>| {
        let row = &row.row;
        let of = [Some(&row.reference), row.provisional_reference.as_ref(), row.credit_note.as_ref()];
        reference.as_ref().is_none_or(|reference| of.contains(&Some(reference)))
    };
    let line = sending(&node);
    list(node, &headers, line, move |models| models.list(&invoice, &page, line, keep)).await
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StockRowsQuery {
    /// Only this shop.
    site: Option<Uuid>,
    /// Only this product.
    product: Option<String>,
    /// Maximum number of rows of the page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// `GET /api/v1/stock`: central's figures, their age, and this node's pending quantities.
pub(super) async fn stock(State(node): State<Arc<Node>>, uri: Uri, headers: HeaderMap) -> RowsResponse {
    let StockRowsQuery { site, product, limit, cursor } = read_query(&uri)?;
    let page = page(limit, cursor.as_deref())?;
    let line = node.sync_progress();
    list(node, &headers, line, move |models| {
        models.stock(&page, line, |row| {
            site.is_none_or(|site| row.site == Some(site))
                && product.as_ref().is_none_or(|product| row.product == *product)
        })
    })
    .await
}

/// `GET /api/v1/clients/{id}`.
pub(super) async fn client(node: State<Arc<Node>>, PathParams(id): PathParams<String>, uri: Uri) -> RowsResponse {
    one("CLIENT", &id, node, &uri, None).await
}

/// `GET /api/v1/entities/{type}/{id}`.
pub(super) async fn entity(
    node: State<Arc<Node>>,
    permitted: Permitted,
    PathParams((entity_type, id)): PathParams<(String, String)>,
    uri: Uri,
) -> RowsResponse {
    permitted.check_read(&name("type", &entity_type)?)?;
    one(&entity_type, &id, node, &uri, Some(permitted.caller())).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoQuery {}

/// The ETag is the value for `If-Match` and not a reason to answer 304: the status of pending events and open conflicts changes
/// without it.
async fn one(
    entity_type: &str,
    id: &str,
    State(node): State<Arc<Node>>,
    uri: &Uri,
    reader: Option<&Caller>,
) -> RowsResponse {
    let NoQuery {} = read_query(uri)?;
    let target = read_models::entity(name("type", entity_type)?, name("id", id)?);
    let (entity_type, id) = (target.entity_type.clone(), target.entity_id.clone());
    let found = blocking(move || node.read_models().one::<EntityRow>(&target, node.sync_progress())).await?;
    match found {
        None => Err(Problem::new(ErrorCode::NotFound, format!("this node knows no {entity_type} {id}")).into()),
        Some(found) if found.row.row.deleted => {
            let detail = format!("{entity_type} {id} was deleted, version {}", found.tag.version);
            Err(Problem::new(ErrorCode::NotFound, detail).into())
        }
        Some(mut found) => {
            if let Some(reader) = reader.filter(|_| entity_type.as_str() == PURCHASE_ORDER) {
                costs::hide_in_order(reader, &mut found.row);
            }
            Ok(with_etag(Json(found.row), &found.tag.to_string()))
        }
    }
}

/// The part of the sync progress that a list shows, if its rows have no age.
fn sending(node: &Node) -> SyncProgress {
    SyncProgress { pulled_at: None, ..node.sync_progress() }
}

/// Reads a list on a blocking thread; 304 if the caller has it. `line` is the sync progress that the list shows.
async fn list<R: Serialize + Send + 'static>(
    node: Arc<Node>,
    headers: &HeaderMap,
    line: SyncProgress,
    read: impl FnOnce(&ReadModels) -> Result<R, ReadError> + Send + 'static,
) -> RowsResponse {
    let headers = headers.clone();
    let read = move || {
        // The tag is read before the rows: after a change in between the rows have an older tag, and the next request fetches
        // them.
        let tag = node.read_models().list_tag(line)?;
        let rows = if has_current(&headers, &tag) { None } else { Some(read(node.read_models())?) };
        Ok::<_, ReadError>((tag, rows))
    };
    let (tag, rows) = blocking(read).await?;
    Ok(rows.map_or_else(|| not_modified(&tag), |rows| with_etag(Json(rows), &tag)))
}

fn page(limit: Option<usize>, cursor: Option<&str>) -> Result<RowPage, Problem> {
    let after = cursor.map(|text| {
        parse_cursor(text).ok_or_else(|| invalid_parameter("cursor", text, "give the `next_cursor` of the page before"))
    });
    Ok(RowPage { limit: page_limit(limit, PAGE_ROWS_MAX)?, after: after.transpose()? })
}

fn name(field: &str, text: &str) -> Result<Name, Problem> {
    Name::new(text).map_err(|error| invalid_parameter(field, text, &error.to_string()))
}
