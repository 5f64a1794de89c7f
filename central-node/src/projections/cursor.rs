//! The cursor of a projection: its position, and who may move it. Rows and cursor change in one transaction, so an event is
//! applied once, however often it is read. Two processes on one database may both try; the owner epoch on the row admits one.

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use deadpool_postgres::Transaction;
use uuid::Uuid;

use super::{ProjectionError, Version, position_of, position_sql};

/// The right to move one cursor, as long as no other owner has claimed it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct CursorClaim {
    pub(super) tenant: TenantId,
    pub(super) of: Version,
    pub(super) position: Position,
    owner_epoch: i64,
}

/// The purpose of a claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Purpose {
    /// Following the log in the active version. A working owner is left alone until its lease expires.
    Follow,
    /// Building a version that is not read. The cursor is taken from any owner, because an operator asked for it; the fence
    /// stops the previous one.
    Build,
}

/// Claims the cursor of a version. `None` if there is no such version for that purpose, or another owner is working. That
/// owner may have died, so its lease expires by itself.
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
    /// Moves the cursor in the transaction that writes the rows up to `to`. If no row is updated, another owner has claimed
    /// the cursor, and the transaction must not be committed.
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

    /// Locks the cursor until the transaction ends, or fails if another owner has claimed it.
    pub(super) async fn hold(&mut self, tx: &Transaction<'_>) -> Result<(), ProjectionError> {
        self.advance(tx, self.position).await
    }
}
