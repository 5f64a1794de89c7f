//! Facts: the meaning of payloads that were validated under their schema. `comptoir-proto` reads the JSON.

use rust_decimal::Decimal;

use crate::event::{Event, Fields};
use crate::id::{EventId, Name};
use crate::money::{self, Currency};
use crate::time::Timestamp;

/// A sealed event with its parsed payload.
#[derive(Clone, PartialEq, Debug)]
pub struct ParsedEvent {
    /// The event as sealed.
    pub event: Event,
    /// Its payload, read.
    pub fact: Fact,
    /// A problem of a readable event: it is quarantined until a person releases it.
    pub objection: Option<Objection>,
}

/// Why a readable event is quarantined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Objection {
    /// The code, such as `TOTAL_MISMATCH`.
    pub code: crate::decision::Code,
    /// Explanation with the values.
    pub detail: String,
}

/// The facts of a shop, a driver, a school. One variant per action, so that a new action forces every rule to handle it.
#[derive(Clone, PartialEq, Debug)]
pub enum Fact {
    /// `EPOCH_OPENED`: the first record of an epoch.
    EpochOpened,
    /// `CLOCK_CHANGED`: what happened to the node's clock.
    ClockChanged(crate::clock::ClockChange),
    /// `SALE_RECORDED`.
    SaleRecorded(Sale),
    /// `SALE_REFUNDED`: goods came back, quantities are positive.
    SaleRefunded(Refund),
    /// `SALE_CANCELLED`: the whole sale is undone; stock and revenue as a refund.
    SaleCancelled(Refund),
    /// `REVENUE_ADJUSTED`: counts in revenue, not in stock.
    RevenueAdjusted(Adjustment),
    /// `GOODS_RECEIVED`.
    GoodsReceived(Reception),
    /// `GOODS_RETURNED`: goods went back to the supplier.
    GoodsReturned(Reception),
    /// `STOCK_WRITTEN_OFF`: goods that are gone.
    StockWrittenOff(StockList),
    /// `STOCK_COUNTED`: a proposal until central accepts it.
    StockCounted(StockList),
    /// `STOCK_COUNT_ACCEPTED`: central only; names the count.
    StockCountAccepted {
        /// The `STOCK_COUNTED` event.
        count: EventId,
    },
    /// `STOCK_ADJUSTED`: central only; signed quantities.
    StockAdjusted(StockAdjustment),
    /// `PRODUCTION_VALIDATED`: central only; what was made enters stock at its cost.
    ProductionValidated(Reception),
    /// `DELIVERY_CREATED`: central only.
    DeliveryCreated(DeliveryOrder),
    /// `DELIVERY_VALIDATED`.
    DeliveryValidated(Validation),
    /// `INVOICE_CREATED`.
    InvoiceCreated(Invoice),
    /// `INVOICE_CANCELLED`.
    InvoiceCancelled {
        /// The entity id of the invoice.
        invoice: Name,
        /// Reason, as its author wrote it.
        reason: String,
    },
    /// `CREATE`: all fields of a new entity.
    Created(Fields),
    /// `UPDATE`: only the fields that change; `None` removes one.
    Updated(Fields),
    /// `DELETE`.
    Deleted,
    /// `AUDIT_RECORDED`.
    AuditRecorded,
    /// `TRAINING_SALE_RECORDED`: somebody practised; nothing was sold.
    TrainingSaleRecorded(Sale),
    /// `TILL_OPENED`: a session of a till began.
    TillOpened,
    /// `CASH_MOVED`: cash was put into the drawer, or taken out.
    CashMoved,
    /// `TILL_CLOSED`: a session ended and its drawer was counted.
    TillClosed,
    /// `INVOICE_REFERENCE_ASSIGNED`: sealed by central next to an accepted invoice; informs and changes nothing.
    InvoiceReferenceAssigned,
    /// `CONFLICT_RESOLVED`: central only.
    ConflictResolved(Resolved),
    /// `QUARANTINE_RELEASED`: central only; the named event takes effect at this position.
    QuarantineReleased {
        /// The quarantined event.
        event: EventId,
    },
    /// `RULEBOOK_ADOPTED`: central only; in force from the next position on.
    RulebookAdopted(crate::rulebook::Rulebook),
    /// `CENTRAL_RESTORED`: central only; says that the store was restored from an older copy, and changes nothing.
    CentralRestored,
    /// `SECURITY_RECORDED`: central only; something looks like fraud or an attack. It changes nothing.
    SecurityRecorded,
    /// `IDENTITY_CHANGED`: central only; says that a user, a role, a device or a key changed, and changes nothing else.
    IdentityChanged,
}

