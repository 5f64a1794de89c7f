//! A page of changes for a phone.

use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_proto::pull_v1::RowChange;

use super::resend::{self, ResendStep, ResentPage};
use crate::database::{self, Database, StoreError};
use crate::devices::changes::{self, ChangePage};
use crate::devices::device::{Contract, Device, keep_pulled_to};
use crate::devices::time_cursor;

/// A phone's request.
pub(crate) struct MobilePageRequest {
    pub(crate) since: Timestamp,
    /// Whether it is a pull, which continues where the last one ended; a first load starts from its own cursor.
    pub(crate) continues: bool,
    /// Changes received later are left out.
    pub(crate) until: Option<Timestamp>,
    /// The approximate number of rows in the page.
    pub(crate) limit: usize,
    /// Selects the rows that the response may contain.
    pub(crate) wanted: fn(&RowChange) -> bool,
}

/// A phone's page.
pub(crate) struct MobilePage {
    pub(crate) changes: Vec<RowChange>,
    pub(crate) has_more: bool,
    /// `since` of the next pull.
    pub(crate) server_time: String,
    /// The time up to which changes could be sent.
    pub(crate) ends_at: String,
    /// Of a `since` that central never gave to the phone.
    pub(crate) warning: Option<String>,
}

/// Reads a page, and records that the phone has everything up to `since`.
pub(crate) async fn read(
    database: &Database,
    device: &Device,
    request: &MobilePageRequest,
) -> Result<MobilePage, StoreError> {
    let now = time_cursor::horizon(database, device.tenant).await?;
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, device.tenant).await?;
    let horizon = match request.until {
        Some(until) => now.until(&tx, device.tenant, until).await?,
        None => now,
    };
    let resends = if request.continues { resend::load(&tx, device).await? } else { None };
    let step = resends.map_or(ResendStep::Continue { is_over: true }, |last| resend::step(last, request.since));
    let since = time_cursor::since(&tx, device, request.since, horizon).await?;
    let (from, warning): (Position, _) = match step {
        ResendStep::Begin(from) => (from, None),
        ResendStep::Continue { .. } => (since.from, since.warning(Contract::Mobile)),
    };
    let mut limit = request.limit;
    let page = loop {
        let page = changes::page(&tx, device, from, horizon, (None, limit), |change| (request.wanted)(change)).await?;
        // The phone could not tell such a time from the one that it has.
        let stays = |at: Timestamp| time_cursor::same_millisecond(at, request.since);
        if !(page.has_more && resends.is_some() && page.last_received_at.is_some_and(stays)) {
            break page;
        }
        limit = limit.saturating_mul(2);
    };
    let begins_again = device.pulled_to.is_some() && from == Position::ZERO;
    let end = page.end(&tx, device.tenant, horizon).await?;
    keep_pulled_to(&tx, device, (from, end.position, horizon.head), begins_again).await?;
    if resends.is_some() {
        let answer = ResentPage { from, sent: request.since, given: end.time, is_last: !page.has_more };
        let is_over = step == ResendStep::Continue { is_over: true };
        resend::store(&tx, device, (!is_over).then_some(answer)).await?;
    }
    tx.commit().await?;
    let ChangePage { changes, has_more, .. } = page;
    let [server_time, ends_at] = [end.time, horizon.closed_to].map(time_cursor::in_milliseconds);
    Ok(MobilePage { changes, has_more, server_time, ends_at, warning })
}

/// Counts the changes that wait for a phone, up to `max`.
pub(crate) async fn pending(database: &Database, device: &Device, max: usize) -> Result<usize, StoreError> {
    let horizon = time_cursor::horizon(database, device.tenant).await?;
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, device.tenant).await?;
    let resends = resend::load(&tx, device).await?.is_some();
    let from = device.pulled_to.filter(|_| !resends).unwrap_or_default();
    // Counting needs no rows.
    let counted = |change: &mut RowChange| {
        change.row = None;
        true
    };
    let page = changes::page(&tx, device, from, horizon, (None, max), counted).await?;
    Ok(page.changes.len().min(max))
}
