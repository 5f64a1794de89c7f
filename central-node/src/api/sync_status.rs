//! `GET /api/v1/sync/status`: the head of the calling node's log at central. `GET /api/v1/sync/identity`: which node calls.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use comptoir_http_edge::{ProblemResponse, read_query};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::instant;
use comptoir_proto::problem::Problem;
use comptoir_proto::sync_v1::{SyncIdentity, SyncStatus};
use schemars::JsonSchema;
use serde::Deserialize;

use super::auth::credential;
use super::caller::CallerHeaders;
use super::security_events::note_node_process;
use crate::central::Central;
use crate::database;
use crate::event_store::{NodeHead, NodeLog, node_logs, tenant_head};
use crate::identity::Access;
use crate::ingest::head_dto;
use crate::restore_window::mark_returned;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct StatusQuery {
    /// The number of the calling node's open epoch.
    epoch: Option<u32>,
    /// The last seq of that epoch for which the node has a result. A restored central thus learns whether it lost records of this
    /// node.
    acked: Option<u64>,
}

impl StatusQuery {
    /// Whether central still has every record for which the node has a result.
    fn holds_all_acknowledged(&self, held: Option<&NodeHead>) -> bool {
        match (self.epoch, self.acked) {
            (Some(_), Some(0)) => true,
            (Some(epoch), Some(acked)) => {
                held.is_some_and(|held| held.epoch.number == epoch && held.last_seq.0 >= acked)
            }
            _ => false,
        }
    }
}

/// Answers with the node's head, central's clock and central's incarnation. A restore window stops waiting for a node of which
/// central lost nothing.
pub(super) async fn status(
    State(central): State<Arc<Central>>,
    uri: Uri,
    headers: CallerHeaders,
) -> Result<Json<SyncStatus>, ProblemResponse> {
    let credential = credential(&headers);
    let Access::Node { node, .. } = credential.access else {
        return Err(Problem::new(ErrorCode::Forbidden, "only a node's key has a log here").into());
    };
    note_node_process(&central, &credential, &headers);
    let query: StatusQuery = read_query(&uri)?;
    if query.acked.is_some_and(|acked| i64::try_from(acked).is_err()) {
        return Err(Problem::new(ErrorCode::InvalidParameter, "acked is no sequence number").at("acked").into());
    }
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, credential.tenant).await?;
    let logs = node_logs(&tx, credential.tenant, &[node]).await?;
    let held = logs.get(&node).and_then(NodeLog::open);
    let head = held.map(head_dto);
    let restore_window_open = tenant_head(&tx, credential.tenant).await?.is_some_and(|head| head.restore_window_open);
    drop(tx);
    drop(connection);
    if restore_window_open && query.holds_all_acknowledged(held) {
        mark_returned(central.database(), credential.tenant, node).await?;
    }
    Ok(Json(SyncStatus {
        head,
        server_time: instant::format(central.clock().now()),
        incarnation: central.incarnation(),
    }))
}

/// Answers with the node that the key was issued for, so that a new node needs only its key.
pub(super) async fn identity(headers: CallerHeaders) -> Result<Json<SyncIdentity>, ProblemResponse> {
    let credential = credential(&headers);
    let Access::Node { node, site: Some(site) } = credential.access else {
        return Err(Problem::new(ErrorCode::Forbidden, "this is no key of a shop's node").into());
    };
    Ok(Json(SyncIdentity { tenant: credential.tenant.uuid(), site: site.uuid(), node: node.uuid() }))
}