/// The action that a person must be allowed to record in order to change a price. No event has it.
pub const PRICE_OVERRIDDEN: &str = "PRICE_OVERRIDDEN";

impl Fact {
    /// The first line whose price a person changed.
    pub fn overridden_price(&self) -> Option<usize> {
        let Fact::SaleRecorded(sale) = self else { return None };
        sale.lines.iter().position(|line| line.price_reason.is_some())
    }
}

/// Whether prices include tax.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PriceBasis {
    /// Prices include tax: the usual thing at a till.
    Gross,
    /// Tax is added to each line.
    Net,
}

/// One line of a sale, refund or invoice.
#[derive(Clone, PartialEq, Debug)]
pub struct SaleLine {
    /// What was sold.
    pub product: Name,
    /// Quantity; positive.
    pub quantity: Decimal,
    /// Price of one, in major units.
    pub unit_price: Decimal,
    /// Tax rate in per cent.
    pub vat_rate: Option<Decimal>,
    /// Taken off the line, in minor units.
    pub discount_minor: i64,
    /// As printed.
    pub description: Option<String>,
    /// Why the price is another than the product's, where a person changed it.
    pub price_reason: Option<String>,
}

/// `SALE_RECORDED`.
#[derive(Clone, PartialEq, Debug)]
pub struct Sale {
    /// Currency of every amount.
    pub currency: Currency,
    /// What was sold.
    pub lines: Vec<SaleLine>,
    /// Tax included, minor units; equals the lines' sum, each rounded half up.
    pub total_minor: i64,
    /// Whether prices include tax.
    pub price_basis: PriceBasis,
    /// The client's entity id.
    pub customer: Option<Name>,
    /// Destination country.
    pub country: Option<String>,
    /// Printed number.
    pub receipt_no: Option<String>,
}

/// `SALE_REFUNDED` and `SALE_CANCELLED`.
#[derive(Clone, PartialEq, Debug)]
pub struct Refund {
    /// What came back, positive quantities.
    pub sale: Sale,
    /// The entity id of the sale, if known.
    pub original: Option<Name>,
    /// Reason, as its author wrote it.
    pub reason: Option<String>,
}

/// `REVENUE_ADJUSTED`.
#[derive(Clone, PartialEq, Debug)]
pub struct Adjustment {
    /// Currency of the amount.
    pub currency: Currency,
    /// Signed, minor units.
    pub amount_minor: i64,
    /// Reason, as its author wrote it.
    pub reason: String,
    /// Product concerned.
    pub product: Option<Name>,
    /// Counted apart from sold quantity.
    pub quantity: Decimal,
    /// The client's entity id.
    pub customer: Option<Name>,
    /// Destination country.
    pub country: Option<String>,
}

/// One line of a reception, return or production.
#[derive(Clone, PartialEq, Debug)]
pub struct ReceptionLine {
    /// Product received.
    pub product: Name,
    /// Quantity; positive.
    pub quantity: Decimal,
    /// Cost of one, in major units of the tenant's stock currency; the last known cost where absent.
    pub unit_cost: Option<Decimal>,
    /// The supplier's lot.
    pub lot: Option<Name>,
}

/// `GOODS_RECEIVED`, `GOODS_RETURNED`, `PRODUCTION_VALIDATED`.
#[derive(Clone, PartialEq, Debug)]
pub struct Reception {
    /// Goods received or returned.
    pub lines: Vec<ReceptionLine>,
    /// The supplier.
    pub supplier: Option<String>,
    /// The supplier's document.
    pub reference: Option<String>,
    /// Of the costs, where said.
    pub currency: Option<Currency>,
    /// Whether the lots keep the reception's entity id, so that a return finds them.
    pub marks_lots: bool,
    /// Of a return: the entity id of the reception that it undoes.
    pub undoes: Option<Name>,
}

/// One line of a write-off or count.
#[derive(Clone, PartialEq, Debug)]
pub struct StockLine {
    /// The product.
    pub product: Name,
    /// How much: positive in a write-off, zero or more in a count.
    pub quantity: Decimal,
}

