//! The rows of the projection `stock`: items with their lots, what each sale consumed, and proposed counts.

use std::collections::{BTreeMap, BTreeSet};

use comptoir_core::id::{EventId, Name, SiteId};
use comptoir_core::position::Position;
use comptoir_core::state::{Consumed, ConsumedKey, DecisionState, Lot, StockCount, StockItem, StockKey};
use comptoir_proto::instant;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{VersionedTable, decimal_of, json_of, name_of, opt_name_of, position_of, site_column, site_of, to_json};
use crate::database::{StoreError, as_bigint};

/// A lot as stored in `stock_item.lots`.
#[derive(Serialize, Deserialize)]
struct StoredLot<'a> {
    position: u64,
    line: u32,
    received_at: String,
    quantity: String,
    unit_cost: String,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    lot: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    reception: Option<std::borrow::Cow<'a, str>>,
}

impl StoredLot<'_> {
    fn of(lot: &Lot) -> StoredLot<'_> {
        StoredLot {
            position: lot.position.0,
            line: lot.line,
            received_at: instant::format(lot.received_at),
            quantity: lot.quantity.to_string(),
            unit_cost: lot.unit_cost.to_string(),
            lot: lot.lot.as_ref().map(|lot| lot.as_str().into()),
            reception: lot.reception.as_ref().map(|reception| reception.as_str().into()),
        }
    }

    fn read(&self) -> Result<Lot, StoreError> {
        let no_instant = || StoreError::Damaged(format!("{:?} is no instant", self.received_at));
        Ok(Lot {
            position: Position(self.position),
            line: self.line,
            received_at: instant::parse(&self.received_at).ok_or_else(no_instant)?,
            quantity: decimal_of(&self.quantity)?,
            unit_cost: decimal_of(&self.unit_cost)?,
            lot: opt_name_of(self.lot.as_deref())?,
            reception: opt_name_of(self.reception.as_deref())?,
        })
    }
}

pub(super) async fn load_items(
    table: VersionedTable<'_>,
    keys: &BTreeSet<StockKey>,
) -> Result<Vec<(StockKey, StockItem)>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let sites: Vec<Uuid> = keys.iter().map(|key| site_column(key.site)).collect();
    let products: Vec<&str> = keys.iter().map(|key| key.product.as_str()).collect();
    let rows = table.query(include_str!("stock_items_load.sql"), &[&sites, &products]).await?;
    rows.iter().map(item_of).collect()
}

/// Items that changed after a position, by the bytes of site and product: all, one site's, or one product's.
pub(super) async fn load_changed(
    table: VersionedTable<'_>,
    since: Position,
    site: Option<SiteId>,
    product: Option<&Name>,
    limit: usize,
) -> Result<Vec<(StockKey, StockItem)>, StoreError> {
    let (site, product) = (site.map(SiteId::uuid), product.map(Name::as_str));
    let keys: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&as_bigint(since.0), &site, &product, &as_bigint(limit as u64)];
    let rows = table.query(include_str!("stock_items_changed.sql"), &keys).await?;
    rows.iter().map(item_of).collect()
}

fn item_of(row: &Row) -> Result<(StockKey, StockItem), StoreError> {
    let lots: Vec<StoredLot<'_>> = json_of(row.try_get("lots")?)?;
    let last_cost: Option<&str> = row.try_get("last_cost")?;
    let item = StockItem {
        lots: lots.iter().map(StoredLot::read).collect::<Result<_, _>>()?,
        backordered: decimal_of(row.try_get("backordered")?)?,
        last_cost: last_cost.map(decimal_of).transpose()?,
        consumed_quantity: decimal_of(row.try_get("consumed_quantity")?)?,
        consumed_cost: decimal_of(row.try_get("consumed_cost")?)?,
        position: position_of(row.try_get("position")?)?,
        first_position: position_of(row.try_get("first_position")?)?,
    };
    let key = StockKey { site: site_of(row.try_get("site_id")?), product: name_of(row.try_get("product")?)? };
    Ok((key, item))
}

