//! A phone that was given to a shop is sent all its rows once more, among them those that it could not see before.
//!
//! Its `since` is a time that it was given earlier, so the pages begin at the start of the log and lead the phone back over
//! times that are older than the one it had. An answer may be lost, and only the phone's next `since` shows which one it has:
//! that of the last answer, or the one that it had sent.

use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use deadpool_postgres::Transaction;

use crate::database::{Micros, StoreError, as_bigint, natural};
use crate::devices::device::Device;
use crate::devices::time_cursor::same_millisecond;

/// The last answer to a phone on that way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ResentPage {
    /// Where the answer began.
    pub(super) from: Position,
    /// The `since` that it answered.
    pub(super) sent: Timestamp,
    /// The `server_time` that it had.
    pub(super) given: Timestamp,
    /// Whether it led to the present.
    pub(super) is_last: bool,
}

/// What the answer to a phone's next request is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ResendStep {
    /// The phone has everything up to its `since`, on the way or as ever.
    Continue { is_over: bool },
    /// It has nothing, or did not receive the last answer.
    Begin(Position),
}

/// The state of a phone that is sent its rows once more: `None` if it is not, otherwise its last answer, if any.
pub(super) async fn load(tx: &Transaction<'_>, device: &Device) -> Result<Option<Option<ResentPage>>, StoreError> {
    let sql = "select resend_from, resend_sent, resend_given, resend_is_last from device
               where tenant_id = $1 and node_id = $2 and resends";
    let statement = tx.prepare_cached(sql).await?;
    let Some(row) = tx.query_opt(&statement, &[&device.tenant.uuid(), &device.node.uuid()]).await? else {
        return Ok(None);
    };
    let Some(from) = row.try_get::<_, Option<i64>>("resend_from")? else { return Ok(Some(None)) };
    Ok(Some(Some(ResentPage {
        from: Position(natural(from)?),
        sent: row.try_get::<_, Micros>("resend_sent")?.0,
        given: row.try_get::<_, Micros>("resend_given")?.0,
        is_last: row.try_get("resend_is_last")?,
    })))
}

/// The step for a phone that sends `since`.
pub(super) fn step(last: Option<ResentPage>, since: Timestamp) -> ResendStep {
    match last {
        Some(last) if same_millisecond(last.given, since) => ResendStep::Continue { is_over: last.is_last },
        Some(last) if same_millisecond(last.sent, since) => ResendStep::Begin(last.from),
        _ => ResendStep::Begin(Position::ZERO),
    }
}

/// Stores the answer, or with none the end of the way.
pub(super) async fn store(tx: &Transaction<'_>, device: &Device, answer: Option<ResentPage>) -> Result<(), StoreError> {
    let sql =
        "update device set resends = $3, resend_from = $4, resend_sent = $5, resend_given = $6, resend_is_last = $7
               where tenant_id = $1 and node_id = $2";
    let statement = tx.prepare_cached(sql).await?;
    let from = answer.map(|answer| as_bigint(answer.from.0));
    let (sent, given) = (answer.map(|answer| Micros(answer.sent)), answer.map(|answer| Micros(answer.given)));
    let is_last = answer.map(|answer| answer.is_last);
    let (tenant, node) = (device.tenant.uuid(), device.node.uuid());
    tx.execute(&statement, &[&tenant, &node, &answer.is_some(), &from, &sent, &given, &is_last]).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M5.
    #[test]
    fn a_lost_answer_is_sent_again_and_one_that_arrived_is_continued() {
        let at = |milli: i64| Timestamp(milli * 1_000);
        let page = |is_last| Some(ResentPage { from: Position(4), sent: at(90), given: at(50), is_last });
        assert_eq!(step(None, at(90)), ResendStep::Begin(Position::ZERO), "the first request");
        assert_eq!(step(page(false), at(90)), ResendStep::Begin(Position(4)), "the answer was lost");
        assert_eq!(step(page(false), at(50)), ResendStep::Continue { is_over: false });
        assert_eq!(step(page(true), at(50)), ResendStep::Continue { is_over: true });
        assert_eq!(step(page(true), at(70)), ResendStep::Begin(Position::ZERO), "a time that it was not given");
    }
}
