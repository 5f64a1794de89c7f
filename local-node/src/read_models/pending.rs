//! The index of events that central's rows do not include yet, by what they change: undecided events, and decided ones that no
//! pulled row covers. It holds positions only; events are read from the log when a row is requested. Readers bring it up to date,
//! so that appends pay nothing for it.

use std::collections::{BTreeMap, VecDeque};

use comptoir_core::decision::Verdict;
use comptoir_core::event::Event;
use comptoir_core::id::Name;
use comptoir_core::position::Seq;
use comptoir_proto::pull_v1::RowKind;
use comptoir_proto::stored_v1;
use comptoir_proto::sync_v1::RecordResult;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::pull_progress::PullProgress;
use crate::event_log::{Log, LogPosition, ReadError};

/// Records read from the log at once.
const READ_RECORDS: usize = 500;
const READ_BYTES: usize = 1024 * 1024;
/// Acknowledged events that are shown before the first pull. Earlier ones come with the first bootstrap.
const ACKED_MAX: usize = 10_000;

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Target {
    pub(crate) kind: RowKind,
    pub(crate) entity_type: Name,
    pub(crate) entity_id: Name,
}

/// Quantities moved by pending events.
#[derive(Clone, Debug, Default)]
pub(crate) struct PendingQuantities {
    pub(crate) events: u64,
    pub(crate) sold: Decimal,
    pub(crate) refunded: Decimal,
    pub(crate) received: Decimal,
    pub(crate) returned: Decimal,
    pub(crate) written_off: Decimal,
    /// The decided part: a row that arrives before its cursor may include it already.
    decided: Vec<Decided>,
}

/// A decided line that no cursor covers yet.
#[derive(Clone, Debug)]
struct Decided {
    at: LogPosition,
    position: u64,
    sum: Sum,
    quantity: Decimal,
}

impl PendingQuantities {
    /// The quantities that a row does not include.
    pub(crate) fn without(&self, is_in_row: impl Fn(LogPosition, u64) -> bool) -> PendingQuantities {
        let mut left = PendingQuantities { decided: Vec::new(), ..self.clone() };
        for line in self.decided.iter().filter(|line| is_in_row(line.at, line.position)) {
            left.subtract(line.sum, line.quantity);
        }
        left
    }

    fn subtract(&mut self, sum: Sum, quantity: Decimal) {
        self.events = self.events.saturating_sub(1);
        *sum(self) = sum(self).saturating_sub(quantity);
    }
}

#[derive(Default)]
pub(crate) struct PendingIndex {
    /// In the log's order.
    events: VecDeque<IndexedEvent>,
    /// The open epoch is indexed up to here.
    indexed: LogPosition,
    /// Its decisions are known up to here.
    decided: Seq,
    rows: BTreeMap<Target, Vec<LogPosition>>,
    stock: BTreeMap<Name, PendingQuantities>,
}

struct IndexedEvent {
    at: LogPosition,
    /// Its position, once central has decided it.
    position: Option<u64>,
    /// Whether it is in `rows` or `stock`.
    counts: bool,
}

/// The read models that one event touches.
enum RowEffect {
    Nothing,
    Row(Target),
    /// The sum to add to, and the quantity of each product.
    Stock(Sum, Vec<(Name, Decimal)>),
}

type Sum = fn(&mut PendingQuantities) -> &mut Decimal;

impl PendingIndex {
    /// Brings the index up to date with the log and with the pulled rows.
    pub(crate) fn refresh(&mut self, log: &Log, progress: &PullProgress) -> Result<(), ReadError> {
        let head = log.head();
        let epoch = head.epoch.number;
        if self.indexed.epoch != epoch || self.indexed.seq < head.marks.acked {
            *self = PendingIndex::default();
            self.rebuild(log, progress, epoch, head.marks.acked)?;
        }
        self.index(log, epoch, head.marks.durable)?;
        self.decide(log, epoch, head.marks.acked)?;
        self.settle(log, progress)
    }

    /// The positions of a row's pending events, in order.
    pub(crate) fn over(&self, target: &Target) -> &[LogPosition] {
        self.rows.get(target).map_or(&[], Vec::as_slice)
    }

