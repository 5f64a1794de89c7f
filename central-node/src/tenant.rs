//! A tenant's zone, sites and central node: what deciding and reporting need besides its log.

use std::collections::BTreeMap;

use comptoir_core::id::{Name, NodeId, SiteId, TenantId};
use comptoir_core::money::Currency;
use comptoir_core::time::Timestamp;
use comptoir_proto::bundle_v1::TenantContext;
use deadpool_postgres::Transaction;
use jiff::tz::TimeZone;

use crate::database::StoreError;

/// The currency of a tenant's stock, and of invoices that name none.
pub(crate) async fn currency(tx: &Transaction<'_>, id: TenantId) -> Result<Currency, StoreError> {
    let statement = tx.prepare_cached("select currency from tenant where tenant_id = $1").await?;
    let text: String = tx.query_one(&statement, &[&id.uuid()]).await?.try_get(0)?;
    Currency::parse(&text).ok_or_else(|| StoreError::Damaged(format!("tenant {id}: {text:?} is no currency")))
}

/// A tenant's name and time zone.
pub(crate) async fn name_and_zone(tx: &Transaction<'_>, id: TenantId) -> Result<(String, String), StoreError> {
    let statement = tx.prepare_cached("select name, zone from tenant where tenant_id = $1").await?;
    let row = tx.query_one(&statement, &[&id.uuid()]).await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    /// Central's own node of this tenant.
    pub(crate) central_node: NodeId,
    /// Time zone for days and years.
    pub(crate) zone: TimeZone,
    sites: BTreeMap<SiteId, Name>,
}

impl Tenant {
    /// Loads a tenant; `None` if it does not exist.
    pub(crate) async fn load(tx: &Transaction<'_>, id: TenantId) -> Result<Option<Tenant>, StoreError> {
        let tenant = tx.prepare_cached("select central_node, zone from tenant where tenant_id = $1");
        let sites = tx.prepare_cached("select site_id, code from site where tenant_id = $1");
        let (tenant, sites) = tokio::try_join!(tenant, sites)?;
        let key = id.uuid();
        let key: [&(dyn tokio_postgres::types::ToSql + Sync); 1] = [&key];
        let (row, sites) = tokio::try_join!(tx.query_opt(&tenant, &key), tx.query(&sites, &key))?;
        let Some(row) = row else { return Ok(None) };
        let zone: &str = row.try_get("zone")?;
        let damaged = |why: String| StoreError::Damaged(format!("tenant {id}: {why}"));
        let site = |row: &tokio_postgres::Row| {
            let code = Name::new(row.try_get::<_, String>("code")?).map_err(|error| damaged(error.to_string()))?;
            Ok((SiteId::new(row.try_get("site_id")?), code))
        };
        Ok(Some(Tenant {
            id,
            central_node: NodeId::new(row.try_get("central_node")?),
            zone: TimeZone::get(zone).map_err(|error| damaged(error.to_string()))?,
            sites: sites.iter().map(site).collect::<Result<_, StoreError>>()?,
        }))
    }

    /// The context that an audit needs to decide again.
    pub(crate) fn context(&self) -> TenantContext {
        TenantContext {
            central_node: self.central_node,
            zone: self.zone.iana_name().unwrap_or_default().to_owned(),
            sites: self.sites.iter().map(|(site, code)| (*site, code.clone())).collect(),
        }
    }

    /// The code of a site, for invoice references.
    pub(crate) fn site_code(&self, site: Option<SiteId>) -> Option<Name> {
        self.sites.get(&site?).cloned()
    }

    /// The year of an instant in the tenant's zone.
    pub(crate) fn local_year(&self, at: Timestamp) -> i16 {
        let instant = jiff::Timestamp::from_microsecond(at.0).unwrap_or_default();
        instant.to_zoned(self.zone.clone()).year()
    }
}
