//! Times as cursors that never skip events committed late.
//!
//! `received_at` is assigned under the tenant's lock and strictly increases, so it orders events as positions do. A client's
//! time has milliseconds, however, and one millisecond may have several events. So a millisecond is closed before any of its
//! events is sent: the tenant's `last_received_at` is raised to its end, and later events are received after it. A page never
//! ends inside a millisecond, and a time means the whole millisecond.

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use deadpool_postgres::Transaction;

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

/// The position up to which a client that names this time has everything.
pub(crate) async fn position_at(
    tx: &Transaction<'_>,
    tenant: TenantId,
    since: Timestamp,
    horizon: Horizon,
) -> Result<Position, StoreError> {
    let until = end_of_millisecond(since);
    if until >= horizon.closed_to {
        return Ok(horizon.head);
    }
    Ok(event_store::position_at_time(tx, tenant, until, horizon.head).await?.min(horizon.head))
}

/// The time for the client's next request: that of the last change sent, or else the time the client sent, but never later
/// than what is closed. A time in the future would hide the changes until then.
pub(crate) fn next_since(last_given: Option<Timestamp>, sent: Timestamp, horizon: Horizon) -> String {
    in_milliseconds(last_given.unwrap_or_else(|| sent.min(horizon.closed_to)))
}

/// A time that cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}={text:?} is no ISO 8601 instant such as 2026-01-07T10:00:00.000Z")]
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

    #[test]
    fn a_time_that_was_not_reached_is_not_given_back() {
        let horizon = Horizon { head: Position(9), closed_to: Timestamp(5_999) };
        assert_eq!(next_since(None, Timestamp(9_000_000), horizon), "1970-01-01T00:00:00.005Z");
        assert_eq!(next_since(None, Timestamp(2_000), horizon), "1970-01-01T00:00:00.002Z");
        assert_eq!(next_since(Some(Timestamp(4_321)), Timestamp(2_000), horizon), "1970-01-01T00:00:00.004Z");
    }
}
