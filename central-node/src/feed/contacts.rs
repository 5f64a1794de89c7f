//! The time of each node's last pull, for the list of nodes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;

use super::cursor::NodeCaller;
use crate::database::{self, Database, Micros, StoreError, TxPhase, as_bigint};

/// A node's pulls are recorded at most this often.
const CONTACT_EVERY_MICROS: i64 = 60_000_000;

/// When this process last recorded each node.
#[derive(Debug, Default)]
pub(crate) struct LastContacts(Mutex<HashMap<(TenantId, NodeId), Timestamp>>);

impl LastContacts {
    /// Records that a node pulled, at most once a minute. A failure is logged and does not affect the node.
    pub(super) async fn note(&self, database: &Database, caller: NodeCaller, pulled_to: Position, now: Timestamp) {
        {
            let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let last = noted.entry((caller.tenant, caller.node)).or_insert(Timestamp::MIN);
            if now.0.saturating_sub(last.0) < CONTACT_EVERY_MICROS {
                return;
            }
            *last = now;
        }
        if let Err(error) = write_pull(database, caller, pulled_to, now).await {
            tracing::warn!(node.id = %caller.node, %error, "a node's pull could not be noted");
        }
    }
}

async fn write_pull(
    database: &Database,
    caller: NodeCaller,
    pulled_to: Position,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, caller.tenant).await?;
    let sql = "insert into node_pull (tenant_id, node_id, last_pull_at, pulled_to) values ($1, $2, $3, $4)
               on conflict (tenant_id, node_id) do update
               set last_pull_at = excluded.last_pull_at, pulled_to = excluded.pulled_to";
    let statement = tx.prepare_cached(sql).await?;
    let (tenant, node) = (caller.tenant.uuid(), caller.node.uuid());
    tx.execute(&statement, &[&tenant, &node, &Micros(now), &as_bigint(pulled_to.0)]).await?;
    tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))
}
