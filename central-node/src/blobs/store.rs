//! Files in their table.

use bytes::Bytes;
use comptoir_core::id::TenantId;
use deadpool_postgres::Transaction;
use tokio_postgres::types::ToSql;

use crate::database::{StoreError, natural};

/// Bytes of a chunk: one row, one frame of an answer.
const CHUNK_BYTES: usize = 256 * 1024;

/// How much of a file there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Size {
    /// Bytes of the file.
    pub(super) bytes: u64,
    /// Rows it is in.
    pub(super) chunks: i32,
}

/// The size of a file; nothing where it is not there.
pub(super) async fn size(
    tx: &Transaction<'_>,
    tenant: TenantId,
    hash: &blake3::Hash,
) -> Result<Option<Size>, StoreError> {
    let sql = "select count(*)::int, coalesce(sum(octet_length(bytes)), 0)::bigint from blob
               where tenant_id = $1 and hash = $2";
    let statement = tx.prepare_cached(sql).await?;
    let row = tx.query_one(&statement, &[&tenant.uuid(), &hash.as_bytes().as_slice()]).await?;
    let size = Size { chunks: row.try_get(0)?, bytes: natural(row.try_get(1)?)? };
    Ok((size.chunks > 0).then_some(size))
}

/// Stores a file of that hash. One that is there already stays: it has the same bytes. Says whether it is new.
pub(super) async fn store(
    tx: &Transaction<'_>,
    tenant: TenantId,
    hash: &blake3::Hash,
    bytes: &[u8],
) -> Result<bool, StoreError> {
    // An empty file is one empty chunk: a file without a chunk is none.
    let chunks: Vec<&[u8]> = if bytes.is_empty() { vec![bytes] } else { bytes.chunks(CHUNK_BYTES).collect() };
    let numbers: Vec<i32> = (0..).take(chunks.len()).collect();
    let sql = "insert into blob (tenant_id, hash, chunk, bytes)
               select h.tenant_id, $2::bytea, unnest($3::int[]), unnest($4::bytea[]) from tenant_head h where h.tenant_id = $1
               on conflict (tenant_id, hash, chunk) do nothing";
    let statement = tx.prepare_cached(sql).await?;
    let parameters: [&(dyn ToSql + Sync); 4] = [&tenant.uuid(), &hash.as_bytes().as_slice(), &numbers, &chunks];
    Ok(tx.execute(&statement, &parameters).await? > 0)
}

/// One chunk of a file that is there.
pub(super) async fn chunk(
    tx: &Transaction<'_>,
    tenant: TenantId,
    hash: &blake3::Hash,
    number: i32,
) -> Result<Bytes, StoreError> {
    let statement =
        tx.prepare_cached("select bytes from blob where tenant_id = $1 and hash = $2 and chunk = $3").await?;
    let row = tx.query_opt(&statement, &[&tenant.uuid(), &hash.as_bytes().as_slice(), &number]).await?;
    let row = row.ok_or_else(|| StoreError::Damaged(format!("chunk {number} of file {hash} is missing")))?;
    Ok(Bytes::from(row.try_get::<_, Vec<u8>>(0)?))
}
