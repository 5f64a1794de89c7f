//! The state that decisions use: the part of the read models that the current events read. Central loads it, decides in memory,
//! and writes the changes back; an audit folds it from the beginning.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rust_decimal::Decimal;
use uuid::Uuid;

use crate::decision::DecisionContext;
use crate::event::Fields;
use crate::fact::{Fact, ParsedEvent};
use crate::id::{EventId, Name, NodeId, SiteId};
use crate::position::{Epoch, Position, Seq};
use crate::rulebook::Rulebook;
use crate::time::Timestamp;

/// A part of one tenant's read models. An absent key was never written.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DecisionState {
    /// The rulebook in force at the next position.
    pub rulebook: Rulebook,
    /// Stock in lots.
    pub stock: BTreeMap<StockKey, StockItem>,
    /// Goods that each sale consumed, for its refunds.
    pub consumed: BTreeMap<ConsumedKey, Consumed>,
    /// Proposed counts.
    pub counts: BTreeMap<EventId, StockCount>,
    /// Deliveries by entity id.
    pub deliveries: BTreeMap<Name, Delivery>,
    /// Invoices by entity id.
    pub invoices: BTreeMap<Name, Invoice>,
    /// The numbers given in each series.
    pub series: BTreeMap<SeriesKey, Series>,
    /// Every entity made of fields, including clients and products, by type and id and independent of its rule: a rulebook that
    /// assigns another rule to a type keeps its entities.
    pub entities: BTreeMap<EntityKey, Entity>,
    /// Quarantined events that could be read. A store need not keep them twice: each is a stored event with verdict QUARANTINED
    /// and whether a release has taken effect.
    pub quarantined: BTreeMap<EventId, Quarantined>,
}

/// The keys that deciding some events reads or writes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StateKeys {
    /// Keys of [`DecisionState::stock`].
    pub stock: BTreeSet<StockKey>,
    /// Keys of [`DecisionState::consumed`].
    pub consumed: BTreeSet<ConsumedKey>,
    /// Keys of [`DecisionState::counts`]. The stock of a count is known only once it is loaded: see
    /// [`crate::rules::dependent_keys`].
    pub counts: BTreeSet<EventId>,
    /// Keys of [`DecisionState::deliveries`].
    pub deliveries: BTreeSet<Name>,
    /// Keys of [`DecisionState::invoices`].
    pub invoices: BTreeSet<Name>,
    /// Keys of [`DecisionState::series`].
    pub series: BTreeSet<SeriesKey>,
    /// Keys of [`DecisionState::entities`].
    pub entities: BTreeSet<EntityKey>,
    /// Keys of [`DecisionState::quarantined`]. The keys of a release are known only once it is loaded: see
    /// [`crate::rules::dependent_keys`].
    pub quarantined: BTreeSet<EventId>,
    /// Whether [`DecisionState::rulebook`] is written. It is always read.
    pub rulebook: bool,
}

impl StateKeys {
    /// The keys of this set that `loaded` lacks.
    #[must_use]
    pub fn without(&self, loaded: &StateKeys) -> StateKeys {
        StateKeys {
            stock: &self.stock - &loaded.stock,
            consumed: &self.consumed - &loaded.consumed,
            counts: &self.counts - &loaded.counts,
            deliveries: &self.deliveries - &loaded.deliveries,
            invoices: &self.invoices - &loaded.invoices,
            series: &self.series - &loaded.series,
            entities: &self.entities - &loaded.entities,
            quarantined: &self.quarantined - &loaded.quarantined,
            rulebook: self.rulebook && !loaded.rulebook,
        }
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        *self == StateKeys::default()
    }
}

/// One product in one site. A reception without a site goes to the tenant's own stock.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StockKey {
    /// The site, or the tenant's own stock.
    pub site: Option<SiteId>,
    /// The product.
    pub product: Name,
}

/// Stock of one product in one site: lots, first in first out by position, and the backordered quantity.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct StockItem {
    /// Oldest first; every quantity positive.
    pub lots: VecDeque<Lot>,
    /// Sold below zero and not yet covered by a new lot.
    pub backordered: Decimal,
    /// Cost of one unit in the lot consumed last; before that, in the last lot received. A lot without a cost sets none.
    pub last_cost: Option<Decimal>,
    /// Quantity ever consumed from lots, including shortages once they are covered.
    pub consumed_quantity: Decimal,
    /// Cost of the goods consumed.
    pub consumed_cost: Decimal,
    /// The last event that changed this item.
    pub position: Position,
    /// The first position: where the item was created.
    pub first_position: Position,
}

