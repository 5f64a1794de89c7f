//! The cursor of a projection: how far it has come, and who may move it. Rows and cursor change in one transaction, so an event is
//! applied once however often it is read. Two processes on one database may both try; the owner epoch on the row lets one through.

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use deadpool_postgres::Transaction;
use uuid::Uuid;

use super::{ProjectionError, Version, position_of, position_sql};

/// The right to move one cursor, as long as nobody else has taken it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct CursorClaim {
    /// Whose cursor.
    pub(super) tenant: TenantId,
    /// Of which projection and version.
    pub(super) of: Version,
    /// How far it has come.
    pub(super) position: Position,
    owner_epoch: i64,
}

/// What a cursor is claimed for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Purpose {
    /// To follow the log in the version that is read. An owner at work is left alone until its time has run out.
    Follow,
    /// To build a version that is not read: rows that people read change in no other way. It is taken from any owner, because a
    /// person asked for it; the fence stops the other.
    Build,
}

/// Claims the cursor of a version. Nothing where there is no such version for that purpose, or another owner is at work; that owner may
/// be gone, so its time runs out by itself.
pub(super) async fn claim(
    tx: &Transaction<'_>,
    tenant: TenantId,
    of: Version,
    owner: Uuid,
    purpose: Purpose,
) -> Result<Option<CursorClaim>, ProjectionError> {
    let (tenant_id, name, version) = (tenant.uuid(), of.projection.name(), of.number);
    let build = purpose == Purpose::Build;
    let row = tx.query_opt(include_str!("cursor_claim.sql"), &[&tenant_id, &name, &version, &owner, &build]).await?;
    row.map(|row| {
        let position = position_of(row.try_get("position")?)?;
        Ok(CursorClaim { tenant, of, position, owner_epoch: row.try_get("owner_epoch")? })
    })
    .transpose()
}

impl CursorClaim {
    /// Moves the cursor within the transaction that writes the rows up to `to`. Zero rows updated: another owner came; the transaction
    /// must not be committed.
    pub(super) async fn advance(&mut self, tx: &Transaction<'_>, to: Position) -> Result<(), ProjectionError> {
        assert!(self.position <= to, "a cursor never goes back");
        let (name, version) = (self.of.projection.name(), self.of.number);
        let moved = tx
            .execute(
                include_str!("cursor_advance.sql"),
                &[
                    &self.tenant.uuid(),
                    &name,
                    &version,
                    &position_sql(self.position),
                    &position_sql(to),
                    &self.owner_epoch,
                ],
            )
            .await?;
        if moved == 0 {
            return Err(ProjectionError::Fenced { of: self.of, tenant: self.tenant });
        }
        self.position = to;
        Ok(())
    }

    /// Makes sure that the cursor is still this claim's, and keeps it so until the transaction ends.
    pub(super) async fn hold(&mut self, tx: &Transaction<'_>) -> Result<(), ProjectionError> {
        self.advance(tx, self.position).await
    }
}
