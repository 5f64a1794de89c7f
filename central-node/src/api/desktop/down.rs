//! `POST /api/sync/down`: the changes since the client's last synchronisation. Changes that only the client itself made are
//! left out, unless it reloads everything.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use comptoir_core::limits::LIST_BODY_BYTES_MAX;
use comptoir_core::time::Timestamp;
use comptoir_http_edge::{ProblemResponse, RequestBody, page_limit};
use comptoir_proto::desktop_v1::{ENTITY_TYPES_MAX, SyncDownRequest, SyncDownResponse};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;

use crate::api::auth::credential;
use crate::api::caller::CallerHeaders;
use crate::api::device_request::{body as read_body, date, session};
use crate::api::error::summary;
use crate::central::Central;
use crate::devices::desktop::client_clock::ClockReading;
use crate::devices::desktop::entity_types::EntityTypes;
use crate::devices::desktop::page::{self, DesktopPageRequest};
use crate::devices::device::Contract;
use crate::devices::time_cursor;
use crate::identity::Credential;
use crate::sync_log::{Direction, SyncCounts, SyncSession};

/// Changes of a page where the request names no number.
const PAGE_ROWS: usize = 500;

pub(super) async fn down(
    State(central): State<Arc<Central>>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Json<SyncDownResponse>, ProblemResponse> {
    let credential = credential(&headers);
    let bytes = body.json(LIST_BODY_BYTES_MAX).await?;
    let request: SyncDownRequest =
        read_body(&central, credential.tenant, &bytes, Contract::Desktop, Direction::Down).await?;
    let mut sync = session(&central, credential.tenant, &request.client_id, Contract::Desktop, Direction::Down);
    let page = read_page(&central, (&credential, date(&headers)), &request, &mut sync).await;
    let counts = page.as_ref().map(|response| SyncCounts { events: response.changes.len(), ..SyncCounts::default() });
    sync.end(counts.map_err(summary)).await;
    Ok(Json(page?))
}

async fn read_page(
    central: &Central,
    (credential, date): (&Credential, Option<&str>),
    request: &SyncDownRequest,
    sync: &mut SyncSession,
) -> Result<SyncDownResponse, Problem> {
    let since = time_cursor::parse("lastSyncTimestamp", request.last_sync_timestamp.as_deref())?;
    let limit = request.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let limit = page_limit(limit, PAGE_ROWS).map_err(|problem| problem.at("/limit"))?;
    check_types(central, credential, request.entity_types.as_deref().unwrap_or_default()).await?;
    let device = central.devices().contact_of_active(credential, &request.client_id, Contract::Desktop).await?;
    sync.is_of(device.node);
    let types = request.entity_types.as_deref().filter(|types| !types.is_empty());
    let holds_nothing = since == Timestamp(0) && (request.reload || device.pulled_to.is_some());
    let clock = ClockReading::of_request(date, central.clock().now(), std::iter::empty());
    let asked = DesktopPageRequest { since, holds_nothing, types, limit, clock };
    Ok(page::read((central.database(), central.clock()), &device, &asked).await?)
}

async fn check_types(central: &Central, credential: &Credential, asked: &[String]) -> Result<(), Problem> {
    if asked.len() > ENTITY_TYPES_MAX {
        let detail = format!("a request names at most {ENTITY_TYPES_MAX} types, got more");
        return Err(Problem::new(ErrorCode::TooLarge, detail).at("/entityTypes"));
    }
    if asked.is_empty() {
        return Ok(());
    }
    let types = EntityTypes::load(central.database(), credential.tenant).await?;
    asked.iter().enumerate().try_for_each(|(index, asked)| {
        types.check(asked).map_err(|unknown| Problem::from(unknown).at(format!("/entityTypes/{index}")))
    })
}
