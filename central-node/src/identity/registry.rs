//! Tenants, sites and nodes as rows.

use comptoir_core::chain::{decision_genesis, genesis};
use comptoir_core::id::{NodeId, SiteId, TenantId};
use comptoir_core::money::Currency;
use comptoir_core::position::Epoch;
use comptoir_core::rulebook::Rulebook;
use comptoir_core::time::Timestamp;
use comptoir_proto::rulebook_file;
use deadpool_postgres::Transaction;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::rights;
use crate::database::{self, Database, Micros, StoreError};

/// Projections whose state decides: each starts at version 1.
const DECIDING_PROJECTIONS: [&str; 5] = ["stock", "deliveries", "invoices", "entities", "quarantine"];

/// The database role whose members may read reports, each member those of its own tenants.
pub const READERS: &str = "comptoir_readonly";

/// A tenant to be created.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// The tenant's name.
    pub name: String,
    /// IANA time zone, in which days and invoice years are counted.
    pub zone: String,
    /// The currency of the stock's value.
    pub currency: Currency,
    /// The tenant's first rulebook.
    pub rulebook: Rulebook,
}

/// Why an identity was not created.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The time zone is unknown.
    #[error("there is no time zone {zone:?}; give an IANA name such as Europe/Paris")]
    Zone {
        /// The name in the request.
        zone: String,
    },
    /// A site's code is printed in references.
    #[error("a site's code has 1 to 12 capital letters or digits, got {code:?}")]
    SiteCode {
        /// The code in the request.
        code: String,
    },
    /// The tenant already has a row with this code or name.
    #[error("tenant {tenant} has that already: {what}")]
    Exists {
        /// The tenant.
        tenant: TenantId,
        /// The database's description of the conflict.
        what: String,
    },
    /// The tenant, site or node is not known.
    #[error("tenant {tenant}: there is no such tenant, site or node: {what}")]
    Missing {
        /// The tenant in the request.
        tenant: TenantId,
        /// The database's description of the missing row.
        what: String,
    },
    /// The database role is not a member of [`READERS`] and could read nothing.
    #[error("{role:?} is no member of {READERS}: make it with `create role ... login in role {READERS}`")]
    NoReader {
        /// The role in the request.
        role: String,
    },
    /// A text is longer than its field.
    #[error("{what} has at most {max} characters, got {chars}")]
    TooLong {
        /// The field's name.
        what: &'static str,
        /// The maximum number of characters.
        max: usize,
        /// The number of characters in the request.
        chars: usize,
    },
    /// The tenant has no active key of that id.
    #[error("{key_id}: the tenant has no key with this id that is still in force")]
    NoKey {
        /// The id in the request.
        key_id: String,
    },
    /// The key was rotated before.
    #[error("{key_id} was rotated already: {replaced_by} takes its place; rotate that one, or revoke this one")]
    KeyReplaced {
        /// The id in the request.
        key_id: String,
        /// The key that takes its place.
        replaced_by: String,
    },
    /// A holder has as many valid keys as it may.
    #[error("{max} keys are valid there already: revoke those that nobody uses")]
    TooManyKeys {
        /// The maximum number of valid keys.
        max: i64,
    },
    /// A rotated key would stay valid for too long.
    #[error("a rotated key stays valid for at most {max} days, got {days}")]
    LongOverlap {
        /// The maximum number of days.
        max: u64,
        /// The number of days in the request.
        days: u64,
    },
    /// The operating system returned no random bytes.
    #[error("no random bytes: {0}")]
    NoRandomness(String),
    /// The key did not sign.
    #[error("a token could not be signed: {0}")]
    NotSigned(String),
}

impl IdentityError {
    pub(super) fn of(error: &tokio_postgres::Error, tenant: TenantId) -> IdentityError {
        let what = error.as_db_error().and_then(|db| db.detail()).unwrap_or_default().to_owned();
        match error.code() {
            Some(&SqlState::UNIQUE_VIOLATION) => IdentityError::Exists { tenant, what },
            Some(&SqlState::FOREIGN_KEY_VIOLATION) => IdentityError::Missing { tenant, what },
            _ => IdentityError::Store(StoreError::of(error, database::TxPhase::Working)),
        }
    }
}

