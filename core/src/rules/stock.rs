//! Stock per site and product, computed by central alone. Stock is held in lots, which are consumed first in, first out by
//! position. Goods movements are never refused: a quantity sold below zero is backordered, and the next goods received cover the
//! backorder first, at their own cost.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::{Decimal, RoundingStrategy};

use crate::decision::{Code, DecisionContext, Flag, Judgement, Resolution, Verdict};
use crate::fact::{Fact, ParsedEvent, ReceptionLine, Sale, StockList};
use crate::id::{EventId, Name, SiteId};
use crate::position::Position;
use crate::rulebook::Rule;
use crate::rules::references::unknown_reference;
use crate::rules::{Cost, Direction, Effect, Movement, with_detail};
use crate::state::{Consumed, ConsumedKey, DecisionState, Lot, StockCount, StockItem, StockKey};

/// Decimal places of a computed unit cost.
const COST_SCALE: u32 = 10;

/// Accepts every goods movement. A shortage, an unknown cost or an unknown reference is flagged.
pub(super) fn decide(
    decision_state: &DecisionState,
    context: &DecisionContext,
    known: &ParsedEvent,
    rule: Rule,
) -> Judgement {
    let mut flags = movement_flags(decision_state, &movements(decision_state, context, known));
    flags.extend(unknown_reference(decision_state, &known.fact));
    Judgement { flags: flags.into_iter().collect(), ..Judgement::accepted(rule) }
}

/// Decides the acceptance of a count. A count takes effect once, so a second acceptance is rejected.
pub(super) fn decide_acceptance(
    decision_state: &DecisionState,
    context: &DecisionContext,
    known: &ParsedEvent,
    count: EventId,
    rule: Rule,
) -> Judgement {
    let refused = |code, detail| with_detail(Judgement::refused(Verdict::Rejected, code, rule), detail);
    match decision_state.counts.get(&count) {
        None => refused(Code::UnknownEvent, format!("no count {count} was proposed")),
        Some(held) if held.accepted => refused(Code::AlreadyApplied, format!("the count {count} was accepted before")),
        Some(_) => decide(decision_state, context, known, rule),
    }
}

/// Refuses a node's attempt to set stock. The resolution gives central's quantities of the products concerned.
pub(super) fn read_only(decision_state: &DecisionState, known: &ParsedEvent, rule: Rule) -> Judgement {
    let content = &known.event.content;
    let count = match &known.fact {
        Fact::StockCountAccepted { count } => decision_state.counts.get(count),
        _ => None,
    };
    let products: BTreeSet<&Name> = match &known.fact {
        Fact::StockAdjusted(adjustment) => adjustment.lines.iter().map(|line| &line.product).collect(),
        Fact::StockCountAccepted { .. } => count.iter().flat_map(|count| count.lines.keys()).collect(),
        _ => BTreeSet::from([&content.entity_id]),
    };
    let site = count.map_or(content.site, |count| count.site);
    let held = |product: &Name| (product.clone(), quantity(decision_state, site, product));
    let resolution = Resolution::ServerStock { quantities: products.into_iter().map(held).collect() };
    let detail = format!("{} of {}: stock is computed by central alone", content.action, content.entity_type);
    let judgement = Judgement::refused(Verdict::Superseded, Code::StockReadOnly, rule);
    Judgement { resolution: Some(resolution), detail: Some(detail), ..judgement }
}

pub(super) fn effects(decision_state: &DecisionState, context: &DecisionContext, known: &ParsedEvent) -> Vec<Effect> {
    let moved = movements(decision_state, context, known).into_iter().map(Effect::StockMoved);
    match &known.fact {
        Fact::StockCounted(list) => {
            vec![Effect::Counted {
                event: known.event.id,
                count: compare_count(decision_state, known.event.content.site, list),
            }]
        }
        Fact::StockCountAccepted { count } => moved.chain([Effect::CountAccepted { count: *count }]).collect(),
        _ => moved.collect(),
    }
}

pub(super) fn evolve(decision_state: &mut DecisionState, movement: &Movement) {
    let item = decision_state.stock.entry(movement.key.clone()).or_default();
    let Some(key) = movement.consumed_key() else {
        apply_movement(item, &mut Consumed::default(), movement);
        return;
    };
    // A sale that consumed nothing gets no row.
    let before = decision_state.consumed.get(&key).cloned().unwrap_or_default();
    let mut taken = before.clone();
    apply_movement(item, &mut taken, movement);
    if taken != before {
        decision_state.consumed.insert(key, taken);
    }
}

