//! Times as cursors that never skip events committed late.
//!
//! `received_at` is assigned under the tenant's lock and strictly increases, so it orders events as positions do. A client's
//! time has milliseconds, however, and one millisecond may have several events. So a millisecond is closed before any of its
//! events is sent: the tenant's `last_received_at` is raised to its end, and later events are received after it. A page never
//! ends inside a millisecond, and a time means the whole millisecond.
//!
//! A client may send another time than the one it was given: the time of its own clock, which may be wrong. Such a time would
//! skip what was received since the last answer. So central remembers the last position that it gave to each device, and no
//! time means a later one ([`since`]).

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_messages::{Language, Message};
use comptoir_proto::instant;
use deadpool_postgres::Transaction;

use super::device::{Contract, Device};
use crate::database::{self, Database, StoreError};
use crate::event_store::{self, TenantHead, lock_tenant, raise_tenant, tenant_head};

const MILLI: i64 = 1_000;

/// The end of what can be sent now: no event after `head` will ever be received at or before `closed_to`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Horizon {
    pub(crate) head: Position,
    pub(crate) closed_to: Timestamp,
}

impl Horizon {
    /// The horizon at an earlier time: its whole millisecond is closed, since a later one is.
    pub(crate) async fn until(
        self,
        tx: &Transaction<'_>,
        tenant: TenantId,
        until: Timestamp,
    ) -> Result<Horizon, StoreError> {
        let head = position_at(tx, tenant, until, self).await?;
        Ok(Horizon { head, closed_to: end_of_millisecond(until).min(self.closed_to) })
    }
}

/// Closes the millisecond of the last event if it is still open.
pub(crate) async fn horizon(database: &Database, tenant: TenantId) -> Result<Horizon, StoreError> {
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let head = tenant_head(&tx, tenant).await?;
    let head = head.ok_or_else(|| StoreError::Damaged(format!("tenant {tenant} has no head")))?;
    if end_of_millisecond(head.last_received_at) == head.last_received_at {
        return Ok(Horizon { head: head.head, closed_to: head.last_received_at });
    }
    let head = lock_tenant(&tx, tenant).await?;
    let head = head.ok_or_else(|| StoreError::Damaged(format!("tenant {tenant} has no head")))?;
    let closed_to = end_of_millisecond(head.last_received_at);
    raise_tenant(&tx, tenant, TenantHead { last_received_at: closed_to, ..head }).await?;
    tx.commit().await?;
    Ok(Horizon { head: head.head, closed_to })
}

/// The position of the last event received by a time.
pub(crate) async fn position_at(
    tx: &Transaction<'_>,
    tenant: TenantId,
    time: Timestamp,
    horizon: Horizon,
) -> Result<Position, StoreError> {
    let until = end_of_millisecond(time);
    if until >= horizon.closed_to {
        return Ok(horizon.head);
    }
    Ok(event_store::position_at_time(tx, tenant, until, horizon.head).await?.min(horizon.head))
}

/// What a device's time says about what the device has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Since {
    /// The time that the device sent.
    pub(crate) time: Timestamp,
    /// The device has everything up to here.
    pub(crate) from: Position,
    /// Whether central never gave that time to the device: it is in the future, or later than the last one given.
    pub(crate) is_ahead: bool,
}

impl Since {
    fn new(time: Timestamp, claimed: Position, given: Option<Position>, was_reached: bool) -> Since {
        let from = match given {
            Some(given) => claimed.min(given),
            None if was_reached => claimed,
            None => Position::ZERO,
        };
        Since { time, from, is_ahead: !was_reached || from < claimed }
    }

    /// What the developer of a client whose time is ahead should know, in French as the customer documents are.
    pub(crate) fn warning(self, contract: Contract) -> Option<String> {
        let message = Message::new("device-time-ahead").with("field", contract.cursor_field());
        self.is_ahead.then(|| message.text(Language::French))
    }
}

/// The position up to which a device that sends this time has everything: never later than what it was given. A device that
/// was never given anything may have the time of another one, which it replaces; a time in the future is nobody's.
pub(crate) async fn since(
    tx: &Transaction<'_>,
    device: &Device,
    time: Timestamp,
    horizon: Horizon,
) -> Result<Since, StoreError> {
    let claimed = position_at(tx, device.tenant, time, horizon).await?;
    Ok(Since::new(time, claimed, device.given_to, end_of_millisecond(time) <= horizon.closed_to))
}

