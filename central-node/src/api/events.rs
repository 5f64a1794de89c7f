//! `/api/v1/events`: the same drafts and responses as at a node, with central's decision in each result; and the log with its
//! decisions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse as _, Response};
use comptoir_core::access::AccessOperation;
use comptoir_core::id::{EventId, Name, SiteId, TenantId};
use comptoir_core::limits::LIST_BODY_BYTES_MAX;
use comptoir_core::position::Position;
use comptoir_http_edge::{
    Media, PAGE_ROWS, PathParams, ProblemResponse, RequestBody, idempotency_key, page_limit, read_query, split_list,
};
use comptoir_proto::api_v1::{DecidedResponse, DraftDto, EventDto, EventPage};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

use super::auth::{DraftWriter, credential};
use super::caller::CallerHeaders;
use super::drafts::{append_list, append_one};
use super::event_rows::event_dto;
use super::page_of_sites::PageOfSites;
use super::stream;
use crate::central::Central;
use crate::database;
use crate::event_store::{self, tenant_head};

/// `POST /api/v1/events`: one draft, a list that is all or nothing, or NDJSON.
pub(super) async fn append(
    State(central): State<Arc<Central>>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Response, ProblemResponse> {
    let author = DraftWriter::of(&headers)?;
    let key = idempotency_key(&headers)?;
    if body.media()? == Media::Ndjson {
        return Ok(stream::answer(central, author, key.map(str::to_owned), body.lines()?));
    }
    let body = body.json(LIST_BODY_BYTES_MAX).await?;
    let results = match split_list(&body)? {
        Some(list) => append_list(&central, &author, key, &list).await?,
        None => vec![append_one(&central, &author, key, DraftDto::read(&body)?).await?],
    };
    Ok(Json(DecidedResponse { results }).into_response())
}

/// Selects a page.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    /// `next` of the previous page.
    #[serde(default)]
    #[schemars(with = "words::PositionNumber")]
    after: u64,
    /// Maximum number of rows of the page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
}

impl EventsQuery {
    /// Parses the query of a request.
    pub(super) fn read(uri: &Uri) -> Result<EventsQuery, Problem> {
        let read: EventsQuery = read_query(uri)?;
        position("after", read.after)?;
        Ok(read)
    }

    pub(super) fn after(&self) -> Position {
        Position(self.after)
    }

    pub(super) fn limit(&self) -> Result<usize, Problem> {
        page_limit(self.limit, PAGE_ROWS)
    }
}

/// Selects a page of the log: after a position, or the last events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogQuery {
    /// `next` of the previous page.
    #[schemars(with = "Option<words::PositionNumber>")]
    after: Option<u64>,
    /// Without `after`: the number of events to return from the end.
    #[schemars(with = "Option<words::PositionNumber>")]
    last: Option<u64>,
    /// Maximum number of rows of the page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
}

impl LogQuery {
    /// The position after which the page begins, given the head.
    fn after(&self, head: Position) -> Result<Position, Problem> {
        let before_last = match self.last {
            Some(last) if i64::try_from(last).is_err() => {
                let detail = format!("last={last}: no log has so many events");
                return Err(Problem::new(ErrorCode::InvalidParameter, detail).at("last"));
            }
            last => last.map(|last| head.0.saturating_sub(last)),
        };
        position("after", self.after.or(before_last).unwrap_or_default())
    }
}

/// Parses a position. Refuses one that the database cannot hold.
pub(super) fn position(name: &str, number: u64) -> Result<Position, Problem> {
    if i64::try_from(number).is_err() {
        let detail = format!("{name}={number}: no position is so high");
        return Err(Problem::new(ErrorCode::InvalidParameter, detail).at(name.to_owned()));
    }
    Ok(Position(number))
}

/// The log after a position. A node reads its own site's part.
pub(super) async fn list(
    State(central): State<Arc<Central>>,
    uri: Uri,
    headers: CallerHeaders,
) -> Result<Json<EventPage>, ProblemResponse> {
    let credential = credential(&headers);
    let query: LogQuery = read_query(&uri)?;
    // An invalid parameter is refused before the database is read.
    query.after(Position::ZERO)?;
    let limit = page_limit(query.limit, 100)?;
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, credential.tenant).await?;
    let head = tenant_head(&tx, credential.tenant).await?.map(|head| head.head).unwrap_or_default();
    let after = query.after(head)?;
    let mut page = PageOfSites::new(credential.sites_for(AccessOperation::Audit), after, limit);
    while let Some((after, rows)) = page.wants() {
        page.take(&event_store::log_page(&tx, credential.tenant, after, head, rows).await?)?;
    }
    Ok(Json(page.finish()))
}

/// An event with its decision, as it is shown.
pub(super) async fn stored_event(central: &Central, tenant: TenantId, id: EventId) -> Result<EventDto, Problem> {
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let row = event_store::by_event_id(&tx, tenant, id).await?;
    let row = row.ok_or_else(|| Problem::new(ErrorCode::NotFound, format!("there is no event {id}")))?;
    Ok(event_dto(&row)?)
}

/// One event with its decision.
pub(super) async fn one(
    State(central): State<Arc<Central>>,
    PathParams(id): PathParams<String>,
    headers: CallerHeaders,
) -> Result<Json<EventDto>, ProblemResponse> {
    let credential = credential(&headers);
    let missing = || Problem::new(ErrorCode::NotFound, format!("there is no event {id}"));
    let event = stored_event(&central, credential.tenant, id.parse().map_err(|_| missing())?).await?;
    let site = event.site.map(SiteId::new);
    // Of a record that cannot be decoded neither the type nor the site is known.
    let sites = match Name::new(event.entity_type.as_str()) {
        Ok(entity_type) => credential.reads_events_of(&entity_type),
        Err(_) => credential.sites_for(AccessOperation::Read),
    };
    // Nobody learns of another site's events, not even that they exist.
    if sites.shows(site) { Ok(Json(event)) } else { Err(missing().into()) }
}
