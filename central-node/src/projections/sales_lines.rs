//! Computes the lines of a sale, refund, write-off or adjustment in the sales report.
//! Pure: the same event in the same zone gives the same lines in every rebuild.

use comptoir_core::fact::{Adjustment, Fact, ParsedEvent, Refund, Sale, StockList, line_amount};
use comptoir_core::id::{Name, SiteId};
use comptoir_core::money::{Currency, from_minor};
use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

/// The kind of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SalesLineKind {
    /// Goods sold.
    Sale,
    /// Returned goods: quantity and amount are negative.
    Refund,
    /// Goods lost without a sale: a quantity and no amount.
    WriteOff,
    /// A change of revenue without goods: its quantity is counted apart from sales.
    Adjustment,
}

impl SalesLineKind {
    /// The word in the table, the views and the export.
    pub fn as_str(self) -> &'static str {
        match self {
            SalesLineKind::Sale => "SALE",
            SalesLineKind::Refund => "REFUND",
            SalesLineKind::WriteOff => "WRITE_OFF",
            SalesLineKind::Adjustment => "ADJUSTMENT",
        }
    }
}

/// The actions that produce sales lines. A released event counts by its own action.
pub const ACTIONS: [&str; 5] =
    ["SALE_RECORDED", "SALE_REFUNDED", "SALE_CANCELLED", "STOCK_WRITTEN_OFF", "REVENUE_ADJUSTED"];

/// Where an event counts: at its own position, or at its release's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CountedAt {
    /// The position at which the event took effect.
    pub position: Position,
    /// The effective time that central decided: it determines the day.
    pub effective_at: Timestamp,
    /// Whether `effective_at` differs from the event's record because the true time is unknown.
    pub time_unsure: bool,
}

/// One line of the sales report.
#[derive(Clone, PartialEq, Debug)]
pub struct SalesLine {
    /// The position of the event, or of its release.
    pub position: Position,
    /// The number of the line in the event, from 0.
    pub line: i32,
    /// The kind of the line.
    pub kind: SalesLineKind,
    /// The day in the tenant's zone.
    pub day: Date,
    /// Whether the day is only the nearest one consistent with the log, because the true time is unknown.
    pub time_unsure: bool,
    /// The site.
    pub site: Option<SiteId>,
    /// The product; `None` for an adjustment without one.
    pub product: Option<Name>,
    /// The destination country.
    pub country: Option<String>,
    /// The client's entity id.
    pub customer: Option<Name>,
    /// The user who acted.
    pub user: Option<Name>,
    /// The entity id of the sale, refund, write-off or adjustment.
    pub entity_id: Name,
    /// Negative for returned goods; positive for written-off goods.
    pub quantity: Decimal,
    /// Tax included, in major units, unrounded; negative for refunded money.
    pub amount: Decimal,
    /// The amount in minor units, rounded as printed on the line.
    pub amount_minor: i64,
    /// The currency of the amount; `None` for a write-off.
    pub currency: Option<Currency>,
}

/// Why an accepted event has no lines although it should: the projection parks its entity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The amount of a line does not fit 64 bits.
    #[error("line {line}: {quantity} x {unit_price} is more than an amount can hold")]
    AmountTooLarge {
        /// The number of the line, from 0.
        line: usize,
        /// The line's quantity.
        quantity: Decimal,
        /// The line's unit price.
        unit_price: Decimal,
    },
    /// The event's time has no calendar day.
    #[error("{micros} microseconds since 1970 have no calendar day")]
    NoDay {
        /// Microseconds since 1970.
        micros: i64,
    },
}

/// The lines of an event; empty if its action is not in [`ACTIONS`].
pub fn lines_of(known: &ParsedEvent, counted: CountedAt, zone: &TimeZone) -> Result<Vec<SalesLine>, LineError> {
    match &known.fact {
        Fact::SaleRecorded(sale) => sold(known, counted, zone, sale, SalesLineKind::Sale),
        Fact::SaleRefunded(Refund { sale, .. }) | Fact::SaleCancelled(Refund { sale, .. }) => {
            sold(known, counted, zone, sale, SalesLineKind::Refund)
        }
        Fact::StockWrittenOff(list) => written_off(known, counted, zone, list),
        Fact::RevenueAdjusted(adjustment) => adjusted(known, counted, zone, adjustment),
        Fact::EpochOpened
        | Fact::ClockChanged(_)
        | Fact::GoodsReceived(_)
        | Fact::GoodsReturned(_)
        | Fact::StockCounted(_)
        | Fact::StockCountAccepted { .. }
        | Fact::StockAdjusted(_)
        | Fact::ProductionValidated(_)
        | Fact::DeliveryCreated(_)
        | Fact::DeliveryValidated(_)
        | Fact::InvoiceCreated(_)
        | Fact::InvoiceCancelled { .. }
        | Fact::Created(_)
        | Fact::Updated(_)
        | Fact::Deleted
        | Fact::AuditRecorded
        | Fact::TrainingSaleRecorded(_)
        | Fact::TillOpened
        | Fact::CashMoved
        | Fact::TillClosed
        | Fact::InvoiceReferenceAssigned
        | Fact::ConflictResolved(_)
        | Fact::QuarantineReleased { .. }
        | Fact::RulebookAdopted(_)
        | Fact::CentralRestored
        | Fact::SecurityRecorded
        | Fact::IdentityChanged => Ok(Vec::new()),
    }
}