/// A tenant in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TenantRow {
    /// The tenant's id.
    pub tenant: TenantId,
    /// The tenant's name.
    pub name: String,
    /// The tenant's time zone.
    pub zone: String,
}

/// A site in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SiteRow {
    /// The site's id.
    pub site: SiteId,
    /// The code printed in invoice references.
    pub code: String,
    /// The site's name.
    pub name: String,
}

/// A node in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeRow {
    /// The node's id.
    pub node: NodeId,
    /// The node's site; `None` for central's own node.
    pub site: Option<SiteId>,
    /// The node's name.
    pub name: String,
}

/// Inserts the rows of a new tenant. Central's own log and the tenant's order start empty; the caller's transaction appends
/// their first records.
pub(crate) async fn insert_tenant(
    tx: &Transaction<'_>,
    tenant: TenantId,
    central_node: NodeId,
    new: &NewTenant,
) -> Result<(), IdentityError> {
    let zone = || IdentityError::Zone { zone: new.zone.clone() };
    jiff::tz::TimeZone::get(&new.zone).map_err(|_| zone())?;
    let id = tenant.uuid();
    let refused = |error: tokio_postgres::Error| IdentityError::of(&error, tenant);
    let sql = "insert into tenant (tenant_id, name, zone, currency, central_node) values ($1, $2, $3, $4, $5)";
    tx.execute(sql, &[&id, &new.name, &new.zone, &new.currency.as_str(), &central_node.uuid()])
        .await
        .map_err(refused)?;
    let sql = "insert into node (tenant_id, node_id, name) values ($1, $2, 'central')";
    tx.execute(sql, &[&id, &central_node.uuid()]).await.map_err(refused)?;
    let sql = "insert into tenant_head (tenant_id, head, decision_chain, last_received_at) values ($1, 0, $2, $3)";
    let chain = decision_genesis(tenant);
    tx.execute(sql, &[&id, &chain.0.as_slice(), &Micros(Timestamp(0))]).await.map_err(refused)?;
    let epoch = Epoch { number: 1, id: Uuid::new_v4() };
    let sql = "insert into node_head (tenant_id, node_id, epoch, epoch_id, last_seq, last_chain, last_push_at)
               values ($1, $2, 1, $3, 0, $4, now())";
    let start = genesis(tenant, central_node, epoch);
    tx.execute(sql, &[&id, &central_node.uuid(), &epoch.id, &start.0.as_slice()]).await.map_err(refused)?;
    let sql = "insert into projection_version (tenant_id, projection, version, state)
               select h.tenant_id, unnest($2::text[]), 1, 'active' from tenant_head h where h.tenant_id = $1";
    tx.execute(sql, &[&id, &DECIDING_PROJECTIONS.as_slice()]).await.map_err(refused)?;
    let sql = "insert into rulebook (tenant_id, position, book) values ($1, 0, $2)";
    let book = Json(rulebook_file::to_payload(&Rulebook::default()));
    tx.execute(sql, &[&id, &book]).await.map_err(refused)?;
    rights::insert_defaults(tx, tenant).await?;
    Ok(())
}

/// Creates a site. Its code is printed in invoice references and never changes.
pub async fn create_site(db: &Database, tenant: TenantId, code: &str, name: &str) -> Result<SiteId, IdentityError> {
    let fits = (1..=12).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if !fits {
        return Err(IdentityError::SiteCode { code: code.to_owned() });
    }
    let site = Uuid::now_v7();
    let sql = "insert into site (tenant_id, site_id, code, name) values ($1, $2, $3, $4)";
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let inserted = tx.execute(sql, &[&tenant.uuid(), &site, &code, &name]).await;
    inserted.map_err(|error| IdentityError::of(&error, tenant))?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(SiteId::new(site))
}

/// Creates a node without an event in the log, for tests. [`crate::accounts::Accounts::create_node`] records it.
pub async fn create_node(db: &Database, tenant: TenantId, site: SiteId, name: &str) -> Result<NodeId, IdentityError> {
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let node = insert_node(&tx, tenant, site, name).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(node)
}

