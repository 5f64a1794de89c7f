//! `GET /api/sync/pull`, `/status` and `/bootstrap`: what a phone reads.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use comptoir_core::limits::PAGE_ROWS_MAX;
use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::mobile_v1::{BootstrapResponse, DeviceStanding, PullResponse, StatusResponse};
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use comptoir_proto::pull_v1::{DeviceStatus, RowChange, RowKind};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use super::rows;
use crate::api::{ProblemResponse, credential};
use crate::central::Central;
use crate::database::{self, StoreError};
use crate::devices::changes::{self, ChangePage};
use crate::devices::device::{Contract, Device, contact, keep_pulled_to};
use crate::devices::sync_log::{Direction, SyncCounts, SyncSession};
use crate::devices::{query, time_cursor};
use crate::identity::Credential;

/// Changes that a status counts before it stops.
const PENDING_MAX: usize = 1_000;

/// No device is revoked before there are users.
const ACTIVE: DeviceStatus = DeviceStatus { is_active: true, requires_reauth: false };

#[derive(Deserialize, JsonSchema)]
pub(crate) struct MobilePullQuery {
    /// The device's own name for itself.
    device_id: String,
    /// `server_time` of the answer before.
    since: Option<String>,
    /// Rows of a page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
}

/// What changed.
pub(super) async fn pull(
    State(central): State<Arc<Central>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<PullResponse>, ProblemResponse> {
    let credential = credential(&central, &headers).await?;
    let query: MobilePullQuery = query(&uri)?;
    let sync = SyncSession::of_client(&central, credential.tenant, &query.device_id, Contract::Mobile, Direction::Down);
    let since = time_cursor::parse("since", query.since.as_deref());
    let question = since.map(|since| PullRequest { since, until: None, limit: query.limit, wanted: |_| true });
    let PullPage { page, server_time, .. } = logged(&central, &credential, &query.device_id, question, sync).await?;
    let events = page.changes.into_iter().map(|change| rows::server_event(credential.tenant, change));
    Ok(Json(PullResponse {
        events: events.collect::<Result<_, _>>()?,
        has_more: page.has_more,
        server_time,
        device_status: ACTIVE,
    }))
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct BootstrapQuery {
    /// The device's own name for itself.
    device_id: String,
    /// `cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
}

/// The first load, page by page.
pub(super) async fn bootstrap(
    State(central): State<Arc<Central>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<BootstrapResponse>, ProblemResponse> {
    let credential = credential(&central, &headers).await?;
    let query: BootstrapQuery = query(&uri)?;
    let sync = SyncSession::of_client(&central, credential.tenant, &query.device_id, Contract::Mobile, Direction::Down);
    let question = load(&query);
    let PullPage { page, server_time, ends_at } =
        logged(&central, &credential, &query.device_id, question, sync).await?;
    let mut response = BootstrapResponse {
        products: Vec::new(),
        deliveries_pending: Vec::new(),
        clients: Vec::new(),
        invoices: Vec::new(),
        stock: Vec::new(),
        has_more: page.has_more,
        cursor: page.has_more.then(|| format!("{server_time}{UNTIL}{ends_at}")),
        server_time: if page.has_more { server_time } else { ends_at },
        device_status: ACTIVE,
    };
    for change in &page.changes {
        let payload = rows::payload(change)?;
        let list = match change.key.kind {
            _ if payload.is_null() => continue,
            RowKind::Delivery if payload["status"] != "PENDING" => continue,
            RowKind::Delivery => &mut response.deliveries_pending,
            RowKind::Invoice => &mut response.invoices,
            RowKind::Stock => &mut response.stock,
            RowKind::Entity if change.key.entity_type == "PRODUCT" => &mut response.products,
            RowKind::Entity => &mut response.clients,
        };
        list.push(raw(&payload)?);
    }
    Ok(Json(response))
}

/// In a load's cursor, between the time of its last row and the time at which the load ends.
const UNTIL: char = '_';

/// A load ends where the log stood at its first page: what changes meanwhile is the first pull's, which gives what is validated or
/// deleted by then, too. A load gives no such rows, so a page of it must not pass over one that the phone holds as it was.
fn load(query: &BootstrapQuery) -> Result<PullRequest, Problem> {
    let cursor = query.cursor.as_deref().unwrap_or_default();
    let (since, until) = cursor.split_once(UNTIL).map_or((cursor, None), |(since, until)| (since, Some(until)));
    let until = until.map(|until| time_cursor::parse("cursor", Some(until))).transpose()?;
    Ok(PullRequest { since: time_cursor::parse("cursor", Some(since))?, until, limit: query.limit, wanted: belongs })
}

/// Whether a first load has a place for it.
fn belongs(change: &RowChange) -> bool {
    match change.key.kind {
        RowKind::Delivery | RowKind::Invoice | RowKind::Stock => true,
        RowKind::Entity => matches!(change.key.entity_type.as_str(), "PRODUCT" | "CLIENT"),
    }
}

fn raw(value: &serde_json::Value) -> Result<Box<RawValue>, StoreError> {
    to_raw_value(value).map_err(|error| StoreError::Damaged(error.to_string()))
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct StatusQuery {
    /// The device's own name for itself.
    device_id: String,
}

/// How things stand. It is no synchronisation, and not logged as one.
pub(super) async fn status(
    State(central): State<Arc<Central>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<StatusResponse>, ProblemResponse> {
    let credential = credential(&central, &headers).await?;
    let query: StatusQuery = query(&uri)?;
    let device = contact(&central, &credential, &query.device_id, Contract::Mobile).await?;
    let horizon = time_cursor::horizon(&central, device.tenant).await?;
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, device.tenant).await?;
    let from = device.pulled_to.unwrap_or_default();
    let counted = |change: &mut RowChange| {
        change.row = None;
        true
    };
    let page = changes::page(&tx, &device, from, horizon, PENDING_MAX, counted).await?;
    let pending = page.changes.len().min(PENDING_MAX);
    Ok(Json(StatusResponse {
        // Whoever got here has read from the database and, where the last millisecond was open, written to it.
        server_healthy: true,
        server_time: time_cursor::in_milliseconds(central.clock().now()),
        device: DeviceStanding { is_active: ACTIVE.is_active, pending_events: pending as u64 },
        sync_required: pending > 0,
    }))
}

/// What a phone asks for.
struct PullRequest {
    since: Timestamp,
    /// Nothing that was received later.
    until: Option<Timestamp>,
    limit: Option<usize>,
    wanted: fn(&RowChange) -> bool,
}

/// What it is given.
struct PullPage {
    page: ChangePage,
    /// `since` of the next pull.
    server_time: String,
    /// Up to which time there was anything to give.
    ends_at: String,
}

/// Answers it, and writes down that it was asked.
async fn logged(
    central: &Central,
    credential: &Credential,
    device_id: &str,
    question: Result<PullRequest, Problem>,
    mut sync: SyncSession,
) -> Result<PullPage, Problem> {
    let given = give(central, credential, device_id, question, &mut sync).await;
    let counts = given.as_ref().map(|answer| SyncCounts { events: answer.page.changes.len(), ..SyncCounts::default() });
    sync.end(central, counts).await;
    given
}

async fn give(
    central: &Central,
    credential: &Credential,
    device_id: &str,
    question: Result<PullRequest, Problem>,
    sync: &mut SyncSession,
) -> Result<PullPage, Problem> {
    let question = question?;
    let limit = limit(question.limit)?;
    let device = contact(central, credential, device_id, Contract::Mobile).await?;
    sync.is_of(&device);
    read(central, &device, &question, limit).await.map_err(|error| error.problem())
}

async fn read(
    central: &Central,
    device: &Device,
    question: &PullRequest,
    limit: usize,
) -> Result<PullPage, StoreError> {
    let now = time_cursor::horizon(central, device.tenant).await?;
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, device.tenant).await?;
    let horizon = match question.until {
        Some(until) => now.until(&tx, device.tenant, until).await?,
        None => now,
    };
    let from: Position = time_cursor::position_at(&tx, device.tenant, question.since, horizon).await?;
    let page = changes::page(&tx, device, from, horizon, limit, |change| (question.wanted)(change)).await?;
    let begins_again = device.pulled_to.is_some() && from == Position::ZERO;
    keep_pulled_to(&tx, device, from, horizon, begins_again).await?;
    tx.commit().await?;
    let server_time = time_cursor::next_since(page.last_received_at, question.since, horizon);
    Ok(PullPage { page, server_time, ends_at: time_cursor::in_milliseconds(horizon.closed_to) })
}

fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked.unwrap_or(100) {
        limit @ 1..=PAGE_ROWS_MAX => Ok(limit),
        other => {
            let detail = format!("limit is 1 to {PAGE_ROWS_MAX}, got {other}");
            Err(Problem::new(ErrorCode::InvalidParameter, detail).at("limit"))
        }
    }
}