impl StockItem {
    /// Lots minus the backordered quantity.
    pub fn quantity(&self) -> Decimal {
        self.lots.iter().map(|lot| lot.quantity).sum::<Decimal>() - self.backordered
    }

    /// Value of the lots, in major units. The backorder has no value.
    pub fn value(&self) -> Decimal {
        self.lots.iter().map(|lot| lot.quantity * lot.unit_cost).sum()
    }
}

/// Goods received together.
#[derive(Clone, PartialEq, Debug)]
pub struct Lot {
    /// Position of the event that received it.
    pub position: Position,
    /// Which line of that event, from 0.
    pub line: u32,
    /// When central received that event.
    pub received_at: Timestamp,
    /// The remaining quantity; positive.
    pub quantity: Decimal,
    /// Cost of one, in major units.
    pub unit_cost: Decimal,
    /// The supplier's lot.
    pub lot: Option<Name>,
    /// Entity id of the reception that brought it, if its event marks lots.
    pub reception: Option<Name>,
}

/// Goods that one sale consumed of one product.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConsumedKey {
    /// The shop; absent for the whole tenant.
    pub site: Option<SiteId>,
    /// The sale's entity id.
    pub sale: Name,
    /// The product.
    pub product: Name,
}

/// Consumed from lots, at cost. Backordered quantities consume nothing.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Consumed {
    /// Quantity taken.
    pub quantity: Decimal,
    /// Cost of the goods taken.
    pub cost: Decimal,
}

/// A proposed count, and central's stock at its position.
#[derive(Clone, PartialEq, Debug)]
pub struct StockCount {
    /// The shop; absent for the whole tenant.
    pub site: Option<SiteId>,
    /// Product to (held at the count's position, counted).
    pub lines: BTreeMap<Name, (Decimal, Decimal)>,
    /// Whether it was accepted already.
    pub accepted: bool,
}

/// A delivery.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Delivery {
    /// The printed number; empty if only a validation has arrived.
    pub reference: String,
    /// The client; empty if only a validation has arrived.
    pub client: String,
    /// Tax included.
    pub total_minor: Option<i64>,
    /// The code to scan; `None` if only a validation has arrived.
    pub qr: Option<String>,
    /// Who is to deliver.
    pub assigned_to: Option<Name>,
    /// The first accepted validation.
    pub validation: Option<Validated>,
    /// The last event that changed it.
    pub position: Position,
}

/// The first accepted validation.
#[derive(Clone, PartialEq, Debug)]
pub struct Validated {
    /// The event.
    pub event: EventId,
    /// The user.
    pub user: Option<Name>,
    /// The node.
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
    /// The kind of document.
    pub document: Document,
    /// The shop, or the tenant's own series.
    pub site: Option<SiteId>,
    /// In the tenant's zone.
    pub year: i16,
}

/// More numbers than any shop assigns between a backup and its restore.
pub const SKIPPED_MAX: u64 = 1_000_000;

/// The numbers given in a series.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Series {
    /// The highest number given.
    pub last: u64,
    /// Lower numbers without a document: central assigned them before its restore, and their nodes have not resent them yet.
    pub skipped: BTreeSet<u64>,
}

impl Series {
    /// The number for a new document. Skipped numbers are reserved for prior decisions.
    pub fn next(&self) -> u64 {
        self.last + 1
    }

    /// Whether a number is free and near enough to have been assigned before a restore.
    pub fn is_free(&self, number: u64) -> bool {
        (self.next()..=self.last + SKIPPED_MAX).contains(&number) || self.skipped.contains(&number)
    }

    /// Gives a number that is free.
    pub fn take(&mut self, number: u64) {
        // A reference read from damaged bytes may name any number, so the range of skipped numbers is bounded.
        let first = self.next().max(number.saturating_sub(SKIPPED_MAX));
        self.skipped.extend(first..number);
        self.skipped.remove(&number);
        self.last = self.last.max(number);
    }
}

/// Who wrote a field, and when. Compared as a whole; the latest wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WriteStamp {
    /// Corrected time of the write.
    pub effective_at: Timestamp,
    /// The writer.
    pub node: NodeId,
    /// Its epoch.
    pub epoch: u32,
    /// Its number.
    pub seq: Seq,
}

