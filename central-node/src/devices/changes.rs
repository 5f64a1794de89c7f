//! What changed since a time, for a device of either contract: the rows of its scope, in the order of their last change.

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_proto::pull_v1::RowChange;
use deadpool_postgres::Transaction;
use uuid::Uuid;

use super::device::Device;
use super::time_cursor::{Horizon, same_millisecond};
use crate::database::StoreError;
use crate::feed::{FeedPosition, Scope, changes};

/// Rows read at a time.
const STEP_ROWS: usize = 500;

/// Bytes of rows after which a page ends: what a phone on a bad link gets whole before it breaks. A single millisecond may have
/// more.
const PAGE_BYTES: usize = 1024 * 1024;

pub(super) struct ChangePage {
    pub(super) changes: Vec<RowChange>,
    /// When the last of them was received.
    pub(super) last_received_at: Option<Timestamp>,
    /// Whether more may wait.
    pub(super) has_more: bool,
}

/// The changes after a position and up to the horizon, about `limit` of them or a mebibyte: no page ends inside a millisecond.
/// `wanted` says which are given, and may drop what nobody will read of one; the others are passed over.
pub(super) async fn page(
    tx: &Transaction<'_>,
    device: &Device,
    from: Position,
    horizon: Horizon,
    limit: usize,
    wanted: impl Fn(&mut RowChange) -> bool,
) -> Result<ChangePage, StoreError> {
    let scope = Scope { site: device.site, shows_conflicts: false };
    let mut after = FeedPosition::position(from);
    let mut page = ChangePage { changes: Vec::new(), last_received_at: None, has_more: false };
    let mut bytes = 0usize;
    loop {
        let step = changes(tx, device.tenant, scope, &after, STEP_ROWS).await?;
        for mut change in step.changes {
            if change.position > horizon.head.0 {
                return Ok(page);
            }
            let at = received_at(&change)?;
            let full = page.changes.len() >= limit || bytes >= PAGE_BYTES;
            if full && page.last_received_at.is_some_and(|last| !same_millisecond(last, at)) {
                page.has_more = true;
                return Ok(page);
            }
            after = FeedPosition { position: Position(change.position), key: Some(change.key.clone()) };
            if wanted(&mut change) {
                bytes = bytes.saturating_add(change.row.as_ref().map_or(0, |row| row.get().len()));
                page.last_received_at = Some(at);
                page.changes.push(change);
            }
        }
        if !step.more {
            return Ok(page);
        }
    }
}

/// When its change was received.
pub(super) fn received_at(change: &RowChange) -> Result<Timestamp, StoreError> {
    let damaged = || StoreError::Damaged(format!("{:?} is no instant", change.received_at));
    instant::parse(&change.received_at).ok_or_else(damaged)
}

/// The id of a change: the same every time it is given.
pub(crate) fn change_id(tenant: TenantId, change: &RowChange) -> Uuid {
    let site = change.key.site.unwrap_or_default();
    let label = format!("change/{}/{}/{}/{site}", change.position, change.key.entity_type, change.key.entity_id);
    Uuid::new_v5(&tenant.uuid(), label.as_bytes())
}
