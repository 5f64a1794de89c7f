//! A short way from the bytes of a sale to its fact, without a tree of JSON values between them: most of a shop's log are sales, and a
//! rebuild reads them all. It takes only what fits without a doubt; anything else goes the long way.

use std::borrow::Cow;

use comptoir_core::fact::{Fact, PriceBasis, Refund, Sale, SaleLine};
use comptoir_core::id::Name;
use comptoir_core::money::{Currency, PRICE_SCALE_MAX, QUANTITY_SCALE_MAX, parse_decimal};
use rust_decimal::Decimal;
use serde::Deserialize;

#[derive(Deserialize)]
struct SaleText<'a> {
    #[serde(borrow)]
    currency: Cow<'a, str>,
    #[serde(borrow)]
    lines: Vec<LineText<'a>>,
    total_minor: i64,
    price_basis: Option<Cow<'a, str>>,
    customer: Option<Cow<'a, str>>,
    country: Option<String>,
    receipt_no: Option<String>,
    original: Option<Cow<'a, str>>,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct LineText<'a> {
    #[serde(borrow)]
    product: Cow<'a, str>,
    #[serde(borrow)]
    quantity: Cow<'a, str>,
    #[serde(borrow)]
    unit_price: Cow<'a, str>,
    vat_rate: Option<Cow<'a, str>>,
    discount_minor: Option<i64>,
    description: Option<String>,
}

/// The fact of a sale, refund or cancellation that is known to fit its schema; nothing where the long way has to be gone.
pub(super) fn fact(action: &str, payload: &[u8]) -> Option<Fact> {
    type OfRefund = fn(Refund) -> Fact;
    let of_refund: OfRefund = match action {
        "SALE_RECORDED" => return Some(Fact::SaleRecorded(sale(&mut read(payload)?)?)),
        "SALE_REFUNDED" => Fact::SaleRefunded,
        "SALE_CANCELLED" => Fact::SaleCancelled,
        _ => return None,
    };
    let mut text = read(payload)?;
    let sale = sale(&mut text)?;
    let original = text.original.map(Name::new).transpose().ok()?;
    Some(of_refund(Refund { sale, original, reason: text.reason }))
}

fn read(payload: &[u8]) -> Option<SaleText<'_>> {
    serde_json::from_slice(payload).ok()
}

fn sale(text: &mut SaleText<'_>) -> Option<Sale> {
    Some(Sale {
        currency: Currency::parse(&text.currency)?,
        lines: text.lines.drain(..).map(line).collect::<Option<_>>()?,
        total_minor: text.total_minor,
        price_basis: if text.price_basis.as_deref() == Some("net") { PriceBasis::Net } else { PriceBasis::Gross },
        customer: text.customer.take().map(Name::new).transpose().ok()?,
        country: text.country.take(),
        receipt_no: text.receipt_no.take(),
    })
}

fn line(text: LineText<'_>) -> Option<SaleLine> {
    Some(SaleLine {
        product: Name::new(text.product).ok()?,
        quantity: parse_decimal(&text.quantity, QUANTITY_SCALE_MAX).filter(|quantity| *quantity > Decimal::ZERO)?,
        unit_price: parse_decimal(&text.unit_price, PRICE_SCALE_MAX)?,
        vat_rate: match text.vat_rate {
            Some(rate) => Some(parse_decimal(&rate, QUANTITY_SCALE_MAX)?),
            None => None,
        },
        discount_minor: text.discount_minor.unwrap_or(0),
        description: text.description,
    })
}