/// Inserts the row of a new node.
pub(crate) async fn insert_node(
    tx: &Transaction<'_>,
    tenant: TenantId,
    site: SiteId,
    name: &str,
) -> Result<NodeId, IdentityError> {
    let node = Uuid::now_v7();
    let sql = "insert into node (tenant_id, node_id, site_id, name) values ($1, $2, $3, $4)";
    let inserted = tx.execute(sql, &[&tenant.uuid(), &node, &site.uuid(), &name]).await;
    inserted.map_err(|error| IdentityError::of(&error, tenant))?;
    Ok(NodeId::new(node))
}

/// Lets a database role read this tenant's reports: [`READERS`] itself, or a member of it such as the login of a BI tool.
pub async fn allow_reader(db: &Database, tenant: TenantId, role: &str) -> Result<(), IdentityError> {
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let member = "select exists (select from pg_roles where rolname = $1 and pg_has_role(oid, $2, 'member'))";
    let row = tx.query_one(member, &[&role, &READERS]).await.map_err(StoreError::from)?;
    if !row.try_get(0).map_err(StoreError::from)? {
        return Err(IdentityError::NoReader { role: role.to_owned() });
    }
    // `reader` has no foreign key to `tenant`.
    if tx
        .query_opt("select from tenant where tenant_id = $1", &[&tenant.uuid()])
        .await
        .map_err(StoreError::from)?
        .is_none()
    {
        return Err(IdentityError::Missing { tenant, what: "the tenant itself".to_owned() });
    }
    let sql =
        "insert into reader (tenant_id, role_name) values ($1, $2::text) on conflict (tenant_id, role_name) do nothing";
    tx.execute(sql, &[&tenant.uuid(), &role]).await.map_err(|error| IdentityError::of(&error, tenant))?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}

/// All tenants, by name.
pub async fn tenants(db: &Database) -> Result<Vec<TenantRow>, StoreError> {
    let rows =
        db.watcher().await?.query("select tenant_id, name, zone from tenant order by name, tenant_id", &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(TenantRow { tenant: TenantId::new(row.try_get(0)?), name: row.try_get(1)?, zone: row.try_get(2)? })
        })
        .collect()
}

/// A tenant's sites, by code.
pub async fn sites(db: &Database, tenant: TenantId) -> Result<Vec<SiteRow>, StoreError> {
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let sql = "select site_id, code, name from site where tenant_id = $1 order by code";
    let rows = tx.query(sql, &[&tenant.uuid()]).await?;
    rows.iter()
        .map(|row| Ok(SiteRow { site: SiteId::new(row.try_get(0)?), code: row.try_get(1)?, name: row.try_get(2)? }))
        .collect()
}

/// Whether a site is the tenant's.
pub(crate) async fn has_site(db: &Database, tenant: TenantId, site: SiteId) -> Result<bool, StoreError> {
    let connection = db.service().await?;
    let sql = "select 1 from site where tenant_id = $1 and site_id = $2";
    Ok(database::query_opt(connection, tenant, sql, &[&tenant.uuid(), &site.uuid()]).await?.is_some())
}

/// A tenant's nodes including central's own, by name.
pub async fn nodes(db: &Database, tenant: TenantId) -> Result<Vec<NodeRow>, StoreError> {
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let sql = "select node_id, site_id, name from node where tenant_id = $1 order by name, node_id";
    let rows = tx.query(sql, &[&tenant.uuid()]).await?;
    rows.iter()
        .map(|row| {
            let site: Option<Uuid> = row.try_get(1)?;
            Ok(NodeRow { node: NodeId::new(row.try_get(0)?), site: site.map(SiteId::new), name: row.try_get(2)? })
        })
        .collect()
}

/// Whether central has stored any record of a node.
pub async fn has_pushed(db: &Database, tenant: TenantId, node: NodeId) -> Result<bool, StoreError> {
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let sql = "select exists (select from node_head where tenant_id = $1 and node_id = $2 and last_seq > 0)";
    Ok(tx.query_one(sql, &[&tenant.uuid(), &node.uuid()]).await?.try_get(0)?)
}
