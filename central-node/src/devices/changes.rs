//! The changes since a time, for a device of either contract: the rows of its scope, in the order of their last change.

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_proto::pull_v1::RowChange;
use deadpool_postgres::Transaction;
use uuid::Uuid;

use super::device::{Contract, Device};
use super::time_cursor::{Horizon, PageEnd, same_millisecond};
use crate::database::StoreError;
use crate::feed::{FeedPosition, Scope, changes};

/// Rows per query.
const STEP_ROWS: usize = 500;

/// Bytes of rows after which a page ends: small enough to arrive whole over a bad connection. A single millisecond may have
/// more.
const PAGE_BYTES: usize = 1024 * 1024;

pub(super) struct ChangePage {
    pub(super) changes: Vec<RowChange>,
    /// The receipt time of the last change.
    pub(super) last_received_at: Option<Timestamp>,
    /// Whether more may follow.
    pub(super) has_more: bool,
}

impl ChangePage {
    pub(super) async fn end(
        &self,
        tx: &Transaction<'_>,
        tenant: TenantId,
        horizon: Horizon,
    ) -> Result<PageEnd, StoreError> {
        PageEnd::of(tx, tenant, self.last_received_at, self.has_more, horizon).await
    }
}

/// The changes of these types after a position up to the horizon, about `limit` of them or one mebibyte: a page never ends inside
/// a millisecond. `wanted` selects changes, and may drop parts of one that the device does not need.
pub(super) async fn page(
    tx: &Transaction<'_>,
    device: &Device,
    from: Position,
    horizon: Horizon,
    (types, limit): (Option<&[String]>, usize),
    wanted: impl Fn(&mut RowChange) -> bool,
) -> Result<ChangePage, StoreError> {
    let own_invoices = (device.contract == Contract::Mobile).then_some(device.node);
    let scope = Scope { site: device.site, own_invoices, shows_conflicts: false };
    let mut after = FeedPosition::position(from);
    let mut page = ChangePage { changes: Vec::new(), last_received_at: None, has_more: false };
    let mut bytes = 0usize;
    loop {
        let step = changes(tx, device.tenant, scope, &after, (types, STEP_ROWS)).await?;
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

/// The receipt time of a change.
pub(super) fn received_at(change: &RowChange) -> Result<Timestamp, StoreError> {
    let damaged = || StoreError::Damaged(format!("{:?} is no instant", change.received_at));
    instant::parse(&change.received_at).ok_or_else(damaged)
}

/// The id of a change: always the same for the same change.
pub(crate) fn change_id(tenant: TenantId, change: &RowChange) -> Uuid {
    let site = change.key.site.unwrap_or_default();
    let label = format!("change/{}/{}/{}/{site}", change.position, change.key.entity_type, change.key.entity_id);
    Uuid::new_v5(&tenant.uuid(), label.as_bytes())
}
