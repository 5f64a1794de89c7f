//! The rules as stories: given these events, when this one comes, then this is decided and this is the state.

mod batches;
mod delivery;
mod fields;
mod growth;
mod invoice;
mod logs;
mod prior_decisions;
mod properties;
mod quarantine;
mod stock;

use std::str::FromStr;

use rust_decimal::Decimal;
use uuid::Uuid;

use crate::decision::{Code, DecisionContext, Flag, Judgement, Resolution, Verdict};
use crate::event::{Content, Event, Fields, TimeSource};
use crate::fact::{
    DeliveryOrder, Fact, Invoice, Objection, ParsedEvent, PriceBasis, Reception, ReceptionLine, Refund, Resolved, Sale,
    SaleLine, StockAdjustment, StockAdjustmentLine, StockLine, StockList, Validation,
};
use crate::id::{EventId, Name, NodeId, SiteId, TenantId};
use crate::money::{Currency, plain};
use crate::position::{Epoch, Position, Seq};
use crate::rules::{decide, effects, evolve};
use crate::state::{DecisionState, Entity, EntityKey, StockItem, StockKey};
use crate::time::Timestamp;

/// Central's own node; 1, 2, 3 are shops and phones.
const CENTRAL: u8 = 99;

/// The shop of every event unless a step names another.
const SHOP: u8 = 1;

/// One event, before it has a position.
#[derive(Clone, Debug)]
struct Step {
    known: ParsedEvent,
    context: DecisionContext,
}

/// A step of one node about one entity. It gets its context when the story runs it.
fn step(node: u8, entity_type: &str, entity_id: &str, fact: Fact) -> Step {
    let content = Content {
        site: Some(site(SHOP)),
        user: Some(name(&format!("user-{node}"))),
        ..Content::new(name(entity_type), name(entity_id), name("ACTION"), Vec::new())
    };
    let event = Event {
        id: event(0),
        tenant: TenantId::from_bytes([1; 16]),
        node: node_id(node),
        epoch: Epoch { number: 1, id: Uuid::nil() },
        seq: Seq(0),
        occurred_at: Timestamp(0),
        time_source: TimeSource::Caller,
        identity_position: 0,
        content,
    };
    let context = DecisionContext {
        position: Position::ZERO,
        received_at: Timestamp(0),
        effective_at: Timestamp(0),
        local_year: 2026,
        site_code: Some(name("LYO")),
        by_central: node == CENTRAL,
    };
    Step { known: ParsedEvent { event, fact, objection: None }, context }
}

impl Step {
    fn by(mut self, node: u8) -> Step {
        self.known.event.node = node_id(node);
        self.context.by_central = node == CENTRAL;
        self
    }

    fn in_site(mut self, number: u8) -> Step {
        self.known.event.content.site = Some(site(number));
        self
    }

    fn without_site(mut self) -> Step {
        self.known.event.content.site = None;
        self.context.site_code = None;
        self
    }

    fn without_site_code(mut self) -> Step {
        self.context.site_code = None;
        self
    }

    fn in_year(mut self, year: i16) -> Step {
        self.context.local_year = year;
        self
    }

    fn based_on(mut self, version: u64) -> Step {
        self.known.event.content.base_version = Some(version);
        self
    }

    /// Sets the effective time.
    fn at(mut self, time: i64) -> Step {
        self.context.effective_at = Timestamp(time);
        self
    }

    fn objected(mut self) -> Step {
        self.known.objection =
            Some(Objection { code: Code::TotalMismatch, detail: "lines make 5, total 6".to_owned() });
        self
    }
}

/// The state so far, and the last decision.
#[derive(Default)]
struct Story {
    state: DecisionState,
    head: u64,
    last: Option<Judgement>,
}

/// Begins a story. The n-th step has position n and is [`event`]\(n\).
fn given(steps: impl IntoIterator<Item = Step>) -> Story {
    steps.into_iter().fold(Story::default(), Story::when)
}