impl WriteStamp {
    /// Older than any write.
    pub const OLDEST: WriteStamp =
        WriteStamp { effective_at: Timestamp::MIN, node: NodeId::new(Uuid::nil()), epoch: 0, seq: Seq::ZERO };

    /// The stamp of an event with its effective time.
    pub fn of(effective_at: Timestamp, node: NodeId, epoch: Epoch, seq: Seq) -> WriteStamp {
        WriteStamp { effective_at, node, epoch: epoch.number, seq }
    }
}

/// Type and id.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EntityKey {
    /// The entity's type.
    pub entity_type: Name,
    /// The entity's id.
    pub entity_id: Name,
}

impl EntityKey {
    /// The entity that an event is about.
    pub fn of(known: &ParsedEvent) -> EntityKey {
        EntityKey {
            entity_type: known.event.content.entity_type.clone(),
            entity_id: known.event.content.entity_id.clone(),
        }
    }
}

/// An entity made of fields.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Entity {
    /// Position of the last accepted change: the entity's version. Zero if there is only an open conflict.
    pub version: Position,
    /// Name to JSON text; a removed field is absent.
    pub fields: BTreeMap<String, String>,
    /// Who wrote or removed each field last. It alone decides under last-writer-wins, and is kept under every rule.
    pub stamps: BTreeMap<String, WriteStamp>,
    /// The `CREATE` that is in effect; absent if the entity was only updated, or was deleted since.
    pub created: Option<WriteStamp>,
    /// The last `DELETE`. It stays after a later `CREATE` under last-writer-wins, against older writes that are still on their
    /// way.
    pub tombstone: Option<WriteStamp>,
    /// Whether it is deleted now.
    pub deleted: bool,
    /// Each node's last accepted change.
    pub changed_by: BTreeMap<NodeId, Position>,
    /// Open conflicts: node to the event that opened it. That node's further edits join it if their base is as old.
    pub open_conflicts: BTreeMap<NodeId, EventId>,
    /// Position of the last opening or closing of a conflict about the entity. It is not a change of the entity and never its
    /// version; it matters only to readers of [`Entity::open_conflicts`].
    pub conflicts_at: Position,
}

impl Entity {
    /// Whether a change of it was ever accepted.
    pub fn is_known(&self) -> bool {
        self.version > Position::ZERO
    }

    /// Writes or removes one field.
    pub(crate) fn write(&mut self, name: &str, value: Option<&str>, stamp: WriteStamp) {
        match value {
            Some(value) => self.fields.insert(name.to_owned(), value.to_owned()),
            None => self.fields.remove(name),
        };
        self.stamps.insert(name.to_owned(), stamp);
    }

    /// Whether it exists and is what that `CREATE` makes.
    pub fn is_made_of(&self, fact: &Fact) -> bool {
        let Fact::Created(fields) = fact else { return false };
        let made = fields.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        self.is_known() && !self.deleted && self.fields.iter().eq(made)
    }

    /// What its fields come to.
    pub fn size(&self) -> Size {
        Size::of(self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    /// Its fields as a payload would carry them.
    pub fn as_fields(&self) -> Fields {
        self.fields.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect()
    }
}

/// The size of an entity: the bytes of its fields as one compact JSON object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    /// Number of fields.
    pub fields: usize,
    /// Bytes of the object.
    pub bytes: usize,
}

impl Size {
    /// Of names, and of values that are JSON already.
    pub fn of<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Size {
        // A field takes its name in quotes, a colon, its value and a comma; the object takes one more byte.
        let bytes = |(name, value): (&str, &str)| quoted(name) + value.len() + 2;
        fields.fold(Size { fields: 0, bytes: 1 }, |sum, field| Size {
            fields: sum.fields + 1,
            bytes: sum.bytes + bytes(field),
        })
    }
}

/// Bytes of a text as JSON writes it.
fn quoted(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => 6,
        _ => 1,
    };
    2 + text.bytes().map(escaped).sum::<usize>()
}

/// A quarantined event.
#[derive(Clone, PartialEq, Debug)]
pub struct Quarantined {
    /// The event, with what stood against it.
    pub known: ParsedEvent,
    /// The context of the first decision. Its effective time, site code and `by_central` also apply at the release.
    pub context: DecisionContext,
    /// Whether a release has taken effect. A second one has none.
    pub released: bool,
}