fn sold(
    known: &ParsedEvent,
    counted: CountedAt,
    zone: &TimeZone,
    sale: &Sale,
    kind: SalesLineKind,
) -> Result<Vec<SalesLine>, LineError> {
    let sign = if kind == SalesLineKind::Refund { Decimal::NEGATIVE_ONE } else { Decimal::ONE };
    let blank = blank_line(known, counted, zone, kind, &sale.customer, &sale.country)?;
    let line = |(index, line): (usize, &comptoir_core::fact::SaleLine)| {
        let too_large = LineError::AmountTooLarge { line: index, quantity: line.quantity, unit_price: line.unit_price };
        let amount = line_amount(line, sale.price_basis, sale.currency).ok_or_else(|| too_large.clone())?;
        // A refund's rounded amount is negated, so i64::MIN, whose negation overflows, is refused for a sale too.
        let minor = if kind == SalesLineKind::Refund { amount.minor.checked_neg() } else { Some(amount.minor) };
        Ok(SalesLine {
            line: line_number(index),
            product: Some(line.product.clone()),
            quantity: line.quantity * sign,
            amount: amount.exact_minor * from_minor(1, sale.currency) * sign,
            amount_minor: minor.ok_or(too_large)?,
            currency: Some(sale.currency),
            ..blank.clone()
        })
    };
    sale.lines.iter().enumerate().map(line).collect()
}

fn written_off(
    known: &ParsedEvent,
    counted: CountedAt,
    zone: &TimeZone,
    list: &StockList,
) -> Result<Vec<SalesLine>, LineError> {
    let blank = blank_line(known, counted, zone, SalesLineKind::WriteOff, &list.customer, &list.country)?;
    let line = |(index, line): (usize, &comptoir_core::fact::StockLine)| SalesLine {
        line: line_number(index),
        product: Some(line.product.clone()),
        quantity: line.quantity,
        ..blank.clone()
    };
    Ok(list.lines.iter().enumerate().map(line).collect())
}

fn adjusted(
    known: &ParsedEvent,
    counted: CountedAt,
    zone: &TimeZone,
    adjustment: &Adjustment,
) -> Result<Vec<SalesLine>, LineError> {
    let blank = blank_line(known, counted, zone, SalesLineKind::Adjustment, &adjustment.customer, &adjustment.country)?;
    Ok(vec![SalesLine {
        product: adjustment.product.clone(),
        quantity: adjustment.quantity,
        amount: from_minor(adjustment.amount_minor, adjustment.currency),
        amount_minor: adjustment.amount_minor,
        currency: Some(adjustment.currency),
        ..blank
    }])
}

/// The fields that all lines of an event share.
fn blank_line(
    known: &ParsedEvent,
    counted: CountedAt,
    zone: &TimeZone,
    kind: SalesLineKind,
    customer: &Option<Name>,
    country: &Option<String>,
) -> Result<SalesLine, LineError> {
    let content = &known.event.content;
    Ok(SalesLine {
        position: counted.position,
        line: 0,
        kind,
        day: day_of(counted.effective_at, zone)?,
        time_unsure: counted.time_unsure,
        site: content.site,
        product: None,
        // An empty text counts as absent.
        country: country.clone().filter(|country| !country.is_empty()),
        customer: customer.clone(),
        user: content.user.clone(),
        entity_id: content.entity_id.clone(),
        quantity: Decimal::ZERO,
        amount: Decimal::ZERO,
        amount_minor: 0,
        currency: None,
    })
}

/// The calendar day of an instant in a zone.
pub fn day_of(at: Timestamp, zone: &TimeZone) -> Result<Date, LineError> {
    let no_day = LineError::NoDay { micros: at.0 };
    let instant = jiff::Timestamp::from_microsecond(at.0).map_err(|_| no_day.clone())?;
    let day = instant.to_zoned(zone.clone()).date();
    // West of Greenwich the first hours of year 1 are in year 0, which Postgres does not support.
    if day.year() >= 1 { Ok(day) } else { Err(no_day) }
}

