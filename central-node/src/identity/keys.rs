//! API keys and administrators' tokens. Their text is [`KeyText`].
//!
//! The key id begins with the tenant's id, so that a key can be looked up under row-level security. The secret has 256 random
//! bits, so a plain hash is enough. The secret is shown once and never stored.

use std::time::Duration;

use comptoir_core::id::{NodeId, SiteId, TenantId};
use comptoir_core::time::Timestamp;
use comptoir_proto::key_text::{CENTRAL_ID_RANDOM_BYTES, KeyKind, KeyText, KeyTextError, SECRET_BYTES};
use deadpool_postgres::Transaction;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::registry::IdentityError;
use crate::database::{self, Database, Micros, StoreError};

/// The longest time for which a rotated key stays valid: a shop that is closed for a season gets its new key before it opens.
pub const OVERLAP_MAX: Duration = Duration::from_secs(90 * 86_400);
/// Characters of a key's label.
const LABEL_CHARS_MAX: usize = 200;
/// Keys of one node, or tokens of a tenant, that are valid at a time: two during a rotation, and some for several persons.
const VALID_KEYS_MAX: i64 = 100;

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
    pub(super) fn read(text: &str) -> Result<PresentedKey, KeyTextError> {
        let key = KeyText::parse(KeyKind::ForCentral, text)?;
        let tenant = key.tenant().ok_or(KeyTextError::Form(KeyKind::ForCentral))?;
        Ok(PresentedKey {
            tenant,
            key_id: key.key_id().to_owned(),
            secret_hash: *blake3::hash(key.secret()).as_bytes(),
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

async fn issue(db: &Database, tenant: TenantId, node: Option<NodeId>, label: &str) -> Result<IssuedKey, IdentityError> {
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let issued = insert_key(&tx, tenant, node, label).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(issued)
}

/// Revokes a key at once. Returns whether there was an active one.
pub async fn revoke_key(db: &Database, tenant: TenantId, key_id: &str) -> Result<bool, IdentityError> {
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let revoked = end_key(&tx, tenant, key_id).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(revoked.is_some())
}

/// An issued key in a list: everything but its secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyRow {
    /// The part of the key between its two underscores.
    pub key_id: String,
    /// The node that pushes with it; `None` for an administrator's token.
    pub node: Option<NodeId>,
    /// The node's site, for which the key speaks.
    pub site: Option<SiteId>,
    /// The note entered when the key was issued.
    pub label: String,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it was last used, to the minute; `None` if never.
    pub last_used_at: Option<Timestamp>,
    /// When it ends or ended by itself: it was rotated.
    pub expires_at: Option<Timestamp>,
    /// The key that takes its place.
    pub replaced_by: Option<String>,
    /// When it was revoked; `None` while it is active.
    pub revoked_at: Option<Timestamp>,
}

/// A tenant's keys, the oldest first.
pub async fn keys(db: &Database, tenant: TenantId) -> Result<Vec<KeyRow>, StoreError> {
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let sql =
        "select k.key_id, k.node_id, n.site_id, k.label, k.created_at, k.last_used_at, k.expires_at, k.replaced_by,
                      k.revoked_at
               from api_key k left join node n on n.tenant_id = k.tenant_id and n.node_id = k.node_id
               where k.tenant_id = $1 order by k.created_at, k.key_id";
    let rows = tx.query(sql, &[&tenant.uuid()]).await?;
    rows.iter()
        .map(|row| {
            let Micros(created_at) = row.try_get("created_at")?;
            let at = |column: &str| Ok::<_, StoreError>(row.try_get::<_, Option<Micros>>(column)?.map(|Micros(at)| at));
            Ok(KeyRow {
                key_id: row.try_get("key_id")?,
                node: row.try_get::<_, Option<Uuid>>("node_id")?.map(NodeId::new),
                site: row.try_get::<_, Option<Uuid>>("site_id")?.map(SiteId::new),
                label: row.try_get("label")?,
                created_at,
                last_used_at: at("last_used_at")?,
                expires_at: at("expires_at")?,
                replaced_by: row.try_get("replaced_by")?,
                revoked_at: at("revoked_at")?,
            })
        })
        .collect()
}

/// Inserts a new key.
pub(crate) async fn insert_key(
    tx: &Transaction<'_>,
    tenant: TenantId,
    node: Option<NodeId>,
    label: &str,
) -> Result<IssuedKey, IdentityError> {
    let chars = label.chars().count();
    if chars > LABEL_CHARS_MAX {
        return Err(IdentityError::TooLong { what: "a label", max: LABEL_CHARS_MAX, chars });
    }
    let node = node.map(NodeId::uuid);
    let sql =
        "select count(*) from api_key where tenant_id = $1 and node_id is not distinct from $2 and revoked_at is null
               and (expires_at is null or expires_at > now())";
    let valid: i64 =
        tx.query_one(sql, &[&tenant.uuid(), &node]).await.and_then(|row| row.try_get(0)).map_err(StoreError::from)?;
    if valid >= VALID_KEYS_MAX {
        return Err(IdentityError::TooManyKeys { max: VALID_KEYS_MAX });
    }
    let (mut id_part, mut secret) = ([0; CENTRAL_ID_RANDOM_BYTES], [0; SECRET_BYTES]);
    let filled = getrandom::fill(&mut id_part).and_then(|()| getrandom::fill(&mut secret));
    filled.map_err(|error| IdentityError::NoRandomness(error.to_string()))?;
    let key = KeyText::central(tenant, id_part, secret);
    let (key_id, hash) = (key.key_id(), blake3::hash(&secret));
    let scope = if node.is_some() { "node" } else { "admin" };
    let sql =
        "insert into api_key (tenant_id, key_id, secret_hash, scope, node_id, label) values ($1, $2, $3, $4, $5, $6)";
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&tenant.uuid(), &key_id, &hash.as_bytes().as_slice(), &scope, &node, &label];
    tx.execute(sql, &parameters).await.map_err(|error| IdentityError::of(&error, tenant))?;
    Ok(IssuedKey { text: key.text(), key_id: key_id.to_owned() })
}

/// Whether a key is valid, and stays so until the transaction ends.
pub(crate) async fn lock_valid_key(tx: &Transaction<'_>, tenant: TenantId, key_id: &str) -> Result<bool, StoreError> {
    let sql = "select from api_key where tenant_id = $1 and key_id = $2 and revoked_at is null
               and (expires_at is null or expires_at > now()) for share";
    Ok(tx.query_opt(sql, &[&tenant.uuid(), &key_id]).await?.is_some())
}

/// A key that was rotated or revoked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct EndedKey {
    /// The node that it is for; `None` for an administrator's token.
    pub(crate) node: Option<NodeId>,
    pub(crate) label: String,
}

