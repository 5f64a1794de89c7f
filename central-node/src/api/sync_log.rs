//! `GET /api/v1/sync-log`: every synchronisation, newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use comptoir_http_edge::{PAGE_ROWS, ProblemResponse, page_limit, read_query};
use comptoir_proto::desktop_v1::SyncLogPage;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

use super::auth::admin;
use super::caller::CallerHeaders;
use crate::central::Central;
use crate::sync_log::{self, SyncLogCursor, SyncLogRequest, SyncOutcome};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyncLogQuery {
    /// Only this client.
    client: Option<String>,
    /// Only sessions with this outcome.
    status: Option<SyncOutcome>,
    /// Maximum number of rows of the page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
    /// `next_cursor` of the previous page.
    cursor: Option<String>,
}

pub(super) async fn list(
    State(central): State<Arc<Central>>,
    uri: Uri,
    headers: CallerHeaders,
) -> Result<Json<SyncLogPage>, ProblemResponse> {
    let credential = admin(&headers)?;
    let query: SyncLogQuery = read_query(&uri)?;
    let limit = page_limit(query.limit, PAGE_ROWS).map_err(|problem| problem.at("limit"))?;
    let before = query.cursor.as_deref().map(cursor).transpose()?;
    let request = SyncLogRequest { client: query.client, status: query.status, before, limit };
    Ok(Json(sync_log::page(central.database(), credential.tenant, request, central.clock_drift_limit()).await?))
}

fn cursor(text: &str) -> Result<SyncLogCursor, Problem> {
    let bad = || Problem::new(ErrorCode::InvalidParameter, format!("{text:?} is no cursor of this list")).at("cursor");
    SyncLogCursor::parse(text).ok_or_else(bad)
}
