//! Effects of accepted events, and the only place where a [`DecisionState`] changes.

use rust_decimal::Decimal;

use crate::event::Fields;
use crate::fact::DeliveryOrder;
use crate::id::{EventId, Name, NodeId};
use crate::position::Position;
use crate::rulebook::Rulebook;
use crate::rules::{client, delivery, entity, stock};
use crate::state::{
    ConsumedKey, DecisionState, EntityKey, Invoice, Quarantined, SeriesKey, StateKeys, StockCount, StockKey, Validated,
    WriteStamp,
};
use crate::time::Timestamp;

/// What one effect changes.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// Goods came into stock or left it.
    StockMoved(Movement),
    /// A count was proposed.
    Counted {
        /// The `STOCK_COUNTED` event.
        event: EventId,
        /// What was counted, and what central held.
        count: StockCount,
    },
    /// A count was accepted; its movements are effects of their own.
    CountAccepted {
        /// The `STOCK_COUNTED` event.
        count: EventId,
    },
    /// Central ordered a delivery, or completed one that was known only by its validation.
    DeliveryCreated {
        /// The delivery.
        id: Name,
        /// What was ordered.
        order: DeliveryOrder,
        /// Position of the event.
        position: Position,
    },
    /// The first validation of a delivery.
    DeliveryValidated {
        /// The delivery.
        id: Name,
        /// User, time and location of the validation.
        validated: Validated,
    },
    /// An invoice took a number of its series.
    InvoiceNumbered {
        /// The invoice.
        id: Name,
        /// The series that the number belongs to.
        series: SeriesKey,
        /// The number, if it was assigned before; otherwise the next one.
        number: Option<u64>,
        /// The invoice, with its reference.
        invoice: Box<Invoice>,
    },
    /// An invoice was cancelled by a credit note, which took a number of its series.
    InvoiceCancelled {
        /// The invoice.
        id: Name,
        /// The series of the credit note's number.
        series: SeriesKey,
        /// The number, if it was assigned before; otherwise the next one.
        number: Option<u64>,
        /// The credit note's reference.
        credit_note: String,
        /// Position of the event.
        position: Position,
    },
    /// An entity changed.
    EntityChanged(EntityChange),
    /// A node's edit waits for a person.
    ConflictOpened {
        /// The entity.
        key: EntityKey,
        /// The node whose edits wait for a person.
        node: NodeId,
        /// The edit that opened it.
        event: EventId,
        /// Position at which it was opened: of the edit, or of its release from quarantine.
        position: Position,
    },
    /// A person decided.
    ConflictClosed {
        /// The entity.
        key: EntityKey,
        /// The edit that had opened it.
        event: EventId,
        /// Position of the event that closed it.
        position: Position,
    },
    /// An event was quarantined.
    Quarantined(Box<Quarantined>),
    /// A quarantined event took effect.
    Released {
        /// The event.
        event: EventId,
    },
    /// Another rulebook is in force from the next position on.
    RulebookAdopted(Rulebook),
}

/// The goods of one line.
#[derive(Clone, PartialEq, Debug)]
pub struct Movement {
    /// The stock item.
    pub key: StockKey,
    /// Position of the event.
    pub position: Position,
    /// When central received the event.
    pub received_at: Timestamp,
    /// Which line of the event, from 0.
    pub line: u32,
    /// Quantity; positive.
    pub quantity: Decimal,
    /// Direction of the movement.
    pub direction: Direction,
}

/// Which way goods moved.
#[derive(Clone, PartialEq, Debug)]
pub enum Direction {
    /// A new lot.
    In {
        /// Cost of one unit.
        cost: Cost,
        /// The supplier's lot.
        lot: Option<Name>,
        /// Entity id of the reception, if its lots keep it.
        reception: Option<Name>,
    },
    /// Consumed from the lots of the reception first, then from the named lot, then from the oldest.
    Out {
        /// The reception that is undone.
        reception: Option<Name>,
        /// The supplier's lot.
        lot: Option<Name>,
        /// The sale that took them, so that a refund finds their cost.
        sale: Option<Name>,
    },
}

/// Source of the cost of incoming goods.
#[derive(Clone, PartialEq, Debug)]
pub enum Cost {
    /// The event names it.
    Given(Decimal),
    /// The item's last cost, or none.
    Last,
    /// The cost of that sale's goods that have not been returned yet; for the rest [`Cost::Last`].
    OfSale(Name),
}

/// A change of an entity made of fields.
#[derive(Clone, PartialEq, Debug)]
pub struct EntityChange {
    /// The entity.
    pub key: EntityKey,
    /// The change.
    pub change: EntityMutation,
    /// Writer and time.
    pub stamp: WriteStamp,
    /// Position of the event.
    pub position: Position,
    /// Whether each field is compared with its last writer (last-writer-wins), or simply replaced.
    pub by_stamp: bool,
}

