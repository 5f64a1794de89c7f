//! Central's check of its own store. For each tenant: every position from 1 to the head has a row; the decision chain,
//! recomputed from the stored decisions, equals the chain stored at the end of each batch and at the head; each epoch of each
//! node has every seq up to its head, and its records link up to the chain stored there.
//!
//! The check reads pages in the order of positions, each in its own short transaction, so memory does not grow with the log
//! and no writer waits. Between two pages the background check pauses for as long as the page took. If the database cannot be
//! reached, the check waits and then continues where it was. It changes nothing: missing rows are restored from a backup and
//! from the nodes.

mod findings;
mod walk;

use std::time::{Duration, Instant};

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use comptoir_proto::damage::Damage;
use comptoir_proto::store_check_v1::StoreFinding;
use futures_util::TryStreamExt as _;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::database::{Database, StoreError, begin};
use crate::event_store::{batch_ends, checked_rows, log_heads};
use crate::identity;
pub use findings::{StoreDamage, StoreFindings};
use walk::LogWalk;

const PAGE_POSITIONS: u64 = 1_000;
/// The number of unreadable rows after which the rest of a tenant's log is reported as unreadable: each costs a query.
const UNREADABLE_MAX: u32 = 256;
/// How long the background check waits for a database that does not answer.
const AGAIN_AFTER: Duration = Duration::from_secs(10);
/// The shortest pause between two pages.
const REST_AT_LEAST: Duration = Duration::from_millis(5);

/// The result of one pass over a tenant's log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckOutcome {
    /// The head up to which the log was checked.
    pub head: Position,
    /// The findings, in the order in which they were found.
    pub findings: Vec<StoreFinding>,
    /// The number of findings that are not listed.
    pub more_findings: u64,
}

/// Checks a tenant's stored log once, without pauses. `progress` receives the checked position and the head.
pub async fn check(
    db: &Database,
    tenant: TenantId,
    progress: &mut dyn FnMut(Position, Position),
) -> Result<CheckOutcome, StoreError> {
    let mut pass = CheckPass::begin(db, tenant).await?;
    while !pass.is_over() {
        pass.step(db).await?;
        progress(pass.walk.at(), pass.walk.head());
    }
    Ok(pass.checked())
}

/// Checks all tenants' logs in turn, at the start and then at the interval `every`.
pub(crate) async fn check_in_background(
    db: Database,
    clock: Clock,
    health: StoreFindings,
    every: Duration,
    mut stopping: watch::Receiver<bool>,
) {
    loop {
        let round = async {
            check_all(&db, &clock, &health).await;
            tokio::time::sleep(every).await;
        };
        tokio::select! {
            () = round => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}

async fn check_all(db: &Database, clock: &Clock, health: &StoreFindings) {
    let tenants = loop {
        match identity::tenants(db).await {
            Ok(tenants) => break tenants,
            Err(error) => wait_for_database(&error).await,
        }
    };
    for tenant in tenants.into_iter().map(|row| row.tenant) {
        let mut pass = loop {
            match CheckPass::begin(db, tenant).await {
                Ok(pass) => break pass,
                Err(error) => wait_for_database(&error).await,
            }
        };
        while !pass.is_over() {
            let begun = Instant::now();
            if let Err(error) = pass.step(db).await {
                wait_for_database(&error).await;
            }
            health.saw(tenant, &pass.walk);
            tokio::time::sleep(begun.elapsed().max(REST_AT_LEAST)).await;
        }
        health.ended(tenant, &pass.walk, clock.now());
    }
}

async fn wait_for_database(error: &StoreError) {
    tracing::warn!(%error, "the check of the store waits for the database");
    tokio::time::sleep(AGAIN_AFTER).await;
}

/// One pass over a tenant's log, paused between two pages.
struct CheckPass {
    tenant: TenantId,
    walk: LogWalk,
    /// The number of positions of the next page.
    reach: u64,
    /// The number of rows that could not be read, even one by one.
    unreadable: u32,
    over: bool,
}

impl CheckPass {
    async fn begin(db: &Database, tenant: TenantId) -> Result<CheckPass, StoreError> {
        let mut connection = db.service().await?;
        let (walk, over) = match log_heads(&mut connection, tenant).await {
            Ok(heads) => (LogWalk::new(tenant, &heads), false),
            // Without the heads the expected rows are unknown.
            Err(StoreError::Damaged(error)) => (LogWalk::without_heads(tenant, &error), true),
            Err(error) => return Err(error),
        };
        Ok(CheckPass { tenant, walk, reach: PAGE_POSITIONS, unreadable: 0, over })
    }

    fn is_over(&self) -> bool {
        self.over
    }

    /// Reads the next page. If Postgres finds it damaged, pages are shortened until the unreadable rows are found, and the
    /// pass continues after them. Any other error leaves the pass where it is.
    async fn step(&mut self, db: &Database) -> Result<(), StoreError> {
        let after = self.walk.at();
        let up_to = Position(after.0.saturating_add(self.reach).min(self.walk.head().0));
        match self.read(db, (after, up_to)).await {
            Ok(()) => self.reach = self.reach.saturating_mul(2).min(PAGE_POSITIONS),
            Err(StoreError::Damaged(_)) if self.reach > 1 => self.reach = (self.reach / 8).max(1),
            Err(StoreError::Damaged(error)) => {
                self.unreadable += 1;
                let given_up = self.unreadable >= UNREADABLE_MAX;
                self.walk.unreadable(if given_up { self.walk.head() } else { up_to }, &error);
            }
            Err(error) => return Err(error),
        }
        if self.walk.at() >= self.walk.head() {
            self.walk.end();
            self.over = true;
        }
        Ok(())
    }

    async fn read(&mut self, db: &Database, range: (Position, Position)) -> Result<(), StoreError> {
        let mut connection = db.service().await?;
        let tx = begin(&mut connection, self.tenant).await?;
        self.walk.expect_batch_ends(batch_ends(&tx, self.tenant, range).await?);
        let mut rows = std::pin::pin!(checked_rows(&tx, self.tenant, range).await?);
        while let Some(row) = rows.try_next().await? {
            self.walk.row(&row);
        }
        self.walk.read_to(range.1);
        Ok(())
    }

    fn checked(self) -> CheckOutcome {
        let LogWalk { findings, more_findings, .. } = self.walk;
        CheckOutcome { head: self.walk.head, findings, more_findings }
    }
}

/// The finding of a reader that expected rows that decode and link up.
pub(crate) fn met(damage: Damage, tenant: TenantId, (first, last): (Position, Position), found: &str) -> StoreFinding {
    let rows = (last.0 + 1).saturating_sub(first.0);
    let expected = format!("{rows} rows");
    StoreFinding::about_positions(damage, tenant.uuid(), (first.0, last.0), expected, found.to_owned())
}
