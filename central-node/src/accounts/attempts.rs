//! Slows down guessing: each failed login of an account, or from an address, makes the next ones wait longer. An attempt is
//! counted before its password is compared, so that many at a time do not pass. Accounts that do not exist are counted too, so
//! that an answer shows nothing.
//!
//! The lock is gentle: it ends after minutes and attempts during it do not extend it, because anybody can cause it.

use comptoir_core::id::TenantId;
use comptoir_core::time::Timestamp;
use deadpool_postgres::Transaction;

use crate::database::{Micros, StoreError};

const SECOND: i64 = 1_000_000;
/// The first wait, which doubles with each further failure.
const FIRST_WAIT: i64 = 30 * SECOND;
const LONGEST_WAIT: i64 = 15 * 60 * SECOND;
/// Failures are forgotten after an hour without one.
const FORGOTTEN_AFTER: i64 = 60 * 60 * SECOND;
/// Rows are deleted after a day.
const KEPT: i64 = 24 * 60 * 60 * SECOND;

/// How many failures are free.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FreeFailures {
    /// A person who mistypes a password.
    Account = 5,
    /// A shop whose staff shares one address.
    Address = 50,
}

/// A counted attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Attempt {
    /// It may be tried. `locks` if the account is locked should it fail.
    Free { locks: bool },
    /// It has to wait until then.
    LockedUntil(Timestamp),
}

/// Counts an attempt as failed, unless it has to wait. A success is subtracted later.
pub(super) async fn count(
    tx: &Transaction<'_>,
    tenant: TenantId,
    subject: &[u8; 32],
    free: FreeFailures,
    now: Timestamp,
) -> Result<Attempt, StoreError> {
    let sql =
        "insert into login_failure (tenant_id, subject, failures, last_at, locked_until) values ($1, $2, 0, $3, $3)
               on conflict (tenant_id, subject) do nothing";
    tx.execute(sql, &[&tenant.uuid(), &subject.as_slice(), &Micros(now)]).await?;
    let sql = "select failures, last_at, locked_until from login_failure
               where tenant_id = $1 and subject = $2 for update";
    let row = tx.query_one(sql, &[&tenant.uuid(), &subject.as_slice()]).await?;
    let (before, Micros(last_at), Micros(locked_until)): (i32, Micros, Micros) =
        (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if locked_until > now {
        return Ok(Attempt::LockedUntil(locked_until));
    }
    let failures = if last_at.shifted(FORGOTTEN_AFTER) <= now { 1 } else { before.saturating_add(1) };
    let wait = wait_after(failures, free);
    let sql = "update login_failure set failures = $3, last_at = $4, locked_until = $5
               where tenant_id = $1 and subject = $2";
    let locked = Micros(now.shifted(wait));
    tx.execute(sql, &[&tenant.uuid(), &subject.as_slice(), &failures, &Micros(now), &locked]).await?;
    Ok(Attempt::Free { locks: wait > 0 })
}

/// Forgets an account's failures after a success.
pub(super) async fn forget(tx: &Transaction<'_>, tenant: TenantId, subject: &[u8; 32]) -> Result<(), StoreError> {
    let sql = "delete from login_failure where tenant_id = $1 and subject = $2";
    tx.execute(sql, &[&tenant.uuid(), &subject.as_slice()]).await?;
    Ok(())
}

/// Subtracts an attempt that succeeded from its address, whose other failures stay.
pub(super) async fn subtract(
    tx: &Transaction<'_>,
    tenant: TenantId,
    subject: &[u8; 32],
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "update login_failure set failures = greatest(failures - 1, 0), locked_until = $3
               where tenant_id = $1 and subject = $2";
    tx.execute(sql, &[&tenant.uuid(), &subject.as_slice(), &Micros(now)]).await?;
    Ok(())
}

/// Deletes old rows, so that guessed logins do not fill the table.
pub(super) async fn prune(tx: &Transaction<'_>, tenant: TenantId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "delete from login_failure where tenant_id = $1 and last_at < $2";
    tx.execute(sql, &[&tenant.uuid(), &Micros(now.shifted(-KEPT))]).await?;
    Ok(())
}

fn wait_after(failures: i32, free: FreeFailures) -> i64 {
    let over = failures - free as i32;
    if over < 0 {
        return 0;
    }
    FIRST_WAIT.checked_shl(over.min(16) as u32).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_begins_with_the_fifth_failure_doubles_and_ends_at_a_quarter_of_an_hour() {
        let waits: Vec<i64> = (1..=12).map(|failures| wait_after(failures, FreeFailures::Account) / SECOND).collect();
        assert_eq!(waits, [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]);
        assert_eq!(wait_after(49, FreeFailures::Address), 0);
        assert_eq!(wait_after(i32::MAX, FreeFailures::Address), LONGEST_WAIT);
    }
}