/// `STOCK_WRITTEN_OFF`, `STOCK_COUNTED`.
#[derive(Clone, PartialEq, Debug)]
pub struct StockList {
    /// The products.
    pub lines: Vec<StockLine>,
    /// Reason, as its author wrote it.
    pub reason: Option<String>,
    /// The client's entity id, as the source of a write-off may name one.
    pub customer: Option<Name>,
    /// Destination country.
    pub country: Option<String>,
}

/// `STOCK_ADJUSTED`.
#[derive(Clone, PartialEq, Debug)]
pub struct StockAdjustment {
    /// Signed quantities; a positive one enters as a lot at `unit_cost`.
    pub lines: Vec<StockAdjustmentLine>,
    /// Reason, as its author wrote it.
    pub reason: String,
}

/// One line of `STOCK_ADJUSTED`.
#[derive(Clone, PartialEq, Debug)]
pub struct StockAdjustmentLine {
    /// The product.
    pub product: Name,
    /// Signed.
    pub quantity: Decimal,
    /// Cost of the added goods; the last known cost where absent.
    pub unit_cost: Option<Decimal>,
}

/// `DELIVERY_CREATED`.
#[derive(Clone, PartialEq, Debug)]
pub struct DeliveryOrder {
    /// Printed number.
    pub reference: String,
    /// The client's entity id or name.
    pub client: String,
    /// Tax included.
    pub total_minor: Option<i64>,
    /// The code that the driver scans; central makes one if absent.
    pub qr: String,
    /// The user who is to deliver.
    pub assigned_to: Option<Name>,
}

/// `DELIVERY_VALIDATED`.
#[derive(Clone, PartialEq, Debug)]
pub struct Validation {
    /// What was scanned.
    pub qr: String,
    /// As the driver's device says.
    pub validated_at: Timestamp,
    /// Degrees, as text.
    pub latitude: Option<Decimal>,
    /// Degrees, as text.
    pub longitude: Option<Decimal>,
    /// Hash of the signature's file.
    pub signature_hash: Option<String>,
    /// Hash of the photo's file.
    pub photo_hash: Option<String>,
}

/// `INVOICE_CREATED`.
#[derive(Clone, PartialEq, Debug)]
pub struct Invoice {
    /// The client's entity id.
    pub client: Name,
    /// Currency of every amount.
    pub currency: Currency,
    /// What is invoiced.
    pub lines: Vec<SaleLine>,
    /// Whether only the total is known: `lines` is then one line of it, of no product that anybody knows.
    pub lines_missing: bool,
    /// Tax included, minor units.
    pub total_minor: i64,
    /// Whether prices include tax.
    pub price_basis: PriceBasis,
    /// `YYYY-MM-DD`.
    pub due_on: Option<String>,
    /// The number that the node printed before central assigned one.
    pub provisional_reference: Option<String>,
}

/// How a person closed a conflict.
#[derive(Clone, PartialEq, Debug)]
pub struct Resolved {
    /// The event that opened the conflict.
    pub conflict: EventId,
    /// The entity's new fields; `None` keeps the server's fields.
    pub fields: Option<Fields>,
}

/// What one line comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LineAmount {
    /// Minor units, unrounded, tax included.
    pub exact_minor: Decimal,
    /// Minor units, rounded half up, tax included.
    pub minor: i64,
}

/// The amount of a line: quantity x price minus discount, plus tax when prices are net. The line is rounded once at its end; a
/// net line is rounded before and after its tax, as it is printed. `None` if it does not fit 64 bits.
pub fn line_amount(line: &SaleLine, basis: PriceBasis, currency: Currency) -> Option<LineAmount> {
    let exact =
        money::to_minor(line.quantity.checked_mul(line.unit_price)?, currency) - Decimal::from(line.discount_minor);
    let minor = money::round_half_up(exact)?;
    match (basis, line.vat_rate) {
        (PriceBasis::Net, Some(rate)) => {
            let tax = money::round_half_up(Decimal::from(minor) * rate / Decimal::ONE_HUNDRED)?;
            let exact_minor = exact + exact * rate / Decimal::ONE_HUNDRED;
            Some(LineAmount { exact_minor, minor: minor.checked_add(tax)? })
        }
        _ => Some(LineAmount { exact_minor: exact, minor }),
    }
}

/// The sum of the lines, each rounded half up: what `total_minor` must be.
pub fn total_minor(lines: &[SaleLine], basis: PriceBasis, currency: Currency) -> Option<i64> {
    lines.iter().try_fold(0i64, |sum, line| sum.checked_add(line_amount(line, basis, currency)?.minor))
}
