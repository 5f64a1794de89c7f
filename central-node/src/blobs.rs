//! Signatures and photos, named by the BLAKE3 of their bytes: kept in the database in chunks, whole or not at all.
//!
//! A file is checked and written in one transaction, and read chunk by chunk, each in a transaction of its own: neither a slow
//! sender nor a slow reader holds a connection. `docs/adr/0010` gives the reasons for the database.

use bytes::Bytes;
use comptoir_core::id::TenantId;
use tokio_postgres::types::ToSql;

use crate::database::{self, Database, StoreError, TxPhase, natural};

/// Bytes of a chunk: one row, one frame of an answer.
const CHUNK_BYTES: usize = 256 * 1024;

/// How much of a file there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BlobSize {
    pub(crate) bytes: u64,
    /// Rows it is in.
    pub(crate) chunks: i32,
}

/// The size of a file; nothing where there is no such file.
pub(crate) async fn size(
    database: &Database,
    tenant: TenantId,
    hash: &blake3::Hash,
) -> Result<Option<BlobSize>, StoreError> {
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let sql = "select count(*)::int, coalesce(sum(octet_length(bytes)), 0)::bigint from blob
               where tenant_id = $1 and hash = $2";
    let statement = tx.prepare_cached(sql).await?;
    let row = tx.query_one(&statement, &[&tenant.uuid(), &hash.as_bytes().as_slice()]).await?;
    let size = BlobSize { chunks: row.try_get(0)?, bytes: natural(row.try_get(1)?)? };
    Ok((size.chunks > 0).then_some(size))
}

/// Stores a file of that hash, and answers whether it is new. A file that is there already stays: it has the same bytes.
pub(crate) async fn store(
    database: &Database,
    tenant: TenantId,
    hash: &blake3::Hash,
    bytes: &[u8],
) -> Result<bool, StoreError> {
    // An empty file is one empty chunk: a file without a chunk is none.
    let chunks: Vec<&[u8]> = if bytes.is_empty() { vec![bytes] } else { bytes.chunks(CHUNK_BYTES).collect() };
    let numbers: Vec<i32> = (0..).take(chunks.len()).collect();
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let sql = "insert into blob (tenant_id, hash, chunk, bytes)
               select h.tenant_id, $2::bytea, unnest($3::int[]), unnest($4::bytea[]) from tenant_head h where h.tenant_id = $1
               on conflict (tenant_id, hash, chunk) do nothing";
    let statement = tx.prepare_cached(sql).await?;
    let parameters: [&(dyn ToSql + Sync); 4] = [&tenant.uuid(), &hash.as_bytes().as_slice(), &numbers, &chunks];
    let is_new = tx.execute(&statement, &parameters).await? > 0;
    tx.commit().await.map_err(|error| StoreError::of(&error, TxPhase::Committing))?;
    Ok(is_new)
}

/// One chunk of a file that is there.
pub(crate) async fn chunk(
    database: &Database,
    tenant: TenantId,
    hash: &blake3::Hash,
    number: i32,
) -> Result<Bytes, StoreError> {
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let statement =
        tx.prepare_cached("select bytes from blob where tenant_id = $1 and hash = $2 and chunk = $3").await?;
    let row = tx.query_opt(&statement, &[&tenant.uuid(), &hash.as_bytes().as_slice(), &number]).await?;
    let row = row.ok_or_else(|| StoreError::Damaged(format!("chunk {number} of file {hash} is missing")))?;
    Ok(Bytes::from(row.try_get::<_, Vec<u8>>(0)?))
}
