//! The read models in a few lines: how many rows each has, and a digest of them.
//!
//! A model's digest is BLAKE3 over its rows' JSON texts in the order of their keys, each after its length in eight bytes.
//! Amounts are written without trailing zeros, so that equal amounts have equal digests.

use std::collections::BTreeMap;

use comptoir_core::id::{EventId, Name, NodeId, SiteId};
use comptoir_core::money::plain;
use comptoir_core::position::Position;
use comptoir_core::state::{
    Consumed, ConsumedKey, DecisionState, Delivery, Document, Entity, EntityKey, Invoice, Lot, Quarantined, Series,
    SeriesKey, StockCount, StockItem, StockKey, Validated, WriteStamp,
};
use comptoir_proto::rulebook_file;
use serde::Serialize;
use serde_json::{Value, json};

/// One read model.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Model {
    /// `stock`, `sale_costs`, `counts`, `deliveries`, `invoices`, `series`, `entities`, `quarantine` or `rulebook`.
    pub model: &'static str,
    /// Number of rows.
    pub rows: u64,
    /// Digest of the rows, hex.
    pub digest: String,
}

/// The read models of a state.
pub(super) fn models_of(decision_state: &DecisionState) -> Vec<Model> {
    let DecisionState { rulebook, stock, consumed: taken, counts, deliveries, invoices, series, entities, quarantined } =
        decision_state;
    vec![
        model("stock", stock.iter().map(|(key, item)| stock_row(key, item))),
        model("sale_costs", taken.iter().map(|(key, taken)| taken_row(key, taken))),
        model("counts", counts.iter().map(|(event, count)| count_row(*event, count))),
        model("deliveries", deliveries.iter().map(|(id, delivery)| delivery_row(id, delivery))),
        model("invoices", invoices.iter().map(|(id, invoice)| invoice_row(id, invoice))),
        model("series", series.iter().map(|(key, series)| series_row(key, series))),
        model("entities", entities.iter().map(|(key, entity)| entity_row(key, entity))),
        model("quarantine", quarantined.iter().map(|(event, held)| quarantine_row(*event, held))),
        model("rulebook", std::iter::once(rulebook_file::to_payload(rulebook))),
    ]
}

/// One digest over all of them: each one's name and digest, in order.
pub(super) fn digest(models: &[Model]) -> String {
    let mut hasher = blake3::Hasher::new();
    for model in models {
        put(&mut hasher, model.model.as_bytes());
        put(&mut hasher, model.digest.as_bytes());
    }
    hasher.finalize().to_string()
}

fn model(model: &'static str, rows: impl Iterator<Item = Value>) -> Model {
    let mut hasher = blake3::Hasher::new();
    let mut count = 0;
    for row in rows {
        put(&mut hasher, row.to_string().as_bytes());
        count += 1;
    }
    Model { model, rows: count, digest: hasher.finalize().to_string() }
}

fn put(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

fn site_text(site: Option<SiteId>) -> Option<String> {
    site.map(|site| site.to_string())
}

fn stock_row(StockKey { site, product }: &StockKey, item: &StockItem) -> Value {
    // Where a row was created follows from the log, and digests do not contain it.
    let StockItem {
        lots,
        backordered: short,
        last_cost,
        consumed_quantity,
        consumed_cost,
        position: Position(position),
        first_position: _,
    } = item;
    let lot = |Lot { position, line, received_at, quantity, unit_cost, lot, reception }: &Lot| {
        let lot = lot.as_ref().map(Name::as_str);
        let mut row = json!([position.0, line, received_at.0, plain(*quantity), plain(*unit_cost), lot]);
        // Only where there is one: digests of earlier logs stay as they are.
        if let (Some(reception), Some(row)) = (reception, row.as_array_mut()) {
            row.push(reception.as_str().into());
        }
        row
    };
    let lots: Vec<Value> = lots.iter().map(lot).collect();
    let amounts = [*short, *consumed_quantity, *consumed_cost].map(plain);
    json!([site_text(*site), product.as_str(), lots, amounts, last_cost.map(plain), position])
}

fn taken_row(ConsumedKey { site, sale, product }: &ConsumedKey, Consumed { quantity, cost }: &Consumed) -> Value {
    json!([site_text(*site), sale.as_str(), product.as_str(), plain(*quantity), plain(*cost)])
}

fn count_row(event: EventId, StockCount { site, lines, accepted }: &StockCount) -> Value {
    let line = |(product, (held, counted)): (&Name, &_)| json!([product.as_str(), plain(*held), plain(*counted)]);
    json!([event.to_string(), site_text(*site), lines.iter().map(line).collect::<Vec<_>>(), accepted])
}

fn delivery_row(id: &Name, delivery: &Delivery) -> Value {
    let Delivery { reference, client, total_minor, qr, assigned_to, validation, position } = delivery;
    let validated = |Validated { event, user, node, at, place, signature_hash, position }: &Validated| {
        let user = user.as_ref().map(Name::as_str);
        json!([event.to_string(), user, node.to_string(), at.0, place, signature_hash, position.0])
    };
    let assigned_to = assigned_to.as_ref().map(Name::as_str);
    let validation = validation.as_ref().map(validated);
    json!([id.as_str(), reference, client, total_minor, qr, assigned_to, validation, position.0])
}

fn invoice_row(id: &Name, invoice: &Invoice) -> Value {
    let Invoice {
        event,
        site,
        client,
        currency,
        total_minor,
        due_on,
        reference,
        provisional_reference,
        credit_note,
        position,
    } = invoice;
    let whose = json!([event.to_string(), site_text(*site), client.as_str()]);
    let numbers = json!([reference, provisional_reference, credit_note]);
    json!([id.as_str(), whose, currency.as_str(), total_minor, due_on, numbers, position.0])
}

fn series_row(SeriesKey { document, site, year }: &SeriesKey, Series { last, skipped }: &Series) -> Value {
    let document = match document {
        Document::Invoice => "invoice",
        Document::CreditNote => "credit_note",
    };
    match skipped.is_empty() {
        true => json!([document, site_text(*site), year, last]),
        // Only after a restore.
        false => json!([document, site_text(*site), year, last, skipped]),
    }
}

fn entity_row(EntityKey { entity_type, entity_id }: &EntityKey, entity: &Entity) -> Value {
    let Entity { version, fields, stamps, created, tombstone, deleted, changed_by, open_conflicts, conflicts_at } =
        entity;
    let stamp = |WriteStamp { effective_at, node, epoch, seq }: &WriteStamp| {
        json!([effective_at.0, node.to_string(), epoch, seq.0])
    };
    let stamps: BTreeMap<&String, Value> = stamps.iter().map(|(name, written)| (name, stamp(written))).collect();
    let by_node = |node: &NodeId| node.to_string();
    let changed_by: BTreeMap<String, u64> = changed_by.iter().map(|(node, at)| (by_node(node), at.0)).collect();
    let open: BTreeMap<String, String> =
        open_conflicts.iter().map(|(node, event)| (by_node(node), event.to_string())).collect();
    let life = json!([created.as_ref().map(stamp), tombstone.as_ref().map(stamp), deleted]);
    json!([entity_type.as_str(), entity_id.as_str(), version.0, fields, stamps, life, changed_by, open, conflicts_at.0])
}

fn quarantine_row(event: EventId, Quarantined { known: _, context, released }: &Quarantined) -> Value {
    // The event itself is in the log.
    json!([event.to_string(), context.position.0, released])
}
