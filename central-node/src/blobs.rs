//! Signatures and photos, named by the BLAKE3 of their bytes and stored in the database in chunks, whole or not at all.
//!
//! A file is verified and written in one transaction. It is read chunk by chunk, each in its own transaction, so that neither
//! a slow sender nor a slow reader holds a connection. `docs/adr/0010` explains why files are in the database.

use bytes::Bytes;
use comptoir_core::id::TenantId;
use tokio_postgres::types::ToSql;

use crate::database::{self, Database, StoreError, TxPhase, natural};

/// Bytes of a chunk: one row in the database, one frame of a response.
const CHUNK_BYTES: usize = 256 * 1024;

/// The size of a stored file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BlobSize {
    pub(crate) bytes: u64,
    /// The number of rows.
    pub(crate) chunks: i32,
}

/// The size of a file; `None` if it does not exist.
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

/// Stores a file under its hash, and returns whether it is new. An existing file stays unchanged, since its bytes are the
/// same.
pub(crate) async fn store(
    database: &Database,
    tenant: TenantId,
    hash: &blake3::Hash,
    bytes: &[u8],
) -> Result<bool, StoreError> {
    // An empty file is one empty chunk, because a file without chunks does not exist.
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

/// Reads one chunk of an existing file.
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
