//! The deciding read models as rows: loads the affected part of a tenant's [`DecisionState`], and writes the changes back.
//!
//! Every row belongs to a version of its projection. Ingest uses the active versions, a rebuild the ones it builds. Both use
//! this code, so that both write the same bytes. There is one statement per table, for any number of keys.

mod deliveries;
mod entities;
mod entity_snapshots;
mod invoices;
mod quarantine;
mod stock;
mod versions;

use comptoir_core::id::{Name, NodeId, SiteId, TenantId};
use comptoir_core::position::Position;
use comptoir_core::rulebook::Rulebook;
use comptoir_core::state::{DecisionState, Entity, EntityKey, StateKeys, StockItem, StockKey};
use comptoir_proto::rulebook_file;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::database::{StoreError, as_bigint};
use crate::tenant::Tenant;

pub(crate) use entity_snapshots::EntityHistory;
pub(crate) use versions::{ActiveVersion, active_versions};

/// The version of each deciding projection to work on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Versions {
    /// Stock in lots, what each sale consumed, and proposed counts.
    pub(crate) stock: i32,
    pub(crate) deliveries: i32,
    /// Invoices and their series.
    pub(crate) invoices: i32,
    /// Everything made of fields.
    pub(crate) entities: i32,
    pub(crate) quarantine: i32,
}

impl Versions {
    /// The active versions. They change only under the tenant's lock.
    pub(crate) async fn active(tx: &Transaction<'_>, tenant: TenantId) -> Result<Versions, StoreError> {
        let active = active_versions(tx, tenant).await?;
        let version = |projection: &str| {
            let missing = || StoreError::Damaged(format!("tenant {tenant} has no active version of {projection}"));
            active.get(projection).map(|version| version.number).ok_or_else(missing)
        };
        Ok(Versions {
            stock: version("stock")?,
            deliveries: version("deliveries")?,
            invoices: version("invoices")?,
            entities: version("entities")?,
            quarantine: version("quarantine")?,
        })
    }
}

/// Loads the rows of `keys` into `decision_state`. A key without a row was never written. The rulebook is loaded separately:
/// [`load_rulebook`].
pub(crate) async fn load(
    tx: &Transaction<'_>,
    tenant: &Tenant,
    versions: &Versions,
    keys: &StateKeys,
    decision_state: &mut DecisionState,
) -> Result<(), StoreError> {
    let of = |version| VersionedTable { tx, tenant: tenant.id, version };
    let (stock, taken, counts, deliveries, invoices, series, entities, quarantined) = tokio::try_join!(
        stock::load_items(of(versions.stock), &keys.stock),
        stock::load_taken(of(versions.stock), &keys.consumed),
        stock::load_counts(of(versions.stock), &keys.counts),
        deliveries::load(of(versions.deliveries), &keys.deliveries),
        invoices::load(of(versions.invoices), &keys.invoices),
        invoices::load_series(of(versions.invoices), &keys.series),
        entities::load(of(versions.entities), &keys.entities),
        quarantine::load(of(versions.quarantine), tenant, &keys.quarantined),
    )?;
    decision_state.stock.extend(stock);
    decision_state.consumed.extend(taken);
    decision_state.counts.extend(counts);
    decision_state.deliveries.extend(deliveries);
    decision_state.invoices.extend(invoices);
    decision_state.series.extend(series);
    decision_state.entities.extend(entities);
    decision_state.quarantined.extend(quarantined);
    Ok(())
}

/// Stock items that changed after a position, optionally of one site or product.
pub(crate) async fn load_changed_stock(
    tx: &Transaction<'_>,
    tenant: TenantId,
    version: i32,
    since: Position,
    (site, product): (Option<SiteId>, Option<&Name>),
    limit: usize,
) -> Result<Vec<(StockKey, StockItem)>, StoreError> {
    stock::load_changed(VersionedTable { tx, tenant, version }, since, site, product, limit).await
}

/// Writes the rows of `written` as they are in `decision_state`, and the entity snapshots. The rulebook is saved separately:
/// [`save_rulebook`].
pub(crate) async fn save(
    tx: &Transaction<'_>,
    tenant: TenantId,
    versions: &Versions,
    decision_state: &DecisionState,
    written: &StateKeys,
    past: &EntityHistory,
) -> Result<(), StoreError> {
    let of = |version| VersionedTable { tx, tenant, version };
    tokio::try_join!(
        stock::save_items(of(versions.stock), decision_state, &written.stock),
        stock::save_taken(of(versions.stock), decision_state, &written.consumed),
        stock::save_counts(of(versions.stock), decision_state, &written.counts),
        deliveries::save(of(versions.deliveries), decision_state, &written.deliveries),
        invoices::save(of(versions.invoices), decision_state, &written.invoices),
        invoices::save_series(of(versions.invoices), decision_state, &written.series),
        entities::save(of(versions.entities), decision_state, &written.entities),
        past.save(of(versions.entities)),
        quarantine::save(of(versions.quarantine), decision_state, &written.quarantined),
    )?;
    Ok(())
}