impl Story {
    fn when(mut self, mut step: Step) -> Story {
        self.head += 1;
        step.known.event.id = event(self.head);
        step.known.event.seq = Seq(self.head);
        step.context.position = Position(self.head);
        step.context.received_at = Timestamp(self.head as i64 * 1000);
        let judgement = decide(&self.state, &step.context, &step.known);
        for effect in effects(&self.state, &step.context, &step.known, &judgement) {
            evolve(&mut self.state, &effect);
        }
        self.last = Some(judgement);
        self
    }

    fn judgement(&self) -> &Judgement {
        self.last.as_ref().expect("something was decided")
    }

    #[track_caller]
    fn then(self, verdict: Verdict, code: Code) -> Story {
        let judgement = self.judgement();
        assert_eq!((judgement.verdict, judgement.code), (verdict, Some(code)), "{judgement:?}");
        self
    }

    #[track_caller]
    fn then_accepted(self) -> Story {
        self.then_accepted_with(&[])
    }

    #[track_caller]
    fn then_accepted_with(self, flags: &[Flag]) -> Story {
        let judgement = self.judgement();
        assert_eq!((judgement.verdict, judgement.code), (Verdict::Accepted, None), "{judgement:?}");
        assert_eq!(judgement.flags, flags);
        self
    }

    #[track_caller]
    fn with_reference(self, reference: &str) -> Story {
        assert_eq!(self.judgement().reference.as_deref(), Some(reference));
        self
    }

    #[track_caller]
    fn without_reference(self) -> Story {
        assert_eq!(self.judgement().reference, None);
        self
    }

    #[track_caller]
    fn with_resolution(self, resolution: Resolution) -> Story {
        assert_eq!(self.judgement().resolution.as_ref(), Some(&resolution));
        self
    }

    /// Lots as `quantity@unit cost`, oldest first; then the backordered quantity.
    #[track_caller]
    fn stock(self, product: &str, lots: &[&str], short: &str) -> Story {
        let item = self.item(SHOP, product);
        let held: Vec<_> =
            item.lots.iter().map(|lot| format!("{}@{}", plain(lot.quantity), plain(lot.unit_cost))).collect();
        assert_eq!(held, lots, "lots of {product}");
        assert_eq!(plain(item.backordered), short, "{product} owed");
        self
    }

    /// All consumed quantities and their cost.
    #[track_caller]
    fn taken(self, product: &str, quantity: &str, cost: &str) -> Story {
        let item = self.item(SHOP, product);
        assert_eq!((plain(item.consumed_quantity), plain(item.consumed_cost)), (quantity.to_owned(), cost.to_owned()));
        self
    }

    /// The fields of a living entity, as `name=value`.
    #[track_caller]
    fn entity(self, entity_type: &str, id: &str, fields: &[&str]) -> Story {
        let entity = self.entity_of(entity_type, id).unwrap_or_else(|| panic!("no {entity_type} {id}"));
        assert!(!entity.deleted, "{entity_type} {id} is deleted");
        let held: Vec<_> = entity.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(held, fields);
        self
    }

    #[track_caller]
    fn deleted(self, entity_type: &str, id: &str) -> Story {
        assert!(self.entity_of(entity_type, id).is_some_and(|entity| entity.deleted));
        self
    }

    fn entity_of(&self, entity_type: &str, id: &str) -> Option<&Entity> {
        self.state.entities.get(&EntityKey { entity_type: name(entity_type), entity_id: name(id) })
    }

    fn item(&self, in_site: u8, product: &str) -> StockItem {
        let key = StockKey { site: Some(site(in_site)), product: name(product) };
        self.state.stock.get(&key).cloned().unwrap_or_default()
    }
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a test uses valid names")
}

fn decimal(text: &str) -> Decimal {
    Decimal::from_str(text).expect("a test uses valid decimals")
}

