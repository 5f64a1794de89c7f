//! `GET /api/sync/pull`, `/status` and `/bootstrap`: the reads of a phone.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use comptoir_core::time::Timestamp;
use comptoir_http_edge::{ProblemResponse, page_limit, read_query};
use comptoir_proto::mobile_v1::{BootstrapResponse, DeviceStanding, PullResponse, StatusResponse};
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use comptoir_proto::pull_v1::{DeviceStatus, RowChange, RowKind};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use super::rows;
use crate::api::auth::credential;
use crate::api::caller::CallerHeaders;
use crate::api::device_request::session;
use crate::api::error::summary;
use crate::central::Central;
use crate::database::StoreError;
use crate::devices::device::{Contract, Device};
use crate::devices::mobile::page::{self, MobilePage, MobilePageRequest};
use crate::devices::time_cursor;
use crate::identity::Credential;
use crate::sync_log::{Direction, SyncCounts};

/// The limit up to which a status counts changes.
const PENDING_MAX: usize = 1_000;

fn status_of(device: &Device) -> DeviceStatus {
    let requires_reauth = device.session.as_ref().is_some_and(|session| session.needs_login) && !device.is_revoked;
    DeviceStatus { is_active: !device.is_revoked, requires_reauth }
}

/// A revoked phone gets nothing, and stays where it was.
fn nothing_after(since: Timestamp) -> MobilePage {
    let since = time_cursor::in_milliseconds(since);
    MobilePage { changes: Vec::new(), has_more: false, server_time: since.clone(), ends_at: since, warning: None }
}

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

pub(super) async fn pull(
    State(central): State<Arc<Central>>,
    uri: Uri,
    headers: CallerHeaders,
) -> Result<Json<PullResponse>, ProblemResponse> {
    let credential = credential(&headers);
    let query: MobilePullQuery = read_query(&uri)?;
    let (device, page) = logged_page(&central, &credential, &query.device_id, pull_request(&query)).await?;
    let events = page.changes.into_iter().map(|change| rows::server_event(credential.tenant, change));
    Ok(Json(PullResponse {
        events: events.collect::<Result<_, _>>()?,
        has_more: page.has_more,
        server_time: page.server_time,
        device_status: status_of(&device),
        warning: page.warning,
    }))
}

fn pull_request(query: &MobilePullQuery) -> Result<MobilePageRequest, Problem> {
    let since = time_cursor::parse("since", query.since.as_deref())?;
    Ok(MobilePageRequest { since, continues: true, until: None, limit: limit(query.limit)?, wanted: |_| true })
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
    headers: CallerHeaders,
) -> Result<Json<BootstrapResponse>, ProblemResponse> {
    let credential = credential(&headers);
    let query: BootstrapQuery = read_query(&uri)?;
    let (device, page) = logged_page(&central, &credential, &query.device_id, bootstrap_request(&query)).await?;
    let MobilePage { changes, has_more, server_time, ends_at, warning: _ } = page;
    let mut response = BootstrapResponse {
        products: Vec::new(),
        deliveries_pending: Vec::new(),
        clients: Vec::new(),
        invoices: Vec::new(),
        stock: Vec::new(),
        has_more,
        cursor: has_more.then(|| format!("{server_time}{UNTIL}{ends_at}")),
        server_time: if has_more { server_time } else { ends_at },
        device_status: status_of(&device),
    };
    for change in &changes {
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

/// Separates, in a bootstrap's cursor, the time of its last row and the time at which the bootstrap ends.
const UNTIL: char = '_';

/// A bootstrap ends at the head of its first page; later changes come with the first pull, including rows validated or
/// deleted meanwhile. A bootstrap omits such rows, so one of its pages must not skip a row that the phone holds in its
/// earlier state.
fn bootstrap_request(query: &BootstrapQuery) -> Result<MobilePageRequest, Problem> {
    let cursor = query.cursor.as_deref().unwrap_or_default();
    let (since, until) = cursor.split_once(UNTIL).map_or((cursor, None), |(since, until)| (since, Some(until)));
    let until = until.map(|until| time_cursor::parse("cursor", Some(until))).transpose()?;
    let since = time_cursor::parse("cursor", Some(since))?;
    Ok(MobilePageRequest { since, continues: false, until, limit: limit(query.limit)?, wanted: belongs })
}

/// Whether a bootstrap includes the row.
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
    /// The device's own name for itself. It may be absent where the credential has one phone.
    device_id: Option<String>,
}

/// The state of a phone. The request is not a synchronisation and is not logged as one.
pub(super) async fn status(
    State(central): State<Arc<Central>>,
    uri: Uri,
    headers: CallerHeaders,
) -> Result<Json<StatusResponse>, ProblemResponse> {
    let credential = credential(&headers);
    let query: StatusQuery = read_query(&uri)?;
    let device = match &query.device_id {
        Some(name) => central.devices().contact(&credential, name, Contract::Mobile).await?,
        None => central.devices().only(&credential, Contract::Mobile).await?,
    };
    let pending = match device.is_revoked {
        true => 0,
        false => page::pending(central.database(), &device, PENDING_MAX).await?,
    };
    Ok(Json(StatusResponse {
        // This request has read from the database and, if the last millisecond was still open, written to it.
        server_healthy: true,
        server_time: time_cursor::in_milliseconds(central.clock().now()),
        device: DeviceStanding { is_active: !device.is_revoked, pending_events: pending as u64 },
        sync_required: pending > 0,
    }))
}

/// Reads a page and logs the request, whatever its outcome.
async fn logged_page(
    central: &Central,
    credential: &Credential,
    device_id: &str,
    request: Result<MobilePageRequest, Problem>,
) -> Result<(Device, MobilePage), Problem> {
    let mut sync = session(central, credential.tenant, device_id, Contract::Mobile, Direction::Down);
    let page = async {
        let request = request?;
        let device = central.devices().contact(credential, device_id, Contract::Mobile).await?;
        sync.is_of(device.node);
        let page = match device.is_revoked {
            true => nothing_after(request.since),
            false => page::read(central.database(), &device, &request).await?,
        };
        Ok((device, page))
    };
    let page: Result<(Device, MobilePage), Problem> = page.await;
    let counts = page.as_ref().map(|(_, page)| SyncCounts { events: page.changes.len(), ..SyncCounts::default() });
    sync.end(counts.map_err(summary)).await;
    page
}

fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    page_limit(asked, 100).map_err(|problem| problem.at("limit"))
}
