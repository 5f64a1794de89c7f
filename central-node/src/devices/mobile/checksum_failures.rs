//! Payloads that did not fit their checksum. The first time, the transport may have damaged them and the phone sends them
//! again. The same bytes a second time are damaged on the phone: sending them once more is of no use.

use comptoir_core::time::Timestamp;

use crate::database::{self, Database, Micros, StoreError};
use crate::devices::device::Device;

/// How many failures are remembered per device. A batch may exceed the number until the next one.
const REMEMBERED: i64 = 1_000;

/// An event with its payload and checksum as they were sent.
pub(crate) type FailureKey = [u8; 32];

pub(crate) fn key(event_id: &str, payload: &str, checksum: &str) -> FailureKey {
    let mut hash = blake3::Hasher::new();
    for part in [event_id, payload, checksum] {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    *hash.finalize().as_bytes()
}

/// Remembers failures, and says of each whether it was known before.
pub(crate) async fn remember(
    database: &Database,
    device: &Device,
    failures: &[FailureKey],
    now: Timestamp,
) -> Result<Vec<bool>, StoreError> {
    if failures.is_empty() {
        return Ok(Vec::new());
    }
    let mut connection = database.service().await?;
    let tx = database::begin(&mut connection, device.tenant).await?;
    let sql = "insert into device_checksum_failure (tenant_id, node_id, failure, failed_at)
               select h.tenant_id, $2::uuid, unnest($3::bytea[]), $4::timestamptz from tenant_head h where h.tenant_id = $1
               on conflict (tenant_id, node_id, failure) do nothing
               returning failure";
    let statement = tx.prepare_cached(sql).await?;
    let (tenant, node) = (device.tenant.uuid(), device.node.uuid());
    let keys: Vec<&[u8]> = failures.iter().map(FailureKey::as_slice).collect();
    let rows = tx.query(&statement, &[&tenant, &node, &keys, &Micros(now)]).await?;
    let new = rows.iter().map(|row| row.try_get::<_, Vec<u8>>(0)).collect::<Result<Vec<_>, _>>()?;
    if !new.is_empty() {
        let sql = "delete from device_checksum_failure
                   where tenant_id = $1 and node_id = $2 and failed_at < (
                       select f.failed_at from device_checksum_failure f
                       where f.tenant_id = $1 and f.node_id = $2 and f.failed_at is not null
                       order by f.failed_at desc offset $3 limit 1
                   )";
        let statement = tx.prepare_cached(sql).await?;
        tx.execute(&statement, &[&tenant, &node, &(REMEMBERED - 1)]).await?;
    }
    tx.commit().await?;
    Ok(failures.iter().map(|failure| !new.iter().any(|new| new == failure)).collect())
}
