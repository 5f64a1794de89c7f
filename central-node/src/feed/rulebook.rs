//! Sends the rulebook together with rows: a node with another rulebook would preview decisions that central does not make.

use comptoir_core::id::TenantId;
use comptoir_proto::pull_v1::RulebookInForce;
use deadpool_postgres::Transaction;

use crate::database::{StoreError, as_bigint, natural};

/// The position after which the rulebook in force applies, and the rulebook itself unless the reader has it already.
pub(super) async fn in_force_unless(
    tx: &Transaction<'_>,
    tenant: TenantId,
    held: Option<u64>,
) -> Result<(u64, Option<RulebookInForce>), StoreError> {
    let sql = "select position, case when position is distinct from $2 then book::text end as book
               from rulebook where tenant_id = $1";
    let statement = tx.prepare_cached(sql).await?;
    let held = held.map(as_bigint);
    let row = tx.query_one(&statement, &[&tenant.uuid(), &held]).await?;
    let position = natural(row.try_get("position")?)?;
    let book: Option<String> = row.try_get("book")?;
    let read = |text: String| serde_json::from_str(&text).map_err(|error| StoreError::Damaged(error.to_string()));
    let book = book.map(read).transpose()?;
    Ok((position, book.map(|book| RulebookInForce { position, book })))
}
