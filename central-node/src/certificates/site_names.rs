//! Which names the nodes of a site may have in their certificates.

use comptoir_core::id::{SiteId, TenantId};
use tokio_postgres::error::SqlState;

use super::name::{NotPrivate, PrivateName};
use crate::database::{self, Database, StoreError, TxPhase};

/// Names of one site. A certificate with more is longer than some devices read.
pub const NAMES_MAX: usize = 32;

/// Why a name was not allowed.
#[derive(Debug, thiserror::Error)]
pub enum SiteNameError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is no name of a private network.
    #[error(transparent)]
    NotPrivate(#[from] NotPrivate),
    /// The tenant has no such site.
    #[error("tenant {tenant} has no site {site}")]
    NoSite {
        /// The tenant.
        tenant: TenantId,
        /// The site in the request.
        site: SiteId,
    },
    /// The site has as many as it may have.
    #[error("site {site} has {NAMES_MAX} names already: remove one first")]
    TooMany {
        /// The site.
        site: SiteId,
    },
}

/// Allows a site's nodes a name. Repeated, it changes nothing.
pub async fn allow_name(
    db: &Database,
    tenant: TenantId,
    site: SiteId,
    text: &str,
) -> Result<PrivateName, SiteNameError> {
    let name = PrivateName::parse(text)?;
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let sql = "select name from site_name where tenant_id = $1 and site_id = $2";
    let rows = tx.query(sql, &[&tenant.uuid(), &site.uuid()]).await.map_err(StoreError::from)?;
    let has_it = rows.iter().any(|row| row.try_get::<_, &str>(0).is_ok_and(|known| known == name.as_str()));
    if rows.len() >= NAMES_MAX && !has_it {
        return Err(SiteNameError::TooMany { site });
    }
    let sql = "insert into site_name (tenant_id, site_id, name) values ($1, $2, $3)
               on conflict (tenant_id, site_id, name) do nothing";
    tx.execute(sql, &[&tenant.uuid(), &site.uuid(), &name.as_str()]).await.map_err(|error| match error.code() {
        Some(&SqlState::FOREIGN_KEY_VIOLATION) => SiteNameError::NoSite { tenant, site },
        _ => StoreError::of(&error, TxPhase::Working).into(),
    })?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(name)
}

/// Takes a name from a site. Certificates that have it stay valid until they expire. Whether the site had it.
pub async fn forbid_name(db: &Database, tenant: TenantId, site: SiteId, text: &str) -> Result<bool, SiteNameError> {
    let name = PrivateName::parse(text)?;
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let sql = "delete from site_name where tenant_id = $1 and site_id = $2 and name = $3";
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&tenant.uuid(), &site.uuid(), &name.as_str()];
    let removed = tx.execute(sql, &parameters).await.map_err(StoreError::from)?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(removed > 0)
}

/// The names that an administrator allowed a site, in their order.
pub async fn allowed_names(db: &Database, tenant: TenantId, site: SiteId) -> Result<Vec<PrivateName>, StoreError> {
    let mut connection = db.service().await?;
    let tx = database::begin(&mut connection, tenant).await?;
    let sql = "select name from site_name where tenant_id = $1 and site_id = $2 order by name";
    let rows = tx.query(sql, &[&tenant.uuid(), &site.uuid()]).await?;
    let name = |row: &tokio_postgres::Row| {
        let text: String = row.try_get(0)?;
        PrivateName::parse(&text).map_err(|error| StoreError::Damaged(error.to_string()))
    };
    rows.iter().map(name).collect()
}
