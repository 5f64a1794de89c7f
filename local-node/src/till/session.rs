//! An open session as the log has it, and the report of a closed one.

use comptoir_core::event::Event;
use comptoir_core::fact::Fact;
use comptoir_core::money::Currency;
use comptoir_core::position::Seq;
use comptoir_core::till::{Payment, TillTotals};
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_proto::payload::read_fact;
use comptoir_proto::receipt_code::ReceiptCode;
use comptoir_proto::stored_v1;
use comptoir_proto::till_v1::{CashMove, CashMoved, TillClosed, TillOpened, TillSession, TillSums};
use serde::Deserialize;

use crate::event_log::{Found, Log, LogPosition, ReadError};

/// Records read from the log at once.
const READ_RECORDS: usize = 500;
const READ_BYTES: usize = 1024 * 1024;
/// Movements that an open session lists; their sums have all.
const MOVES_SHOWN: usize = 1_000;

/// A session whose sums follow the log.
pub(super) struct OpenSession {
    number: u64,
    opened: TillOpened,
    currency: Currency,
    event: Event,
    totals: TillTotals,
    moves: Vec<CashMove>,
    /// Everything up to here is in the sums.
    read: LogPosition,
}

impl OpenSession {
    /// `None` if the record does not read.
    pub(super) fn begin(number: u64, found: &Found) -> Option<OpenSession> {
        let event = stored_v1::decode(&found.sealed.record).ok()?;
        let opened: TillOpened = serde_json::from_slice(&event.content.payload).ok()?;
        let currency = Currency::parse(&opened.currency)?;
        let read = LogPosition { epoch: found.epoch, seq: found.sealed.seq };
        Some(OpenSession { number, opened, currency, event, totals: TillTotals::default(), moves: Vec::new(), read })
    }

    /// Whether these sums can go on. A new epoch has records of the one before again.
    pub(super) fn is_of(&self, log: &Log, number: u64) -> bool {
        self.number == number && self.read.epoch == log.head().epoch.number
    }

    /// Adds what the log has since.
    pub(super) fn follow(&mut self, log: &Log) -> Result<(), ReadError> {
        let head = log.head();
        let (open, first) = (head.epoch.number, self.read.epoch);
        for epoch in log.epochs().into_iter().map(|epoch| epoch.number).filter(|number| *number >= first) {
            // What central had not answered for was sealed again in the next epoch.
            let last = if epoch == open { head.marks.durable } else { log.acked(epoch)? };
            let from = if epoch == self.read.epoch { self.read.seq } else { Seq(0) };
            self.read = LogPosition { epoch, seq: from };
            while self.read.seq < last {
                let records = log.read(epoch, self.read.seq.next(), READ_RECORDS, READ_BYTES)?;
                let Some(end) = records.last().map(|record| record.seq) else { break };
                for record in records.iter().filter(|record| record.seq <= last) {
                    if let Ok(event) = stored_v1::decode(&record.record) {
                        self.add(&event);
                    }
                }
                self.read.seq = end.min(last);
            }
        }
        Ok(())
    }

    fn add(&mut self, event: &Event) {
        let content = &event.content;
        if !matches!(content.action.as_str(), "SALE_RECORDED" | "SALE_REFUNDED" | "SALE_CANCELLED" | "CASH_MOVED") {
            return;
        }
        let fact = read_fact(&content.entity_type, &content.action, content.schema_version, &content.payload);
        let payments = payments(&content.payload);
        match fact.map(|(fact, _)| fact) {
            Ok(Fact::SaleRecorded(sale)) => self.totals.add_sale(self.currency, &sale, &payments),
            Ok(Fact::SaleRefunded(refund) | Fact::SaleCancelled(refund)) => {
                self.totals.add_refund(self.currency, &refund.sale, &payments);
            }
            Ok(Fact::CashMoved) => {
                let Ok(moved) = serde_json::from_slice::<CashMoved>(&content.payload) else { return };
                self.totals.move_cash(moved.amount_minor);
                if self.moves.len() < MOVES_SHOWN {
                    self.moves.push(CashMove {
                        id: event.id.uuid(),
                        at: instant::format(event.occurred_at),
                        by: content.user.as_ref().map(ToString::to_string),
                        amount_minor: moved.amount_minor,
                        reason: moved.reason,
                    });
                }
            }
            _ => {}
        }
    }

    pub(super) fn shown(&self) -> TillSession {
        TillSession {
            id: self.event.id.uuid(),
            number: self.number,
            opened_at: instant::format(self.event.occurred_at),
            opened_by: self.event.content.user.as_ref().map(ToString::to_string),
            currency: self.opened.currency.clone(),
            float_minor: self.opened.float_minor,
            sums: TillSums::from(&self.totals),
            expected_minor: self.totals.expected_cash(self.opened.float_minor),
            moves: self.moves.clone(),
        }
    }
}

/// A Z report, and the record that has it.
pub(crate) struct Closing {
    pub(crate) report: TillClosed,
    pub(crate) found: Found,
    pub(crate) closed_at: Timestamp,
    /// The path of the code that proves it.
    pub(crate) path: String,
}

impl Closing {
    /// `None` if the record is no report that reads.
    pub(crate) fn read(found: Found) -> Option<Closing> {
        let event = stored_v1::decode(&found.sealed.record).ok()?;
        let report = serde_json::from_slice(&event.content.payload).ok()?;
        let path = ReceiptCode::new(&event, found.sealed.chain).path();
        Some(Closing { report, closed_at: event.occurred_at, path, found })
    }
}

#[derive(Default, Deserialize)]
struct Payments {
    #[serde(default)]
    payments: Vec<PaymentText>,
}

#[derive(Deserialize)]
struct PaymentText {
    method: String,
    amount_minor: i64,
}

/// The payments of a sale's payload. No decision depends on them, so the fact has none.
pub(crate) fn payments(payload: &[u8]) -> Vec<Payment> {
    let payments: Payments = serde_json::from_slice(payload).unwrap_or_default();
    let read = |PaymentText { method, amount_minor }| Payment { method, amount_minor };
    payments.payments.into_iter().map(read).collect()
}
