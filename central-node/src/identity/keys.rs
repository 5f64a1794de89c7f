//! API keys and administrators' tokens: `cpt_<key id>_<secret>`.
//!
//! The key id begins with the tenant's id, so that a key can be looked up under row-level security. The secret has 256 random
//! bits, so a plain hash is enough. The secret is shown once and never stored.

use comptoir_core::id::{NodeId, TenantId};
use comptoir_core::time::Timestamp;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::registry::IdentityError;
use crate::database::{self, Database, Micros, StoreError};

const PREFIX: &str = "cpt";
/// The tenant's 16 bytes and 8 random ones.
const KEY_ID_BYTES: usize = 24;
const SECRET_BYTES: usize = 32;

/// A new key, shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedKey {
    /// Identifies the key in lists and when it is revoked.
    pub key_id: String,
    /// The text that the holder sends.
    pub text: String,
}

impl std::fmt::Debug for IssuedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IssuedKey({})", self.key_id)
    }
}

/// A key from a request.
pub(super) struct PresentedKey {
    pub(super) tenant: TenantId,
    pub(super) key_id: String,
    secret_hash: [u8; 32],
}

impl PresentedKey {
    pub(super) fn read(text: &str) -> Option<PresentedKey> {
        let (key_id, secret) = text.strip_prefix(PREFIX)?.strip_prefix('_')?.split_once('_')?;
        let mut id = [0u8; KEY_ID_BYTES];
        hex::decode_to_slice(key_id, &mut id).ok()?;
        let mut secret_bytes = [0u8; SECRET_BYTES];
        hex::decode_to_slice(secret, &mut secret_bytes).ok()?;
        let tenant = Uuid::from_slice(&id[..16]).ok()?;
        Some(PresentedKey {
            tenant: TenantId::new(tenant),
            key_id: key_id.to_owned(),
            secret_hash: *blake3::hash(&secret_bytes).as_bytes(),
        })
    }

    /// Compares in constant time.
    pub(super) fn matches(&self, stored_hash: &[u8]) -> bool {
        self.secret_hash.as_slice().ct_eq(stored_hash).into()
    }
}

/// Issues a node's API key.
pub async fn issue_node_key(
    db: &Database,
    tenant: TenantId,
    node: NodeId,
    label: &str,
) -> Result<IssuedKey, IdentityError> {
    issue(db, tenant, Some(node), label).await
}

/// Issues an administrator's token.
pub async fn issue_admin_token(db: &Database, tenant: TenantId, label: &str) -> Result<IssuedKey, IdentityError> {
    issue(db, tenant, None, label).await
}

/// Revokes a key at once. Returns whether there was an active one.
pub async fn revoke_key(db: &Database, tenant: TenantId, key_id: &str) -> Result<bool, IdentityError> {
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let sql = "update api_key set revoked_at = now() where tenant_id = $1 and key_id = $2 and revoked_at is null";
    let revoked = tx.execute(sql, &[&tenant.uuid(), &key_id]).await.map_err(StoreError::from)?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(revoked > 0)
}

/// An issued key in a list: everything but its secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyRow {
    /// The part of the key between its two underscores.
    pub key_id: String,
    /// The node that pushes with it; `None` for an administrator's token.
    pub node: Option<NodeId>,
    /// The note entered when the key was issued.
    pub label: String,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it was revoked; `None` while it is active.
    pub revoked_at: Option<Timestamp>,
}

/// A tenant's keys, the oldest first.
pub async fn keys(db: &Database, tenant: TenantId) -> Result<Vec<KeyRow>, StoreError> {
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let sql = "select key_id, node_id, label, created_at, revoked_at from api_key where tenant_id = $1 \
               order by created_at, key_id";
    let rows = tx.query(sql, &[&tenant.uuid()]).await?;
    rows.iter()
        .map(|row| {
            let node: Option<Uuid> = row.try_get(1)?;
            let (Micros(created_at), revoked_at) = (row.try_get(3)?, row.try_get::<_, Option<Micros>>(4)?);
            Ok(KeyRow {
                key_id: row.try_get(0)?,
                node: node.map(NodeId::new),
                label: row.try_get(2)?,
                created_at,
                revoked_at: revoked_at.map(|Micros(at)| at),
            })
        })
        .collect()
}

async fn issue(db: &Database, tenant: TenantId, node: Option<NodeId>, label: &str) -> Result<IssuedKey, IdentityError> {
    let mut random = [0u8; KEY_ID_BYTES - 16 + SECRET_BYTES];
    getrandom::fill(&mut random).map_err(|error| IdentityError::NoRandomness(error.to_string()))?;
    let (id_part, secret) = random.split_at(KEY_ID_BYTES - 16);
    let key_id = format!("{}{}", tenant.uuid().simple(), hex::encode(id_part));
    let hash = blake3::hash(secret);
    let scope = if node.is_some() { "node" } else { "admin" };
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let sql =
        "insert into api_key (tenant_id, key_id, secret_hash, scope, node_id, label) values ($1, $2, $3, $4, $5, $6)";
    let node = node.map(NodeId::uuid);
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&tenant.uuid(), &key_id, &hash.as_bytes().as_slice(), &scope, &node, &label];
    tx.execute(sql, &parameters).await.map_err(|error| IdentityError::of(&error, tenant))?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(IssuedKey { text: format!("{PREFIX}_{key_id}_{}", hex::encode(secret)), key_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_tenant_and_nothing_else_reads_as_one() {
        let tenant = TenantId::new(Uuid::from_u128(7));
        let id = format!("{}{}", tenant.uuid().simple(), "00112233445566ff");
        let key = PresentedKey::read(&format!("cpt_{id}_{}", "ab".repeat(32))).unwrap();
        assert_eq!((key.tenant, key.key_id.as_str()), (tenant, id.as_str()));
        assert!(key.matches(blake3::hash(&[0xab; 32]).as_bytes()));
        assert!(!key.matches(blake3::hash(&[0xac; 32]).as_bytes()));
        assert!(!key.matches(b""));
        for bad in
            ["", "cpt", "cpt__", &format!("cpt_{id}_"), &format!("cpt_{id}_{}x", "ab".repeat(32)), &format!("cpt_{id}")]
        {
            assert!(PresentedKey::read(bad).is_none(), "{bad}");
        }
    }
}
