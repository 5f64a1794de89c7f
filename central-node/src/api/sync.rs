//! `GET /api/v1/sync/status`: where central stands with the calling node.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::instant;
use comptoir_proto::problem::Problem;
use comptoir_proto::sync_v1::SyncStatus;

use super::{Refusal, credential};
use crate::central::Central;
use crate::database;
use crate::event_store::{NodeLog, node_logs};
use crate::identity::Access;
use crate::ingest::head_dto;

/// The node's head as it is held, central's clock, and which central this is.
pub(super) async fn status(
    State(central): State<Arc<Central>>,
    headers: HeaderMap,
) -> Result<Json<SyncStatus>, Refusal> {
    let credential = credential(&central, &headers).await?;
    let Access::Node { node, .. } = credential.access else {
        return Err(Problem::new(ErrorCode::Forbidden, "only a node's key has a log here").into());
    };
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, credential.tenant).await?;
    let logs = node_logs(&tx, credential.tenant, &[node]).await?;
    let head = logs.get(&node).and_then(NodeLog::open).map(head_dto);
    Ok(Json(SyncStatus {
        head,
        server_time: instant::format(central.clock().now()),
        incarnation: central.incarnation(),
    }))
}
