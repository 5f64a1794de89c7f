//! What deciding needs to know: the part of the read models that the events at hand touch. Central loads it, decides in memory,
//! and writes back what changed; an audit folds it from nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rust_decimal::Decimal;

use crate::fact::{Fields, Known};
use crate::id::{EventId, Name, NodeId, SiteId};
use crate::position::{Epoch, Position, Seq};
use crate::rulebook::Rulebook;
use crate::time::Timestamp;

/// The touched part of one tenant's read models. A key that is absent was never written.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct World {
    /// In force at the next position.
    pub rulebook: Rulebook,
    /// Stock in lots.
    pub stock: BTreeMap<StockKey, StockItem>,
    /// What each sale took from stock, for its refunds.
    pub taken: BTreeMap<TakenKey, Taken>,
    /// Counts that were proposed.
    pub counts: BTreeMap<EventId, Count>,
    /// Deliveries by entity id.
    pub deliveries: BTreeMap<Name, Delivery>,
    /// Invoices by entity id.
    pub invoices: BTreeMap<Name, Invoice>,
    /// The last number given in each series.
    pub series: BTreeMap<SeriesKey, u64>,
    /// Clients by entity id.
    pub clients: BTreeMap<Name, Client>,
    /// Every other entity, products among them, by type and id.
    pub entities: BTreeMap<EntityKey, Entity>,
    /// Quarantined events that a release at hand names, where they could be read. Loaded, never evolved.
    pub quarantined: BTreeMap<EventId, Known>,
}

/// The keys that deciding some events reads or writes: what to load.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Touched {
    /// Keys of [`World::stock`].
    pub stock: BTreeSet<StockKey>,
    /// Keys of [`World::taken`].
    pub taken: BTreeSet<TakenKey>,
    /// Keys of [`World::counts`]. The stock keys of a count are known only once it is loaded: see [`World::stock_of_counts`].
    pub counts: BTreeSet<EventId>,
    /// Keys of [`World::deliveries`].
    pub deliveries: BTreeSet<Name>,
    /// Keys of [`World::invoices`].
    pub invoices: BTreeSet<Name>,
    /// Keys of [`World::series`].
    pub series: BTreeSet<SeriesKey>,
    /// Keys of [`World::clients`].
    pub clients: BTreeSet<Name>,
    /// Keys of [`World::entities`].
    pub entities: BTreeSet<EntityKey>,
    /// Events whose release is at hand: to be read from the event store into [`World::quarantined`].
    pub quarantined: BTreeSet<EventId>,
}

/// One product in one site. A reception without a site goes to the tenant's own stock.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StockKey {
    /// The site, or the tenant's own stock.
    pub site: Option<SiteId>,
    /// The product.
    pub product: Name,
}

/// Stock of one product in one site: lots, first in first out by position, and what is owed.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct StockItem {
    /// Oldest first; every quantity positive.
    pub lots: VecDeque<Lot>,
    /// Sold below zero and not yet paid by a new lot.
    pub short: Decimal,
    /// Cost of the lot that was touched last.
    pub last_cost: Option<Decimal>,
    /// Quantity that ever left through lots, with shortages once they are paid.
    pub taken_quantity: Decimal,
    /// What it had cost.
    pub taken_cost: Decimal,
    /// The last event that changed this item.
    pub position: Position,
}

impl StockItem {
    /// Lots less what is owed.
    pub fn quantity(&self) -> Decimal {
        self.lots.iter().map(|lot| lot.quantity).sum::<Decimal>() - self.short
    }

    /// Worth of the lots, in major units. What is owed has no value.
    pub fn value(&self) -> Decimal {
        self.lots.iter().map(|lot| lot.quantity * lot.unit_cost).sum()
    }
}

/// Goods that came in together.
#[derive(Clone, PartialEq, Debug)]
pub struct Lot {
    /// Of the event that brought it.
    pub position: Position,
    /// Which line of that event, from 0.
    pub line: u32,
    /// When central received that event.
    pub received_at: Timestamp,
    /// What is left of it; positive.
    pub quantity: Decimal,
    /// Cost of one, in major units.
    pub unit_cost: Decimal,
    /// The supplier's lot.
    pub lot: Option<Name>,
}

/// What one sale took of one product.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TakenKey {
    /// Where.
    pub site: Option<SiteId>,
    /// The sale's entity id.
    pub sale: Name,
    /// The product.
    pub product: Name,
}

/// Taken from lots, at cost. What was sold short took nothing.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Taken {
    /// Quantity taken.
    pub quantity: Decimal,
    /// What it had cost.
    pub cost: Decimal,
}