fn event(number: u64) -> EventId {
    EventId::new(Uuid::from_u128(u128::from(number)))
}

fn node_id(number: u8) -> NodeId {
    NodeId::from_bytes([number; 16])
}

fn site(number: u8) -> SiteId {
    SiteId::from_bytes([number; 16])
}

fn euro() -> Currency {
    Currency::parse("EUR").expect("EUR is a currency")
}

/// Fields from `name=value`; `name=` removes one.
fn fields(pairs: &[&str]) -> Fields {
    let pair = |pair: &&str| {
        let (name, value) = pair.split_once('=').expect("name=value");
        (name.to_owned(), (!value.is_empty()).then(|| value.to_owned()))
    };
    pairs.iter().map(pair).collect()
}

fn basket(lines: &[(&str, &str)]) -> Sale {
    let line = |(product, quantity): &(&str, &str)| SaleLine {
        product: name(product),
        quantity: decimal(quantity),
        unit_price: Decimal::ONE,
        vat_rate: None,
        discount_minor: 0,
        description: None,
        price_reason: None,
    };
    Sale {
        currency: euro(),
        lines: lines.iter().map(line).collect(),
        total_minor: 0,
        price_basis: PriceBasis::Gross,
        customer: None,
        country: None,
        receipt_no: None,
    }
}

fn sold(sale: &str, lines: &[(&str, &str)]) -> Step {
    step(1, "SALE", sale, Fact::SaleRecorded(basket(lines)))
}

fn sold_to(customer: &str, lines: &[(&str, &str)]) -> Step {
    step(1, "SALE", "to", Fact::SaleRecorded(Sale { customer: Some(name(customer)), ..basket(lines) }))
}

fn refunded(original: Option<&str>, lines: &[(&str, &str)]) -> Step {
    let refund = Refund { sale: basket(lines), original: original.map(name), reason: None };
    step(1, "SALE", "refund", Fact::SaleRefunded(refund))
}

/// Lines of product, quantity, unit cost and the supplier's lot; these two are empty for none.
fn goods(lines: &[(&str, &str, &str, &str)]) -> Reception {
    let line = |(product, quantity, unit_cost, lot): &(&str, &str, &str, &str)| ReceptionLine {
        product: name(product),
        quantity: decimal(quantity),
        unit_cost: (!unit_cost.is_empty()).then(|| decimal(unit_cost)),
        lot: (!lot.is_empty()).then(|| name(lot)),
    };
    Reception {
        lines: lines.iter().map(line).collect(),
        supplier: None,
        reference: None,
        currency: None,
        marks_lots: false,
        undoes: None,
    }
}

fn received(product: &str, quantity: &str, unit_cost: &str) -> Step {
    received_lot(product, quantity, unit_cost, "")
}

fn received_lot(product: &str, quantity: &str, unit_cost: &str, lot: &str) -> Step {
    step(1, "RECEPTION", "r", Fact::GoodsReceived(goods(&[(product, quantity, unit_cost, lot)])))
}

/// A reception whose lots keep its entity id.
fn received_as(reception: &str, product: &str, quantity: &str, unit_cost: &str) -> Step {
    let goods = Reception { marks_lots: true, ..goods(&[(product, quantity, unit_cost, "")]) };
    step(1, "RECEPTION", reception, Fact::GoodsReceived(goods))
}

fn undone(reception: &str, product: &str, quantity: &str) -> Step {
    let goods = Reception { undoes: Some(name(reception)), ..goods(&[(product, quantity, "", "")]) };
    step(1, "RECEPTION", reception, Fact::GoodsReturned(goods))
}

fn returned(product: &str, quantity: &str, lot: &str) -> Step {
    step(1, "RECEPTION", "back", Fact::GoodsReturned(goods(&[(product, quantity, "0", lot)])))
}

fn stock_list(lines: &[(&str, &str)]) -> StockList {
    let line = |(product, quantity): &(&str, &str)| StockLine { product: name(product), quantity: decimal(quantity) };
    StockList { lines: lines.iter().map(line).collect(), reason: None, customer: None, country: None }
}