/// A payload of 256 KiB has fewer lines than 2^31.
fn line_number(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use comptoir_core::event::{Content, Event, TimeSource};
    use comptoir_core::id::{EventId, NodeId, TenantId};
    use comptoir_core::money::plain;
    use comptoir_core::position::{Epoch, Seq};
    use comptoir_proto::{instant, payload};
    use jiff::civil::date;

    use super::*;

    fn known(entity_type: &str, action: &str, occurred_at: &str, payload: serde_json::Value) -> ParsedEvent {
        let name = |text: &str| Name::new(text).unwrap();
        let event = Event {
            id: EventId::from_bytes([1; 16]),
            tenant: TenantId::from_bytes([2; 16]),
            node: NodeId::from_bytes([3; 16]),
            epoch: Epoch { number: 1, id: uuid::Uuid::from_bytes([4; 16]) },
            seq: Seq(1),
            occurred_at: instant::parse(occurred_at).unwrap(),
            time_source: TimeSource::Caller,
            identity_position: 0,
            content: Content {
                user: Some(name("u-1")),
                ..Content::new(name(entity_type), name("T-1"), name(action), payload.to_string().into_bytes())
            },
        };
        payload::parse(event).map_err(|(_, error)| error).unwrap()
    }

    fn lines(known: &ParsedEvent, received_at: &str) -> Vec<SalesLine> {
        let effective_at = known.event.occurred_at.min(instant::parse(received_at).unwrap());
        let counted = CountedAt { position: Position(7), effective_at, time_unsure: false };
        lines_of(known, counted, &TimeZone::get("Africa/Tunis").unwrap()).unwrap()
    }

    const LATER: &str = "2030-01-01T00:00:00Z";

    #[test]
    fn a_sale_counts_each_line_exactly_and_as_it_was_rounded() {
        let sale = known(
            "SALE",
            "SALE_RECORDED",
            "2024-05-01T10:00:00Z",
            serde_json::json!({"currency": "EUR", "total_minor": 1532, "country": "Tunisie", "customer": "c-9",
                "lines": [{"product": "A", "quantity": "6", "unit_price": "2.55"},
                          {"product": "B", "quantity": "2", "unit_price": "0.011"}]}),
        );
        let lines = lines(&sale, LATER);
        let figures: Vec<_> =
            lines.iter().map(|line| (line.line, plain(line.quantity), plain(line.amount), line.amount_minor)).collect();
        assert_eq!(figures, [(0, "6".to_owned(), "15.3".to_owned(), 1530), (1, "2".to_owned(), "0.022".to_owned(), 2)]);
        assert_eq!(lines[0].kind, SalesLineKind::Sale);
        assert_eq!(lines[0].country.as_deref(), Some("Tunisie"));
        assert_eq!(lines[1].customer.as_ref().map(Name::as_str), Some("c-9"));
    }

    #[test]
    fn a_refund_takes_back_goods_and_money_and_rounds_as_the_sale_did() {
        let refund = known(
            "SALE",
            "SALE_REFUNDED",
            "2024-05-01T10:00:00Z",
            serde_json::json!({"currency": "EUR", "total_minor": 1, "lines": [{"product": "A", "quantity": "1", "unit_price": "0.005"}]}),
        );
        let lines = lines(&refund, LATER);
        assert_eq!((lines[0].kind, lines[0].amount_minor), (SalesLineKind::Refund, -1));
        assert_eq!((plain(lines[0].quantity), plain(lines[0].amount)), ("-1".to_owned(), "-0.005".to_owned()));
    }

    #[test]
    fn a_write_off_has_a_quantity_and_no_money_and_an_adjustment_money_and_a_quantity_of_its_own() {
        let written_off = known(
            "STOCK",
            "STOCK_WRITTEN_OFF",
            "2024-05-01T10:00:00Z",
            serde_json::json!({"reason": "damages", "lines": [{"product": "A", "quantity": "3.5"}]}),
        );
        let adjusted = known(
            "SALE",
            "REVENUE_ADJUSTED",
            "2024-05-01T10:00:00Z",
            serde_json::json!({"currency": "TND", "amount_minor": -11062, "reason": "bad debt", "product": "B", "quantity": "1"}),
        );
        let (written_off, adjusted) = (&lines(&written_off, LATER)[0], &lines(&adjusted, LATER)[0]);
        assert_eq!((written_off.kind, written_off.amount_minor), (SalesLineKind::WriteOff, 0));
        assert_eq!((plain(written_off.quantity), written_off.currency), ("3.5".to_owned(), None));
        assert_eq!((adjusted.kind, adjusted.amount_minor), (SalesLineKind::Adjustment, -11062));
        assert_eq!((plain(adjusted.quantity), plain(adjusted.amount)), ("1".to_owned(), "-11.062".to_owned()));
    }

    #[test]
    fn the_day_is_the_tenants_and_that_of_the_time_central_decided() {
        let payload = serde_json::json!({"currency": "EUR", "total_minor": 0,
            "lines": [{"product": "A", "quantity": "1", "unit_price": "0"}]});
        let sale = known("SALE", "SALE_RECORDED", "1970-01-01T00:00:00Z", payload);
        let effective_at = instant::parse("2024-05-01T23:30:00Z").unwrap();
        let counted = CountedAt { position: Position(7), effective_at, time_unsure: true };
        let lines = lines_of(&sale, counted, &TimeZone::get("Africa/Tunis").unwrap()).unwrap();
        assert_eq!(lines[0].day, date(2024, 5, 2), "Tunis is an hour ahead");
        assert!(lines[0].time_unsure);
    }
}
