//! Central's check of its own store. For each tenant: every position from 1 to the head has a row; the decision chain, computed
//! again from the stored decisions, is the one that was noted at the end of each batch and at the head; each epoch of each node
//! has every seq up to its head, and its records link up to the chain noted there.
//!
//! It reads in the order of positions, a page at a time, each page in a short transaction of its own: memory does not grow with
//! the log, and nobody waits for it. Between two pages of the background check it rests as long as the page took. A database that
//! cannot be reached makes it wait and go on where it was. It changes nothing: what is missing comes back from a backup and from
//! the nodes.

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
use crate::event_store::{AlteredColumn, batch_ends, checked_rows, log_heads};
use crate::identity;
pub use findings::{StoreDamage, StoreFindings};
use walk::LogWalk;

/// Positions of a page.
const PAGE_POSITIONS: u64 = 1_000;
/// Rows that cannot be read one by one, until the rest of a tenant's log is called unreadable: each costs a query.
const UNREADABLE_MAX: u32 = 256;
/// How long the background check waits for a database that does not answer.
const AGAIN_AFTER: Duration = Duration::from_secs(10);
/// How long it rests at least between two pages.
const REST_AT_LEAST: Duration = Duration::from_millis(5);

/// How one pass over a tenant's log ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckOutcome {
    /// The head up to which it went.
    pub head: Position,
    /// What does not hold, in the order in which it was found.
    pub findings: Vec<StoreFinding>,
    /// Findings beyond those that are listed.
    pub more_findings: u64,
}

/// Checks a tenant's stored log once, without a rest. `progress` hears how far it has come, and the head.
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

/// Checks every tenant's log, one after the other, at the start and then `every` so often.
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

/// One pass over a tenant's log, between two of its pages.
struct CheckPass {
    tenant: TenantId,
    walk: LogWalk,
    /// Positions of the next page.
    reach: u64,
    /// Rows that could not be read one by one.
    unreadable: u32,
    over: bool,
}

impl CheckPass {
    async fn begin(db: &Database, tenant: TenantId) -> Result<CheckPass, StoreError> {
        let mut connection = db.service().await?;
        let (walk, over) = match log_heads(&mut connection, tenant).await {
            Ok(heads) => (LogWalk::new(tenant, &heads), false),
            // Without the heads nobody knows what there should be.
            Err(StoreError::Damaged(error)) => (LogWalk::without_heads(tenant, &error), true),
            Err(error) => return Err(error),
        };
        Ok(CheckPass { tenant, walk, reach: PAGE_POSITIONS, unreadable: 0, over })
    }

    fn is_over(&self) -> bool {
        self.over
    }

    /// Reads the next page. Where Postgres finds it damaged, pages become smaller until the rows are found that cannot be read,
    /// and the pass goes on behind them. Any other error leaves the pass where it is.
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

/// A column that a reader found not to be what was sealed.
pub(crate) fn altered(tenant: TenantId, column: &AlteredColumn) -> StoreFinding {
    let (first, last) = (column.position.0, column.position.0);
    let (expected, found) = (column.expected(), column.found());
    StoreFinding {
        damage: Damage::Column,
        tenant: tenant.uuid(),
        node: None,
        epoch: None,
        first,
        last,
        expected,
        found,
    }
}

/// What a reader found where it expected rows that read and link up.
pub(crate) fn met(damage: Damage, tenant: TenantId, (first, last): (Position, Position), found: &str) -> StoreFinding {
    let rows = (last.0 + 1).saturating_sub(first.0);
    StoreFinding {
        damage,
        tenant: tenant.uuid(),
        node: None,
        epoch: None,
        first: first.0,
        last: last.0,
        expected: format!("{rows} rows"),
        found: found.to_owned(),
    }
}
