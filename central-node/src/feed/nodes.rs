//! The state of each node: its log, its clock, its last push and pull.

use std::time::Duration;

use comptoir_core::id::TenantId;
use comptoir_proto::instant;
use comptoir_proto::openapi::words;
use schemars::JsonSchema;
use serde::Serialize;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::database::{self, Database, Micros, StoreError, natural};
use crate::event_store::tenant_head;

/// The nodes of a tenant, as `GET /api/v1/nodes` answers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct NodeList {
    /// The offset from which a clock is reported as drifting, in milliseconds.
    drift_limit_ms: u64,
    /// The tenant's head.
    head: u64,
    /// After a restore: order-dependent decisions wait until no node is `restore_pending`.
    restore_window_open: bool,
    nodes: Vec<NodeState>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct NodeState {
    id: Uuid,
    /// Absent for central's own node.
    site: Option<Uuid>,
    name: String,
    /// Absent before the node's first push.
    epoch: Option<i32>,
    /// The seq of the last record that central holds of the epoch.
    seq: Option<u64>,
    /// Whether a fork froze the epoch.
    frozen: bool,
    #[schemars(with = "Option<words::Instant>")]
    last_push_at: Option<String>,
    /// The node's clock minus central's, at the last push with new records.
    clock_offset_ms: Option<i64>,
    /// Whether the offset is over the limit, in either direction.
    clock_drift: bool,
    /// The time of the last pull, exact to a minute.
    #[schemars(with = "Option<words::Instant>")]
    last_pull_at: Option<String>,
    /// The position up to which the node had every change at that pull.
    pulled_to: Option<u64>,
    /// After a restore: the node has not yet resent the decisions that it had received.
    restore_pending: bool,
    /// When the node was revoked: nothing that it sends since takes effect.
    #[schemars(with = "Option<words::Instant>")]
    revoked_at: Option<String>,
    /// When central received the proof that the node destroyed its data.
    #[schemars(with = "Option<words::Instant>")]
    wiped_at: Option<String>,
    /// Records that were lost with that data.
    unsent: Option<u64>,
}

impl NodeState {
    fn read(row: &Row, drift_limit_ms: u64) -> Result<NodeState, StoreError> {
        let at =
            |column| Ok::<_, StoreError>(row.try_get::<_, Option<Micros>>(column)?.map(|at| instant::format(at.0)));
        let number = |column| row.try_get::<_, Option<i64>>(column)?.map(natural).transpose();
        let offset: Option<i64> = row.try_get("clock_offset_micros")?;
        let clock_offset_ms = offset.map(|micros| micros / 1000);
        Ok(NodeState {
            id: row.try_get("node_id")?,
            site: row.try_get("site_id")?,
            name: row.try_get("name")?,
            epoch: row.try_get("epoch")?,
            seq: number("last_seq")?,
            frozen: row.try_get::<_, Option<bool>>("frozen")?.unwrap_or_default(),
            last_push_at: at("last_push_at")?,
            clock_offset_ms,
            clock_drift: clock_offset_ms.is_some_and(|offset| offset.unsigned_abs() > drift_limit_ms),
            last_pull_at: at("last_pull_at")?,
            pulled_to: number("pulled_to")?,
            restore_pending: row.try_get("restore_pending")?,
            revoked_at: at("revoked_at")?,
            wiped_at: at("wiped_at")?,
            unsent: number("unsent")?,
        })
    }
}

/// The state of each node of a tenant. A clock drifts past `drift_limit`, either way.
pub(crate) async fn list(database: &Database, tenant: TenantId, drift_limit: Duration) -> Result<NodeList, StoreError> {
    let drift_limit_ms = u64::try_from(drift_limit.as_millis()).unwrap_or(u64::MAX);
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let head = tenant_head(&tx, tenant).await?;
    let (head, restore_window_open) = head.map_or((0, false), |head| (head.head.0, head.restore_window_open));
    let statement = tx.prepare_cached(include_str!("nodes.sql")).await?;
    let rows = tx.query(&statement, &[&tenant.uuid()]).await?;
    let nodes = rows.iter().map(|row| NodeState::read(row, drift_limit_ms)).collect::<Result<_, _>>()?;
    Ok(NodeList { drift_limit_ms, head, restore_window_open, nodes })
}