/// The state of an entity at a position, or after an earlier change: see its version. `None` if it has no snapshot before the
/// position.
pub(crate) async fn load_past(
    tx: &Transaction<'_>,
    tenant: TenantId,
    versions: &Versions,
    key: &EntityKey,
    at: Position,
) -> Result<Option<Entity>, StoreError> {
    entity_snapshots::load(VersionedTable { tx, tenant, version: versions.entities }, key, at).await
}

/// The rulebook in force at the next position.
pub(crate) async fn load_rulebook(tx: &Transaction<'_>, tenant: TenantId) -> Result<Rulebook, StoreError> {
    let statement = tx.prepare_cached("select book::text from rulebook where tenant_id = $1").await?;
    let row = tx.query_one(&statement, &[&tenant.uuid()]).await?;
    let text: String = row.try_get(0)?;
    let damaged = |why: String| StoreError::Damaged(format!("the rulebook of tenant {tenant}: {why}"));
    rulebook_file::from_payload(&text).map_err(damaged)
}

/// Stores the rulebook that is in force after `position`.
pub(crate) async fn save_rulebook(
    tx: &Transaction<'_>,
    tenant: TenantId,
    rulebook: &Rulebook,
    position: Position,
) -> Result<(), StoreError> {
    let sql = "update rulebook set position = $2, book = $3::text::json where tenant_id = $1";
    let statement = tx.prepare_cached(sql).await?;
    let book = rulebook_file::to_payload(rulebook).to_string();
    tx.execute(&statement, &[&tenant.uuid(), &as_bigint(position.0), &book]).await?;
    Ok(())
}

/// One version of one tenant's rows.
#[derive(Clone, Copy)]
struct VersionedTable<'a> {
    tx: &'a Transaction<'a>,
    tenant: TenantId,
    version: i32,
}

impl VersionedTable<'_> {
    /// Runs a query whose first two parameters are tenant and version.
    async fn query(&self, sql: &str, keys: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        let statement = self.tx.prepare_cached(sql).await?;
        let tenant = self.tenant.uuid();
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&tenant, &self.version];
        parameters.extend_from_slice(keys);
        Ok(self.tx.query(&statement, &parameters).await?)
    }

    /// Writes rows with a statement whose first two parameters are tenant and version; fails unless every row is written.
    async fn write(&self, sql: &str, rows: usize, columns: &[&(dyn ToSql + Sync)]) -> Result<(), StoreError> {
        let statement = self.tx.prepare_cached(sql).await?;
        let tenant = self.tenant.uuid();
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&tenant, &self.version];
        parameters.extend_from_slice(columns);
        let written = self.tx.execute(&statement, &parameters).await?;
        if written != rows as u64 {
            return Err(StoreError::Damaged(format!("{written} of {rows} rows were written: {sql}")));
        }
        Ok(())
    }
}

/// The nil id stands for the tenant's own stock and series in keys.
fn site_column(site: Option<SiteId>) -> Uuid {
    site.map_or(Uuid::nil(), SiteId::uuid)
}

fn site_of(column: Uuid) -> Option<SiteId> {
    (!column.is_nil()).then(|| SiteId::new(column))
}

fn name_of(text: &str) -> Result<comptoir_core::id::Name, StoreError> {
    comptoir_core::id::Name::new(text).map_err(|error| StoreError::Damaged(error.to_string()))
}

fn opt_name_of(text: Option<&str>) -> Result<Option<comptoir_core::id::Name>, StoreError> {
    text.map(name_of).transpose()
}

fn node_of(text: &str) -> Result<NodeId, StoreError> {
    text.parse().map_err(|error| StoreError::Damaged(format!("{text:?} is no node: {error}")))
}

fn position_of(number: i64) -> Result<Position, StoreError> {
    crate::database::natural(number).map(Position)
}

fn decimal_of(text: &str) -> Result<rust_decimal::Decimal, StoreError> {
    rust_decimal::Decimal::from_str_exact(text).map_err(|error| StoreError::Damaged(format!("{text:?}: {error}")))
}

fn json_of<'a, T: serde::Deserialize<'a>>(text: &'a str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged(format!("{text:?}: {error}")))
}

fn to_json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged(error.to_string()))
}