/// What changes about an entity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EntityMutation {
    /// The entity is created with these fields.
    Create(Fields),
    /// These fields change.
    Update(Fields),
    /// The entity is deleted.
    Delete,
}

impl Effect {
    /// The keys that this effect may write. A key that is absent from the [`DecisionState`] afterwards was not written.
    pub fn writes(&self, into: &mut StateKeys) {
        match self {
            Effect::StockMoved(movement) => {
                into.stock.insert(movement.key.clone());
                into.consumed.extend(movement.consumed_key());
            }
            Effect::Counted { event: count, .. } | Effect::CountAccepted { count } => {
                into.counts.insert(*count);
            }
            Effect::DeliveryCreated { id, .. } | Effect::DeliveryValidated { id, .. } => {
                into.deliveries.insert(id.clone());
            }
            Effect::InvoiceNumbered { id, series, .. } | Effect::InvoiceCancelled { id, series, .. } => {
                into.invoices.insert(id.clone());
                into.series.insert(series.clone());
            }
            Effect::EntityChanged(EntityChange { key, .. })
            | Effect::ConflictOpened { key, .. }
            | Effect::ConflictClosed { key, .. } => {
                into.entities.insert(key.clone());
            }
            Effect::Quarantined(quarantined) => {
                into.quarantined.insert(quarantined.known.event.id);
            }
            Effect::Released { event } => {
                into.quarantined.insert(*event);
            }
            Effect::RulebookAdopted(_) => into.rulebook = true,
        }
    }
}

impl Movement {
    /// The sale whose consumed goods this movement reads or writes.
    pub fn consumed_key(&self) -> Option<ConsumedKey> {
        let sale = match &self.direction {
            Direction::In { cost: Cost::OfSale(sale), .. } | Direction::Out { sale: Some(sale), .. } => sale.clone(),
            _ => return None,
        };
        Some(ConsumedKey { site: self.key.site, sale, product: self.key.product.clone() })
    }
}

/// Applies one effect.
pub fn evolve(decision_state: &mut DecisionState, effect: &Effect) {
    match effect {
        Effect::StockMoved(movement) => stock::evolve(decision_state, movement),
        Effect::Counted { event, count } => {
            decision_state.counts.insert(*event, count.clone());
        }
        Effect::CountAccepted { count } => {
            if let Some(count) = decision_state.counts.get_mut(count) {
                count.accepted = true;
            }
        }
        Effect::DeliveryCreated { id, order, position } => {
            let delivery = decision_state.deliveries.entry(id.clone()).or_default();
            delivery::evolve_order(delivery, order);
            delivery.position = *position;
        }
        Effect::DeliveryValidated { id, validated } => {
            let delivery = decision_state.deliveries.entry(id.clone()).or_default();
            delivery.validation = Some(validated.clone());
            delivery.position = validated.position;
        }
        Effect::InvoiceNumbered { id, series, number, invoice } => {
            take_number(decision_state, series, *number);
            decision_state.invoices.insert(id.clone(), (**invoice).clone());
        }
        Effect::InvoiceCancelled { id, series, number, credit_note, position } => {
            take_number(decision_state, series, *number);
            if let Some(invoice) = decision_state.invoices.get_mut(id) {
                invoice.credit_note = Some(credit_note.clone());
                invoice.position = *position;
            }
        }
        Effect::EntityChanged(change) => evolve_entity(decision_state, change),
        Effect::ConflictOpened { key, node, event, position } => {
            let entity = decision_state.entities.entry(key.clone()).or_default();
            entity.open_conflicts.insert(*node, *event);
            entity.conflicts_at = *position;
        }
        Effect::ConflictClosed { key, event, position } => {
            if let Some(entity) = decision_state.entities.get_mut(key) {
                entity.open_conflicts.retain(|_, opened| opened != event);
                entity.conflicts_at = *position;
            }
        }
        Effect::Quarantined(quarantined) => {
            decision_state.quarantined.insert(quarantined.known.event.id, (**quarantined).clone());
        }
        Effect::Released { event } => {
            if let Some(held) = decision_state.quarantined.get_mut(event) {
                held.released = true;
            }
        }
        Effect::RulebookAdopted(rulebook) => decision_state.rulebook = rulebook.clone(),
    }
}

fn take_number(decision_state: &mut DecisionState, series: &SeriesKey, prior_number: Option<u64>) {
    let series = decision_state.series.entry(series.clone()).or_default();
    series.take(prior_number.unwrap_or_else(|| series.next()));
}

fn evolve_entity(decision_state: &mut DecisionState, change: &EntityChange) {
    let entity = decision_state.entities.entry(change.key.clone()).or_default();
    if change.by_stamp {
        client::evolve(entity, &change.change, change.stamp);
    } else {
        entity::evolve(entity, &change.change, change.stamp);
    }
    entity.version = change.position;
    entity.changed_by.insert(change.stamp.node, change.position);
}