fn written_off(lines: &[(&str, &str)]) -> Step {
    step(1, "STOCK", "loss", Fact::StockWrittenOff(stock_list(lines)))
}

fn counted(lines: &[(&str, &str)]) -> Step {
    step(1, "STOCK", "count", Fact::StockCounted(stock_list(lines)))
}

fn count_accepted(node: u8, count: u64) -> Step {
    step(node, "STOCK", "count", Fact::StockCountAccepted { count: event(count) })
}

/// Lines of product, signed quantity and unit cost, empty for none.
fn adjusted(node: u8, lines: &[(&str, &str, &str)]) -> Step {
    let line = |(product, quantity, unit_cost): &(&str, &str, &str)| StockAdjustmentLine {
        product: name(product),
        quantity: decimal(quantity),
        unit_cost: (!unit_cost.is_empty()).then(|| decimal(unit_cost)),
    };
    let adjustment = StockAdjustment { lines: lines.iter().map(line).collect(), reason: "found".to_owned() };
    step(node, "STOCK", "adjustment", Fact::StockAdjusted(adjustment))
}

fn ordered(delivery: &str, qr: &str) -> Step {
    let order = DeliveryOrder {
        reference: format!("BL-{delivery}"),
        client: "Dupont".to_owned(),
        total_minor: None,
        qr: qr.to_owned(),
        assigned_to: None,
    };
    step(CENTRAL, "DELIVERY", delivery, Fact::DeliveryCreated(order))
}

fn validated(node: u8, delivery: &str, qr: &str) -> Step {
    let validation = Validation {
        qr: qr.to_owned(),
        validated_at: Timestamp(i64::from(node)),
        latitude: Some(decimal("45.7500")),
        longitude: Some(decimal("4.85")),
        signature_hash: None,
        photo_hash: None,
    };
    step(node, "DELIVERY", delivery, Fact::DeliveryValidated(validation))
}

fn invoiced(node: u8, id: &str) -> Step {
    let invoice = Invoice {
        client: name("c1"),
        currency: euro(),
        lines: Vec::new(),
        lines_missing: false,
        total_minor: 0,
        price_basis: PriceBasis::Gross,
        due_on: None,
        provisional_reference: Some(format!("P-{id}")),
    };
    step(node, "INVOICE", id, Fact::InvoiceCreated(invoice))
}

/// An invoice of which only the total is known.
fn invoiced_in_total(node: u8, id: &str) -> Step {
    let mut step = invoiced(node, id);
    let Fact::InvoiceCreated(invoice) = &mut step.known.fact else { unreachable!("it is an invoice") };
    invoice.lines_missing = true;
    step
}

fn invoice_cancelled(node: u8, id: &str) -> Step {
    step(node, "INVOICE", id, Fact::InvoiceCancelled { invoice: name(id), reason: "error".to_owned() })
}

fn created(node: u8, entity_type: &str, id: &str, pairs: &[&str]) -> Step {
    step(node, entity_type, id, Fact::Created(fields(pairs)))
}

fn updated(node: u8, entity_type: &str, id: &str, pairs: &[&str]) -> Step {
    step(node, entity_type, id, Fact::Updated(fields(pairs)))
}

fn deleted(node: u8, entity_type: &str, id: &str) -> Step {
    step(node, entity_type, id, Fact::Deleted)
}

fn resolved(node: u8, entity_type: &str, id: &str, conflict: u64, choice: Option<&[&str]>) -> Step {
    let resolved = Resolved { conflict: event(conflict), fields: choice.map(fields) };
    step(node, entity_type, id, Fact::ConflictResolved(resolved))
}

fn released(node: u8, quarantined: u64) -> Step {
    step(node, "QUARANTINE", "q", Fact::QuarantineReleased { event: event(quarantined) })
}