/// The flags that these movements raise, applied in order to copies of the stock.
fn movement_flags(decision_state: &DecisionState, movements: &[Movement]) -> BTreeSet<Flag> {
    let mut items: BTreeMap<&StockKey, StockItem> = BTreeMap::new();
    let mut taken: BTreeMap<Option<ConsumedKey>, Consumed> = BTreeMap::new();
    let mut flags = BTreeSet::new();
    for movement in movements {
        let held = || decision_state.stock.get(&movement.key).cloned().unwrap_or_default();
        let item = items.entry(&movement.key).or_insert_with(held);
        let consumed_key = movement.consumed_key();
        let before = consumed_key.as_ref().and_then(|key| decision_state.consumed.get(key)).cloned();
        let taken = taken.entry(consumed_key).or_insert_with(|| before.unwrap_or_default());
        flags.extend(apply_movement(item, taken, movement));
    }
    flags
}

/// Applies a movement to an item, and to the goods that the movement's sale consumed. Returns the movement's flag.
fn apply_movement(item: &mut StockItem, taken: &mut Consumed, movement: &Movement) -> Option<Flag> {
    item.position = movement.position;
    if item.first_position == Position::ZERO {
        item.first_position = movement.position;
    }
    match &movement.direction {
        Direction::In { cost, lot, reception } => {
            let unit_cost = match cost {
                Cost::Given(cost) => Some(*cost),
                Cost::Last => item.last_cost,
                Cost::OfSale(_) => return_goods(taken, movement.quantity).or(item.last_cost),
            };
            receive_lot(item, movement, unit_cost.unwrap_or_default(), (lot.clone(), reception.clone()));
            unit_cost.is_none().then_some(Flag::CostUnknown)
        }
        Direction::Out { reception, lot, sale } => {
            let left = consume_lots(item, movement.quantity, reception.as_ref(), lot.as_ref());
            if sale.is_some() {
                taken.quantity += left.quantity;
                taken.cost += left.cost;
            }
            item.backordered += movement.quantity - left.quantity;
            (left.quantity < movement.quantity).then_some(Flag::StockShortage)
        }
    }
}

/// Receives goods: they first cover the backorder, and the rest becomes a new lot, with the supplier's name for it and the
/// reception that brought it.
fn receive_lot(
    item: &mut StockItem,
    movement: &Movement,
    unit_cost: Decimal,
    (lot, reception): (Option<Name>, Option<Name>),
) {
    let paid = movement.quantity.min(item.backordered);
    if paid > Decimal::ZERO {
        item.backordered -= paid;
        record_consumption(item, paid, unit_cost);
    }
    let quantity = movement.quantity - paid;
    if quantity > Decimal::ZERO {
        let Movement { position, line, received_at, .. } = *movement;
        item.lots.push_back(Lot { position, line, received_at, quantity, unit_cost, lot, reception });
    }
    // Until goods are consumed, the lot received last gives the last cost.
    if item.consumed_quantity.is_zero() && !unit_cost.is_zero() {
        item.last_cost = Some(unit_cost);
    }
}

/// Consumes up to `quantity` from lots: those of the reception first, then the named lot, then the oldest. Returns the quantity
/// consumed and its cost.
fn consume_lots(item: &mut StockItem, quantity: Decimal, reception: Option<&Name>, named: Option<&Name>) -> Consumed {
    let mut total = Consumed::default();
    while total.quantity < quantity {
        let of_reception =
            || item.lots.iter().position(|lot| reception.is_some() && lot.reception.as_ref() == reception);
        let of_name = || item.lots.iter().position(|lot| named.is_some() && lot.lot.as_ref() == named);
        let index = of_reception().or_else(of_name).unwrap_or(0);
        let Some(lot) = item.lots.get_mut(index) else { break };
        let part = lot.quantity.min(quantity - total.quantity);
        let unit_cost = lot.unit_cost;
        lot.quantity -= part;
        if lot.quantity.is_zero() {
            item.lots.remove(index);
        }
        record_consumption(item, part, unit_cost);
        total.quantity += part;
        total.cost += part * unit_cost;
    }
    total
}

/// Books consumed goods at their cost.
fn record_consumption(item: &mut StockItem, quantity: Decimal, unit_cost: Decimal) {
    item.consumed_quantity += quantity;
    item.consumed_cost += quantity * unit_cost;
    if !unit_cost.is_zero() {
        item.last_cost = Some(unit_cost);
    }
}