/// The end of a page: the time for the device's next request, and its position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PageEnd {
    pub(crate) time: Timestamp,
    pub(crate) position: Position,
}

impl PageEnd {
    /// The end of a page whose last change was received at `last`; of the last page, the horizon. Even a page without changes
    /// thus has a time by which central recognises the device: a tenant's first records are as old as the tenant.
    pub(crate) async fn of(
        tx: &Transaction<'_>,
        tenant: TenantId,
        last: Option<Timestamp>,
        has_more: bool,
        horizon: Horizon,
    ) -> Result<PageEnd, StoreError> {
        match last.filter(|_| has_more) {
            Some(last) => Ok(PageEnd { time: last, position: position_at(tx, tenant, last, horizon).await? }),
            None => Ok(PageEnd { time: horizon.closed_to, position: horizon.head }),
        }
    }
}

/// A time that cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {}", instant::refusal(text, "ISO 8601"))]
pub(crate) struct BadTime {
    /// The name of the parameter or field.
    pub(crate) name: &'static str,
    pub(crate) text: String,
}

/// Parses a client's time, in UTC if it has no offset; without a time, the beginning of time.
pub(crate) fn parse(name: &'static str, text: Option<&str>) -> Result<Timestamp, BadTime> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(Timestamp(0)) };
    // A `+` in a query string is decoded as a space.
    let read = instant::parse(text)
        .or_else(|| instant::parse(&format!("{text}Z")))
        .or_else(|| instant::parse(&text.replace(' ', "+")));
    read.ok_or_else(|| BadTime { name, text: text.to_owned() })
}

/// `2026-01-07T10:00:00.123Z`, the format of a JavaScript `Date`.
pub(crate) fn in_milliseconds(at: Timestamp) -> String {
    let millis = at.0.div_euclid(MILLI);
    match jiff::Timestamp::from_millisecond(millis) {
        Ok(at) => format!("{at:.3}"),
        Err(_) => instant::format(at),
    }
}

/// Whether two instants lie in one millisecond.
pub(crate) fn same_millisecond(left: Timestamp, right: Timestamp) -> bool {
    end_of_millisecond(left) == end_of_millisecond(right)
}

/// The last microsecond of its millisecond.
fn end_of_millisecond(at: Timestamp) -> Timestamp {
    Timestamp(at.0.div_euclid(MILLI).saturating_mul(MILLI).saturating_add(MILLI - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_milliseconds_and_stands_for_all_of_its_own() {
        let at = instant::parse("2026-01-07T10:00:00.123456Z").expect("an instant");
        assert_eq!(in_milliseconds(at), "2026-01-07T10:00:00.123Z");
        assert_eq!(in_milliseconds(Timestamp(0)), "1970-01-01T00:00:00.000Z");
        let back = parse("since", Some("2026-01-07T10:00:00.123Z")).expect("an instant");
        assert!(same_millisecond(at, back) && !same_millisecond(at, back.shifted(1_000)));
        assert_eq!(parse("since", Some("2026-01-07T11:00:00.123 01:00")).expect("an instant"), back);
        assert_eq!(parse("since", Some("2026-01-07T10:00:00.123")).expect("in UTC"), back);
        assert_eq!(parse("since", Some("2026-01-07 10:00:00.123")).expect("as SQLite writes it"), back);
        assert!(parse("since", Some("yesterday")).is_err());
    }

    /// D2, M9.
    #[test]
    fn a_time_means_no_more_than_the_device_was_given() {
        let position = |position: Option<u64>| position.map(Position);
        for (claimed, given, was_reached, from, is_ahead) in [
            (9, Some(9), true, 9, false),
            (4, Some(9), true, 4, false),
            (9, Some(4), true, 4, true),
            // The clock is ahead, and nothing has been received since.
            (9, Some(9), false, 9, true),
            (9, Some(4), false, 4, true),
            // The first request of a new device: with the time of the one that it replaces, or with its own clock.
            (9, None, true, 9, false),
            (9, None, false, 0, true),
            (0, None, true, 0, false),
        ] {
            let since = Since::new(Timestamp(0), Position(claimed), position(given), was_reached);
            assert_eq!((since.from, since.is_ahead), (Position(from), is_ahead), "{claimed} {given:?} {was_reached}");
        }
    }
}