pub(super) async fn save_items(
    table: VersionedTable<'_>,
    decision_state: &DecisionState,
    keys: &BTreeSet<StockKey>,
) -> Result<(), StoreError> {
    let rows: Vec<(&StockKey, &StockItem)> =
        keys.iter().filter_map(|key| Some((key, decision_state.stock.get(key)?))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sites: Vec<Uuid> = rows.iter().map(|(key, _)| site_column(key.site)).collect();
    let products: Vec<&str> = rows.iter().map(|(key, _)| key.product.as_str()).collect();
    let positions: Vec<i64> = rows.iter().map(|(_, item)| as_bigint(item.position.0)).collect();
    let backordered: Vec<String> = rows.iter().map(|(_, item)| item.backordered.to_string()).collect();
    let last_cost: Vec<Option<String>> =
        rows.iter().map(|(_, item)| item.last_cost.map(|cost| cost.to_string())).collect();
    let consumed_quantity: Vec<String> = rows.iter().map(|(_, item)| item.consumed_quantity.to_string()).collect();
    let consumed_cost: Vec<String> = rows.iter().map(|(_, item)| item.consumed_cost.to_string()).collect();
    let lots = |item: &StockItem| to_json(&item.lots.iter().map(StoredLot::of).collect::<Vec<_>>());
    let lots: Vec<String> = rows.iter().map(|(_, item)| lots(item)).collect::<Result<_, _>>()?;
    let first: Vec<i64> = rows.iter().map(|(_, item)| as_bigint(item.first_position.0)).collect();
    let columns: [&(dyn tokio_postgres::types::ToSql + Sync); 9] =
        [&sites, &products, &positions, &backordered, &last_cost, &consumed_quantity, &consumed_cost, &lots, &first];
    table.write(include_str!("stock_items_save.sql"), rows.len(), &columns).await
}

/// A sale's row contains all its products: loading one product loads all, and a change writes all.
pub(super) async fn load_taken(
    table: VersionedTable<'_>,
    keys: &BTreeSet<ConsumedKey>,
) -> Result<Vec<(ConsumedKey, Consumed)>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (sites, sales): (Vec<Uuid>, Vec<&str>) =
        sales(keys).into_iter().map(|(site, sale)| (site_column(site), sale.as_str())).unzip();
    let rows = table.query(include_str!("stock_consumed_load.sql"), &[&sites, &sales]).await?;
    let mut taken = Vec::new();
    for row in &rows {
        let (site, sale) = (site_of(row.try_get("site_id")?), name_of(row.try_get("sale")?)?);
        let lines: BTreeMap<String, [String; 2]> = json_of(row.try_get("lines")?)?;
        for (product, [quantity, cost]) in &lines {
            let key = ConsumedKey { site, sale: sale.clone(), product: name_of(product)? };
            taken.push((key, Consumed { quantity: decimal_of(quantity)?, cost: decimal_of(cost)? }));
        }
    }
    Ok(taken)
}

pub(super) async fn save_taken(
    table: VersionedTable<'_>,
    decision_state: &DecisionState,
    keys: &BTreeSet<ConsumedKey>,
) -> Result<(), StoreError> {
    let (mut sites, mut names, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    for (site, sale) in sales(keys) {
        let mut taken = BTreeMap::new();
        for (key, took) in decision_state.consumed.range(first_of(site, sale)..) {
            if key.site != site || key.sale != *sale {
                break;
            }
            taken.insert(key.product.as_str(), [took.quantity.to_string(), took.cost.to_string()]);
        }
        // A sale that consumed nothing has no row.
        if !taken.is_empty() {
            sites.push(site_column(site));
            names.push(sale.as_str());
            lines.push(to_json(&taken)?);
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    table.write(include_str!("stock_consumed_save.sql"), names.len(), &[&sites, &names, &lines]).await
}

/// The sales in the keys, each once.
fn sales(keys: &BTreeSet<ConsumedKey>) -> Vec<(Option<SiteId>, &Name)> {
    let mut sales: Vec<_> = keys.iter().map(|key| (key.site, &key.sale)).collect();
    sales.dedup();
    sales
}

/// The lowest key of a sale's products.
fn first_of(site: Option<SiteId>, sale: &Name) -> ConsumedKey {
    // No name sorts before this one: a name contains no control character and does not begin with a space.
    let product = Name::new("!").expect("a constant is a valid name");
    ConsumedKey { site, sale: sale.clone(), product }
}

pub(super) async fn load_counts(
    table: VersionedTable<'_>,
    keys: &BTreeSet<EventId>,
) -> Result<Vec<(EventId, StockCount)>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = keys.iter().map(|id| id.uuid()).collect();
    let rows = table.query(include_str!("stock_counts_load.sql"), &[&ids]).await?;
    rows.iter()
        .map(|row| {
            let count = StockCount {
                site: site_of(row.try_get("site_id")?),
                lines: count_lines(row.try_get("lines")?)?,
                accepted: row.try_get("accepted")?,
            };
            Ok((EventId::new(row.try_get("event_id")?), count))
        })
        .collect()
}

pub(super) async fn save_counts(
    table: VersionedTable<'_>,
    decision_state: &DecisionState,
    keys: &BTreeSet<EventId>,
) -> Result<(), StoreError> {
    let rows: Vec<(&EventId, &StockCount)> =
        keys.iter().filter_map(|key| Some((key, decision_state.counts.get(key)?))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = rows.iter().map(|(id, _)| id.uuid()).collect();
    let sites: Vec<Uuid> = rows.iter().map(|(_, count)| site_column(count.site)).collect();
    let lines = |count: &StockCount| {
        let pairs = count
            .lines
            .iter()
            .map(|(product, (held, counted))| (product.as_str().to_owned(), [held.to_string(), counted.to_string()]));
        to_json(&pairs.collect::<BTreeMap<_, _>>())
    };
    let lines: Vec<String> = rows.iter().map(|(_, count)| lines(count)).collect::<Result<_, _>>()?;
    let accepted: Vec<bool> = rows.iter().map(|(_, count)| count.accepted).collect();
    table.write(include_str!("stock_counts_save.sql"), rows.len(), &[&ids, &sites, &lines, &accepted]).await
}

fn count_lines(text: &str) -> Result<BTreeMap<Name, (Decimal, Decimal)>, StoreError> {
    let lines: BTreeMap<String, [String; 2]> = json_of(text)?;
    let line = |(product, [held, counted]): (&String, &[String; 2])| {
        Ok((name_of(product)?, (decimal_of(held)?, decimal_of(counted)?)))
    };
    lines.iter().map(line).collect()
}