/// A proposed count with what central held at its position.
#[derive(Clone, PartialEq, Debug)]
pub struct Count {
    /// Where.
    pub site: Option<SiteId>,
    /// Product to (held at the count's position, counted).
    pub lines: BTreeMap<Name, (Decimal, Decimal)>,
    /// Whether it was accepted already.
    pub accepted: bool,
}

/// A delivery.
#[derive(Clone, PartialEq, Debug)]
pub struct Delivery {
    /// Printed number; empty where only a validation has come.
    pub reference: String,
    /// The client; empty where only a validation has come.
    pub client: String,
    /// Tax included.
    pub total_minor: Option<i64>,
    /// What is to be scanned; `None` where only a validation has come.
    pub qr: Option<String>,
    /// Who is to deliver.
    pub assigned_to: Option<Name>,
    /// The validation that stands.
    pub validation: Option<Validated>,
    /// The last event that changed it.
    pub position: Position,
}

/// The first accepted validation.
#[derive(Clone, PartialEq, Debug)]
pub struct Validated {
    /// The event.
    pub event: EventId,
    /// Who.
    pub user: Option<Name>,
    /// On which node.
    pub node: NodeId,
    /// As their device said.
    pub at: Timestamp,
    /// `latitude,longitude`.
    pub place: Option<String>,
    /// Hash of the signature's file.
    pub signature_hash: Option<String>,
    /// Its position.
    pub position: Position,
}

/// An invoice.
#[derive(Clone, PartialEq, Debug)]
pub struct Invoice {
    /// The event that created it.
    pub event: EventId,
    /// The shop.
    pub site: Option<SiteId>,
    /// The client's entity id.
    pub client: Name,
    /// ISO 4217.
    pub currency: crate::money::Currency,
    /// Tax included.
    pub total_minor: i64,
    /// `YYYY-MM-DD`.
    pub due_on: Option<String>,
    /// Central's number.
    pub reference: String,
    /// What the node had printed.
    pub provisional_reference: Option<String>,
    /// The credit note's number, once cancelled.
    pub credit_note: Option<String>,
    /// The last event that changed it.
    pub position: Position,
}

/// Which document a series numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Document {
    /// Invoices, `F`.
    Invoice,
    /// Credit notes, `A` (avoir).
    CreditNote,
}

/// A gapless series: per document, site (or the tenant's own) and year.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SeriesKey {
    /// What it numbers.
    pub document: Document,
    /// The shop, or the tenant's own series.
    pub site: Option<SiteId>,
    /// In the tenant's zone.
    pub year: i16,
}

/// Who wrote a field, and when: compared as a whole, latest wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Stamp {
    /// Corrected time of the write.
    pub effective_at: Timestamp,
    /// The writer.
    pub node: NodeId,
    /// Its epoch.
    pub epoch: u32,
    /// Its number.
    pub seq: Seq,
}

impl Stamp {
    /// The stamp of an event with its effective time.
    pub fn of(effective_at: Timestamp, node: NodeId, epoch: Epoch, seq: Seq) -> Stamp {
        Stamp { effective_at, node, epoch: epoch.number, seq }
    }
}

/// A client: last writer wins, field by field.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Client {
    /// Name to (JSON text or removed, who wrote it).
    pub fields: BTreeMap<String, (Option<String>, Stamp)>,
    /// The last `CREATE`.
    pub created: Option<Stamp>,
    /// The last `DELETE`: a stamped tombstone; a later `CREATE` revives.
    pub deleted: Option<Stamp>,
    /// The last event that changed it.
    pub position: Position,
}

impl Client {
    /// Whether no tombstone stands over it.
    pub fn is_alive(&self) -> bool {
        self.deleted.is_none_or(|deleted| self.created.is_some_and(|created| created > deleted))
    }
}

/// Type and id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EntityKey {
    /// Its type.
    pub entity_type: Name,
    /// Its id.
    pub entity_id: Name,
}

/// A generic entity under the version check, or one that only central writes.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Entity {
    /// Position of the last accepted change: the entity's version.
    pub version: Position,
    /// Name to JSON text; a removed field is absent.
    pub fields: BTreeMap<String, String>,
    /// Whether the last accepted change deleted it.
    pub deleted: bool,
    /// Each node's last accepted change.
    pub changed_by: BTreeMap<NodeId, Position>,
    /// Open conflicts: node to the event that opened it. That node's further edits join it.
    pub open_conflicts: BTreeMap<NodeId, EventId>,
}

impl Entity {
    /// Its fields as a payload would carry them.
    pub fn as_fields(&self) -> Fields {
        self.fields.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect()
    }
}