/// Takes up to `quantity` of returned goods out of what their sale consumed, and gives their average unit cost. `None` if all
/// goods of the sale were returned before.
fn return_goods(taken: &mut Consumed, quantity: Decimal) -> Option<Decimal> {
    if taken.quantity.is_zero() {
        return None;
    }
    let unit_cost =
        (taken.cost / taken.quantity).round_dp_with_strategy(COST_SCALE, RoundingStrategy::MidpointAwayFromZero);
    let back = quantity.min(taken.quantity);
    taken.quantity -= back;
    let cost = taken.cost - back * unit_cost;
    taken.cost = if taken.quantity.is_zero() { Decimal::ZERO } else { cost.max(Decimal::ZERO) };
    Some(unit_cost)
}

/// The movements of an event, in the order of its lines. A line whose quantity is zero moves nothing.
fn movements(decision_state: &DecisionState, context: &DecisionContext, known: &ParsedEvent) -> Vec<Movement> {
    let content = &known.event.content;
    let out = |sale: Option<&Name>| Direction::Out { reception: None, lot: None, sale: sale.cloned() };
    let (site, lines): (Option<SiteId>, Vec<(&Name, Decimal, Direction)>) = match &known.fact {
        Fact::SaleRecorded(sale) => (content.site, sale_lines(sale, out(Some(&content.entity_id)))),
        Fact::SaleRefunded(refund) | Fact::SaleCancelled(refund) => {
            let cost = refund.original.clone().map_or(Cost::Last, Cost::OfSale);
            (content.site, sale_lines(&refund.sale, Direction::In { cost, lot: None, reception: None }))
        }
        Fact::GoodsReceived(reception) | Fact::ProductionValidated(reception) => {
            let come = |line: &ReceptionLine| Direction::In {
                cost: line.unit_cost.map_or(Cost::Last, Cost::Given),
                lot: line.lot.clone(),
                reception: reception.marks_lots.then(|| content.entity_id.clone()),
            };
            (content.site, reception.lines.iter().map(|line| (&line.product, line.quantity, come(line))).collect())
        }
        Fact::GoodsReturned(reception) => {
            let gone = |line: &ReceptionLine| Direction::Out {
                reception: reception.undoes.clone(),
                lot: line.lot.clone(),
                sale: None,
            };
            (content.site, reception.lines.iter().map(|line| (&line.product, line.quantity, gone(line))).collect())
        }
        Fact::StockWrittenOff(list) => {
            (content.site, list.lines.iter().map(|line| (&line.product, line.quantity, out(None))).collect())
        }
        Fact::StockAdjusted(adjustment) => {
            let cost = |cost: Option<Decimal>| cost.map_or(Cost::Last, Cost::Given);
            let lines = adjustment.lines.iter();
            (content.site, lines.map(|line| signed_line(&line.product, line.quantity, cost(line.unit_cost))).collect())
        }
        Fact::StockCountAccepted { count } => match decision_state.counts.get(count) {
            Some(count) => {
                let lines = count.lines.iter();
                let lines = lines.map(|(product, (held, counted))| signed_line(product, *counted - *held, Cost::Last));
                (count.site, lines.collect())
            }
            None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let movement = |(line, (product, quantity, direction)): (u32, (&Name, Decimal, Direction))| Movement {
        key: StockKey { site, product: product.clone() },
        position: context.position,
        received_at: context.received_at,
        line,
        quantity,
        direction,
    };
    (0..).zip(lines).map(movement).filter(|movement| movement.quantity > Decimal::ZERO).collect()
}

fn sale_lines(sale: &Sale, direction: Direction) -> Vec<(&Name, Decimal, Direction)> {
    sale.lines.iter().map(|line| (&line.product, line.quantity, direction.clone())).collect()
}

fn signed_line(product: &Name, quantity: Decimal, cost: Cost) -> (&Name, Decimal, Direction) {
    let direction = if quantity < Decimal::ZERO {
        Direction::Out { reception: None, lot: None, sale: None }
    } else {
        Direction::In { cost, lot: None, reception: None }
    };
    (product, quantity.abs(), direction)
}

/// Pairs each counted quantity with central's quantity at the count's position. Lines of one product, such as two shelves, are
/// added up.
fn compare_count(decision_state: &DecisionState, site: Option<SiteId>, list: &StockList) -> StockCount {
    let mut lines = BTreeMap::new();
    for line in &list.lines {
        let entry = lines.entry(line.product.clone());
        let (_, counted) = entry.or_insert_with(|| (quantity(decision_state, site, &line.product), Decimal::ZERO));
        *counted += line.quantity;
    }
    StockCount { site, lines, accepted: false }
}

fn quantity(decision_state: &DecisionState, site: Option<SiteId>, product: &Name) -> Decimal {
    let key = StockKey { site, product: product.clone() };
    decision_state.stock.get(&key).map(StockItem::quantity).unwrap_or_default()
}
