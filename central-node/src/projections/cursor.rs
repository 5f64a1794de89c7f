//! The cursor of a projection: how far it has come, and who may move it. Rows and cursor change in one transaction, so an event is
//! applied once however often it is read. Two processes on one database may both try; the owner epoch on the row lets one through.

use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use deadpool_postgres::Transaction;
use uuid::Uuid;

use super::{ProjectionError, Version, position_of, position_sql};

/// The right to move one cursor, as long as nobody else has taken it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Claim {
    /// Whose cursor.
    pub(super) tenant: TenantId,
    /// Of which projection and version.
    pub(super) of: Version,
    /// How far it has come.
    pub(super) position: Position,
    owner_epoch: i64,
}

/// Whether a cursor is taken from an owner who was at work a moment ago.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manner {
    /// No: whoever follows the log by itself waits until the other's time has run out.
    Wait,
    /// Yes: a person asked for it. The other owner is stopped by the fence.
    Take,
}

/// Claims the cursor of a version. Nothing where another owner is at work; that owner may be gone, so its time runs out by itself.
pub(super) async fn claim(
    tx: &Transaction<'_>,
    tenant: TenantId,
    of: Version,
    owner: Uuid,
    manner: Manner,
) -> Result<Option<Claim>, ProjectionError> {
    let (tenant_id, name, version) = (tenant.uuid(), of.projection.name(), of.number);
    let take = manner == Manner::Take;
    let row = tx.query_opt(include_str!("cursor_claim.sql"), &[&tenant_id, &name, &version, &owner, &take]).await?;
    row.map(|row| {
        let position = position_of(row.try_get("position")?)?;
        Ok(Claim { tenant, of, position, owner_epoch: row.try_get("owner_epoch")? })
    })
    .transpose()
}

impl Claim {
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
}
