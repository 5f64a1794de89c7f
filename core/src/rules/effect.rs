//! What follows from an accepted event, and the one place where a [`DecisionState`] changes.

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
    /// Central ordered a delivery, or filled in one of which only the validation was known.
    DeliveryCreated {
        /// The delivery.
        id: Name,
        /// What was ordered.
        order: DeliveryOrder,
        /// Of the event.
        position: Position,
    },
    /// The first validation of a delivery.
    DeliveryValidated {
        /// The delivery.
        id: Name,
        /// Who, when, where.
        validated: Validated,
    },
    /// An invoice took a number of its series.
    InvoiceNumbered {
        /// The invoice.
        id: Name,
        /// Whose number it took.
        series: SeriesKey,
        /// Which one, where it was promised; the next otherwise.
        number: Option<u64>,
        /// The invoice, with its reference.
        invoice: Box<Invoice>,
    },
    /// An invoice was cancelled by a credit note, which took a number of its series.
    InvoiceCancelled {
        /// The invoice.
        id: Name,
        /// Whose number the credit note took.
        series: SeriesKey,
        /// Which one, where it was promised; the next otherwise.
        number: Option<u64>,
        /// The credit note's reference.
        credit_note: String,
        /// Of the event.
        position: Position,
    },
    /// An entity changed.
    EntityChanged(EntityChange),
    /// A node's edit waits for a person.
    ConflictOpened {
        /// The entity.
        key: EntityKey,
        /// Whose edits wait.
        node: NodeId,
        /// The edit that opened it.
        event: EventId,
        /// Where it was opened: of the edit, or of its release from quarantine.
        position: Position,
    },
    /// A person decided.
    ConflictClosed {
        /// The entity.
        key: EntityKey,
        /// The edit that had opened it.
        event: EventId,
        /// Of the event that closed it.
        position: Position,
    },
    /// An event was set apart for a person.
    SetApart(Box<Quarantined>),
    /// An event that was set apart took effect.
    Released {
        /// The event.
        event: EventId,
    },
    /// Another rulebook is in force from the next position on.
    RulebookAdopted(Rulebook),
}

/// One line's worth of goods.
#[derive(Clone, PartialEq, Debug)]
pub struct Movement {
    /// Which stock.
    pub key: StockKey,
    /// Of the event.
    pub position: Position,
    /// When central received the event.
    pub received_at: Timestamp,
    /// Which line of the event, from 0.
    pub line: u32,
    /// How much; positive.
    pub quantity: Decimal,
    /// Which way.
    pub direction: Direction,
}

/// Which way goods moved.
#[derive(Clone, PartialEq, Debug)]
pub enum Direction {
    /// A new lot.
    In {
        /// What one cost.
        cost: Cost,
        /// The supplier's lot.
        lot: Option<Name>,
    },
    /// Out of the named lot first, then out of the oldest.
    Out {
        /// The supplier's lot.
        lot: Option<Name>,
        /// The sale that took them, so that a refund finds their cost.
        sale: Option<Name>,
    },
}

/// Where the cost of goods that come in is found.
#[derive(Clone, PartialEq, Debug)]
pub enum Cost {
    /// The event says it.
    Given(Decimal),
    /// What goods last cost there, else nothing.
    Last,
    /// What that sale's goods had cost, as far as they have not come back yet; for the rest [`Cost::Last`].
    OfSale(Name),
}

/// A change of an entity made of fields.
#[derive(Clone, PartialEq, Debug)]
pub struct EntityChange {
    /// Which entity.
    pub key: EntityKey,
    /// What changes.
    pub change: EntityMutation,
    /// Who wrote it, and when.
    pub stamp: WriteStamp,
    /// Of the event.
    pub position: Position,
    /// Whether each field is compared with who wrote it last (last-writer-wins), or simply replaced.
    pub by_stamp: bool,
}

/// What changes about an entity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EntityMutation {
    /// It lives from here on, with these fields.
    Create(Fields),
    /// Only these fields.
    Update(Fields),
    /// It lives no more.
    Delete,
}

impl Effect {
    /// The keys that this effect may write. After it is applied, a key that is absent from the [`DecisionState`] was not written.
    pub fn writes(&self, into: &mut StateKeys) {
        match self {
            Effect::StockMoved(movement) => {
                into.stock.insert(movement.key.clone());
                into.taken.extend(movement.taken_key());
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
            Effect::SetApart(quarantined) => {
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
    /// What a sale took, where this movement reads or writes it.
    pub fn taken_key(&self) -> Option<ConsumedKey> {
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
        Effect::SetApart(quarantined) => {
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

fn take_number(decision_state: &mut DecisionState, series: &SeriesKey, promised: Option<u64>) {
    let series = decision_state.series.entry(series.clone()).or_default();
    series.take(promised.unwrap_or_else(|| series.next()));
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