/// Revokes an active key. `None` if there is none.
pub(crate) async fn end_key(
    tx: &Transaction<'_>,
    tenant: TenantId,
    key_id: &str,
) -> Result<Option<EndedKey>, StoreError> {
    let sql = "update api_key set revoked_at = now() where tenant_id = $1 and key_id = $2 and revoked_at is null
               returning node_id, label";
    let row = tx.query_opt(sql, &[&tenant.uuid(), &key_id]).await?;
    row.map(|row| {
        let node: Option<Uuid> = row.try_get("node_id")?;
        Ok(EndedKey { node: node.map(NodeId::new), label: row.try_get("label")? })
    })
    .transpose()
}

/// Issues the key that takes an active key's place. The old one stays valid until `valid_until`.
pub(crate) async fn replace_key(
    tx: &Transaction<'_>,
    tenant: TenantId,
    key_id: &str,
    valid_until: Timestamp,
) -> Result<(EndedKey, IssuedKey), IdentityError> {
    // The row's lock separates two rotations of one key at the same time.
    let sql = "select node_id, label, replaced_by from api_key
               where tenant_id = $1 and key_id = $2 and revoked_at is null and (expires_at is null or expires_at > now())
               for update";
    let row = tx.query_opt(sql, &[&tenant.uuid(), &key_id]).await.map_err(StoreError::from)?;
    let row = row.ok_or_else(|| IdentityError::NoKey { key_id: key_id.to_owned() })?;
    let replaced_by: Option<String> = row.try_get("replaced_by").map_err(StoreError::from)?;
    if let Some(replaced_by) = replaced_by {
        return Err(IdentityError::KeyReplaced { key_id: key_id.to_owned(), replaced_by });
    }
    let node: Option<Uuid> = row.try_get("node_id").map_err(StoreError::from)?;
    let old = EndedKey { node: node.map(NodeId::new), label: row.try_get("label").map_err(StoreError::from)? };
    let new = insert_key(tx, tenant, old.node, &old.label).await?;
    let sql = "update api_key set expires_at = $3, replaced_by = $4 where tenant_id = $1 and key_id = $2";
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&tenant.uuid(), &key_id, &Micros(valid_until), &new.key_id];
    tx.execute(sql, &parameters).await.map_err(StoreError::from)?;
    Ok((old, new))
}

/// Stores when a key was last used. [`super::KeyUses`] says when that is due.
pub(crate) async fn store_key_use(
    db: &Database,
    tenant: TenantId,
    key_id: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let statement =
        tx.prepare_cached("update api_key set last_used_at = $3 where tenant_id = $1 and key_id = $2").await?;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&tenant.uuid(), &key_id, &Micros(at)];
    // Two messages, sent together. A use that a power cut loses is stored a minute later.
    tokio::try_join!(tx.batch_execute("set local synchronous_commit = off"), tx.execute(&statement, &parameters))?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_presented_key_matches_the_hash_of_its_own_secret_alone() {
        let tenant = TenantId::new(Uuid::from_u128(7));
        let issued = KeyText::central(tenant, [0x11; 8], [0xab; 32]);
        let key = PresentedKey::read(&issued.text()).unwrap();
        assert_eq!((key.tenant, key.key_id.as_str()), (tenant, issued.key_id()));
        assert!(key.matches(blake3::hash(&[0xab; 32]).as_bytes()));
        assert!(!key.matches(blake3::hash(&[0xac; 32]).as_bytes()));
        assert!(!key.matches(b""));
    }
}