    /// The rows of a type with pending events, from an id on.
    pub(crate) fn targets<'a>(&'a self, from: &Target) -> impl Iterator<Item = &'a Target> {
        let (kind, entity_type) = (from.kind, from.entity_type.clone());
        let of_type = move |target: &&Target| target.kind == kind && target.entity_type == entity_type;
        self.rows.range(from.clone()..).map(|(target, _)| target).take_while(of_type)
    }

    pub(crate) fn stock(&self) -> &BTreeMap<Name, PendingQuantities> {
        &self.stock
    }

    /// Finds the oldest event that central's rows lack, backwards from the last decision, and indexes from there.
    fn rebuild(&mut self, log: &Log, progress: &PullProgress, epoch: u32, acked: Seq) -> Result<(), ReadError> {
        let mut epochs: Vec<u32> = log.epochs().into_iter().map(|epoch| epoch.number).collect();
        epochs.retain(|number| *number <= epoch);
        let mut first = LogPosition { epoch, seq: acked.next() };
        let mut count = 0;
        'walk: for number in epochs.into_iter().rev() {
            let acked = if number == epoch { acked } else { log.acked(number)? };
            for seq in (1..=acked.0).rev().map(Seq) {
                let at = LogPosition { epoch: number, seq };
                let covered = position(log, number, seq)?.is_none_or(|position| progress.covers(at, position));
                if covered || (progress.complete_through.is_none() && count == ACKED_MAX) {
                    break 'walk;
                }
                (first, count) = (at, count + 1);
            }
        }
        for number in first.epoch..epoch {
            let from = if number == first.epoch { first.seq } else { Seq(1) };
            // Undecided events of an older epoch were sealed again in the next.
            let acked = log.acked(number)?;
            self.indexed = LogPosition { epoch: number, seq: Seq(from.0 - 1) };
            self.index(log, number, acked)?;
            self.decided = Seq(from.0 - 1);
            self.decide(log, number, acked)?;
        }
        let from = if first.epoch == epoch { first.seq } else { Seq(1) };
        self.indexed = LogPosition { epoch, seq: Seq(from.0 - 1) };
        self.decided = self.indexed.seq;
        Ok(())
    }

    /// Indexes the records up to a seq.
    fn index(&mut self, log: &Log, epoch: u32, to: Seq) -> Result<(), ReadError> {
        while self.indexed.seq < to {
            let sealed = log.read(epoch, self.indexed.seq.next(), READ_RECORDS, READ_BYTES)?;
            if sealed.is_empty() {
                break;
            }
            for record in sealed.into_iter().take_while(|record| record.seq <= to) {
                let at = LogPosition { epoch, seq: record.seq };
                let row_effect =
                    stored_v1::decode(&record.record).map_or(RowEffect::Nothing, |event| row_effect(&event));
                let counts = self.add(at, row_effect);
                self.events.push_back(IndexedEvent { at, position: None, counts });
                self.indexed = at;
            }
        }
        Ok(())
    }

    /// Notes central's decisions. A refused event leaves the overlay, except that a refused validation shows who was first.
    fn decide(&mut self, log: &Log, epoch: u32, acked: Seq) -> Result<(), ReadError> {
        while self.decided < acked {
            let at = LogPosition { epoch, seq: self.decided.next() };
            let found = self.events.binary_search_by_key(&at, |event| event.at);
            if let (Ok(found), Some(result)) = (found, decision(log, at)?) {
                let stays = result.verdict == Verdict::Accepted.as_str() || is_again(&result) || discards(&result);
                if !stays && std::mem::take(&mut self.events[found].counts) {
                    self.remove(log, at)?;
                }
                if self.events[found].counts && !self.stock.is_empty() {
                    self.note_decided(log, at, result.position)?;
                }
                self.events[found].position = Some(result.position);
            }
            self.decided = at.seq;
        }
        Ok(())
    }

    /// Drops events that central's rows include.
    fn settle(&mut self, log: &Log, progress: &PullProgress) -> Result<(), ReadError> {
        let mut decided = self.events.partition_point(|event| event.position.is_some());
        while let Some(front) = self.events.front() {
            let covered = front.position.is_some_and(|position| progress.covers(front.at, position));
            let too_many = progress.complete_through.is_none() && decided > ACKED_MAX;
            if !covered && !too_many {
                break;
            }
            let (at, counts) = (front.at, front.counts);
            if counts {
                self.remove(log, at)?;
            }
            self.events.pop_front();
            decided = decided.saturating_sub(1);
        }
        Ok(())
    }

    fn add(&mut self, at: LogPosition, row_effect: RowEffect) -> bool {
        match row_effect {
            RowEffect::Nothing => false,
            RowEffect::Row(target) => {
                self.rows.entry(target).or_default().push(at);
                true
            }
            RowEffect::Stock(sum, lines) => {
                for (product, quantity) in lines {
                    let moving = self.stock.entry(product).or_default();
                    moving.events += 1;
                    *sum(moving) = sum(moving).saturating_add(quantity);
                }
                true
            }
        }
    }

    /// Remembers the central position of an event's quantities.
    fn note_decided(&mut self, log: &Log, at: LogPosition, position: u64) -> Result<(), ReadError> {
        let Some(event) = event(log, at)? else { return Ok(()) };
        let RowEffect::Stock(sum, lines) = row_effect(&event) else { return Ok(()) };
        for (product, quantity) in lines {
            if let Some(moving) = self.stock.get_mut(&product) {
                moving.decided.push(Decided { at, position, sum, quantity });
            }
        }
        Ok(())
    }

    fn remove(&mut self, log: &Log, at: LogPosition) -> Result<(), ReadError> {
        let Some(event) = event(log, at)? else { return Ok(()) };
        match row_effect(&event) {
            RowEffect::Nothing => {}
            RowEffect::Row(target) => {
                if let Some(positions) = self.rows.get_mut(&target) {
                    positions.retain(|progress| *progress != at);
                    if positions.is_empty() {
                        self.rows.remove(&target);
                    }
                }
            }
            RowEffect::Stock(sum, lines) => {
                for (product, quantity) in lines {
                    let Some(moving) = self.stock.get_mut(&product) else { continue };
                    moving.subtract(sum, quantity);
                    moving.decided.retain(|line| line.at != at);
                    if moving.events == 0 {
                        self.stock.remove(&product);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The event at a position, if it reads.
pub(crate) fn event(log: &Log, at: LogPosition) -> Result<Option<Event>, ReadError> {
    let sealed = log.read(at.epoch, at.seq, 1, usize::MAX)?;
    let sealed = sealed.first().filter(|sealed| sealed.seq == at.seq);
    Ok(sealed.and_then(|sealed| stored_v1::decode(&sealed.record).ok()))
}

/// Central's decision about the record at a position.
pub(crate) fn decision(log: &Log, at: LogPosition) -> Result<Option<RecordResult>, ReadError> {
    let bytes = log.decision(at.epoch, at.seq)?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Whether central discards the change because another was first.
pub(crate) fn discards(result: &RecordResult) -> bool {
    result.resolution.as_ref().is_some_and(|resolution| resolution["action"] == "DISCARD_LOCAL")
}

/// Whether central already had the event, as after a restore: the row that includes it may not have arrived yet.
pub(crate) fn is_again(result: &RecordResult) -> bool {
    result.verdict == Verdict::Duplicate.as_str()
}

fn position(log: &Log, epoch: u32, seq: Seq) -> Result<Option<u64>, ReadError> {
    Ok(decision(log, LogPosition { epoch, seq })?.map(|result| result.position))
}

fn row_effect(event: &Event) -> RowEffect {
    let content = &event.content;
    let row = |kind, id: &Name| {
        RowEffect::Row(Target { kind, entity_type: content.entity_type.clone(), entity_id: id.clone() })
    };
    match content.action.as_str() {
        // Core refuses these for types that are not made of fields.
        "CREATE" | "UPDATE" | "DELETE" => match content.entity_type.as_str() {
            "STOCK" | "DELIVERY" | "INVOICE" => RowEffect::Nothing,
            _ => row(RowKind::Entity, &content.entity_id),
        },
        "DELIVERY_VALIDATED" => row(RowKind::Delivery, &content.entity_id),
        "INVOICE_CREATED" => row(RowKind::Invoice, &content.entity_id),
        "INVOICE_CANCELLED" => match serde_json::from_slice::<Cancelled>(&content.payload) {
            Ok(cancelled) => Name::new(cancelled.invoice).map_or(RowEffect::Nothing, |id| row(RowKind::Invoice, &id)),
            Err(_) => RowEffect::Nothing,
        },
        "SALE_RECORDED" => RowEffect::Stock(|moving| &mut moving.sold, lines(&content.payload)),
        "SALE_REFUNDED" | "SALE_CANCELLED" => RowEffect::Stock(|moving| &mut moving.refunded, lines(&content.payload)),
        "GOODS_RECEIVED" => RowEffect::Stock(|moving| &mut moving.received, lines(&content.payload)),
        "GOODS_RETURNED" => RowEffect::Stock(|moving| &mut moving.returned, lines(&content.payload)),
        "STOCK_WRITTEN_OFF" => RowEffect::Stock(|moving| &mut moving.written_off, lines(&content.payload)),
        _ => RowEffect::Nothing,
    }
}

#[derive(Deserialize)]
struct Cancelled {
    invoice: String,
}

#[derive(Deserialize)]
struct StockLines {
    lines: Vec<StockLine>,
}

#[derive(Deserialize)]
struct StockLine {
    product: String,
    quantity: Box<RawValue>,
}

/// Products and quantities; the payload was checked before it was sealed.
fn lines(payload: &[u8]) -> Vec<(Name, Decimal)> {
    let Ok(StockLines { lines }) = serde_json::from_slice(payload) else { return Vec::new() };
    let read = |line: StockLine| {
        let quantity = line.quantity.get().trim_matches('"').parse().ok()?;
        Some((Name::new(line.product).ok()?, quantity))
    };
    lines.into_iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pending_event_costs_the_memory_that_the_operating_page_names() {
        assert_eq!((std::mem::size_of::<IndexedEvent>(), std::mem::size_of::<Decided>()), (40, 48));
    }
}
