//! A fast path from the bytes of a sale to its fact, without a tree of JSON values and without walking the schema: most of a
//! shop's log are sales, and reading them is most of the work of reading a log.
//!
//! Whatever this accepts, the schemas of version 1 accept, and it reads as the same fact; a test compares both. It accepts only
//! unambiguous input (a product's name in ASCII, an integer without a point). Anything else takes the general path, which also
//! words the errors.

use std::borrow::Cow;

use comptoir_core::fact::{Fact, PriceBasis, Refund, Sale, SaleLine};
use comptoir_core::id::Name;
use comptoir_core::limits::NAME_CHARS_MAX;
use comptoir_core::money::{Currency, PRICE_SCALE_MAX, QUANTITY_SCALE_MAX, parse_decimal};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};

/// The version of the schemas that this knows.
pub(super) const SCHEMA_VERSION: u16 = 1;

const LINES_MAX: usize = 5_000;
const PAYMENTS_MAX: usize = 20;
/// The largest integer that every JSON reader keeps exactly: 2^53 - 1.
const INTEGER_MAX: i64 = 9_007_199_254_740_991;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaleText<'a> {
    #[serde(borrow)]
    currency: Cow<'a, str>,
    #[serde(borrow)]
    lines: Vec<LineText<'a>>,
    total_minor: i64,
    #[serde(borrow, default, deserialize_with = "present")]
    price_basis: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    customer: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    country: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    receipt_no: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    payments: Option<Vec<PaymentText<'a>>>,
    #[serde(borrow, default, deserialize_with = "present")]
    original: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineText<'a> {
    #[serde(borrow)]
    product: Cow<'a, str>,
    #[serde(borrow)]
    quantity: Cow<'a, str>,
    #[serde(borrow)]
    unit_price: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "present")]
    description: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "present")]
    vat_rate: Option<Text<'a>>,
    #[serde(default, deserialize_with = "present")]
    discount_minor: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaymentText<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    amount_minor: i64,
}

/// A text, borrowed from the payload's bytes if it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A member that may be absent, and may not be null.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The fact of a sale, refund or cancellation; `None` for other actions and for input that needs the general path.
pub(super) fn fact(action: &str, payload: &[u8]) -> Option<Fact> {
    if !matches!(action, "SALE_RECORDED" | "SALE_REFUNDED" | "SALE_CANCELLED") {
        return None;
    }
    let mut text: SaleText<'_> = serde_json::from_slice(payload).ok()?;
    let sale = sale(&mut text)?;
    match (action, text.original, text.reason) {
        ("SALE_RECORDED", None, None) => Some(Fact::SaleRecorded(sale)),
        ("SALE_RECORDED", ..) => None,
        (_, original, reason) => {
            let original = opt(original, name)?;
            let refund = Refund { sale, original, reason: opt(reason, |text| free_text(text, 500))? };
            Some(if action == "SALE_REFUNDED" { Fact::SaleRefunded(refund) } else { Fact::SaleCancelled(refund) })
        }
    }
}

fn sale(text: &mut SaleText<'_>) -> Option<Sale> {
    let capitals = text.currency.len() == 3 && text.currency.bytes().all(|byte| byte.is_ascii_uppercase());
    if !capitals || !(1..=LINES_MAX).contains(&text.lines.len()) {
        return None;
    }
    for payment in text.payments.as_deref().unwrap_or_default() {
        name(&payment.method).filter(|_| integer(payment.amount_minor).is_some())?;
    }
    if text.payments.as_ref().is_some_and(|payments| payments.len() > PAYMENTS_MAX) {
        return None;
    }
    Some(Sale {
        currency: Currency::parse(&text.currency)?,
        lines: text.lines.drain(..).map(line).collect::<Option<_>>()?,
        total_minor: integer(text.total_minor)?,
        price_basis: match text.price_basis.as_ref().map(|basis| &*basis.0) {
            None | Some("gross") => PriceBasis::Gross,
            Some("net") => PriceBasis::Net,
            Some(_) => return None,
        },
        customer: opt(text.customer.take(), name)?,
        country: opt(text.country.take(), |text| free_text(text, 64))?,
        receipt_no: opt(text.receipt_no.take(), |text| free_text(text, 64))?,
    })
}

fn line(text: LineText<'_>) -> Option<SaleLine> {
    let discount = text.discount_minor.unwrap_or(0);
    Some(SaleLine {
        product: name(&text.product)?,
        quantity: decimal(&text.quantity, 9, QUANTITY_SCALE_MAX).filter(|quantity| *quantity > Decimal::ZERO)?,
        unit_price: decimal(&text.unit_price, 9, PRICE_SCALE_MAX)?,
        vat_rate: opt(text.vat_rate, |rate| decimal(rate, 3, QUANTITY_SCALE_MAX))?,
        discount_minor: integer(discount).filter(|discount| *discount >= 0)?,
        description: opt(text.description, |text| free_text(text, 200))?,
        price_reason: None,
    })
}

/// An absent member, or a valid one.
fn opt<T>(text: Option<Text<'_>>, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    match text {
        Some(text) => read(&text.0).map(Some),
        None => Some(None),
    }
}

/// Printable ASCII without a space at either end: every engine reads the schema's pattern like this.
fn name(text: &str) -> Option<Name> {
    let plain = (1..=NAME_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let ends_well = !text.starts_with(' ') && !text.ends_with(' ');
    if plain && ends_well { Name::new(text).ok() } else { None }
}

/// No longer in bytes than it may be in characters.
fn free_text(text: &str, chars_max: usize) -> Option<String> {
    (text.len() <= chars_max && !text.contains('\0')).then(|| text.to_owned())
}

fn integer(value: i64) -> Option<i64> {
    (-INTEGER_MAX..=INTEGER_MAX).contains(&value).then_some(value)
}

/// Digits, and at most `scale_max` more after a point. No sign: returned goods are a refund.
fn decimal(text: &str, digits_max: usize, scale_max: u32) -> Option<Decimal> {
    let integer = text.split('.').next().unwrap_or_default();
    let unsigned = (1..=digits_max).contains(&integer.len()) && !text.starts_with('-');
    if unsigned { parse_decimal(text, scale_max) } else { None }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::read::read_the_long_way;
    use super::*;

    const ACTIONS: [&str; 3] = ["SALE_RECORDED", "SALE_REFUNDED", "SALE_CANCELLED"];

    fn whole() -> Value {
        json!({
            "currency": "EUR", "total_minor": 1530, "price_basis": "gross", "receipt_no": "R-1", "customer": "c-1", "country": "France",
            "lines": [{"product": "P 1", "quantity": "6", "unit_price": "2.55", "vat_rate": "20", "discount_minor": 0, "description": "d"}],
            "payments": [{"method": "card", "amount_minor": 1530}], "original": "s-1", "reason": "broken",
        })
    }

    /// Values at the edges of some rule.
    fn edges() -> Vec<Value> {
        let texts = [
            "",
            " ",
            "a",
            "a b",
            " a",
            "a ",
            "\u{a0}",
            "a\u{a0}",
            "é",
            "a\nb",
            "a\tb",
            "\u{7f}",
            "\0",
            "a\0",
            "eur",
            "EUR",
            "EURO",
            "ZZZ",
            "0",
            "00",
            "1",
            "1.",
            ".1",
            "1.0",
            "1.0000",
            "1.00000",
            "1.000000",
            "1.0000000",
            "-1",
            "+1",
            "1e2",
            "0.0",
            "0.0000",
            "999",
            "1000",
            "999999999",
            "1000000000",
            "1,5",
            " 1",
            "1 ",
            "١",
            "net",
            "gross",
            "NET",
            "card",
        ];
        let lengths = [63, 64, 65, 199, 200, 201, 500, 501].map(|length| Value::from("x".repeat(length)));
        let wide = [32, 33, 64, 100, 101].map(|length| Value::from("é".repeat(length)));
        let max = 9_007_199_254_740_991_i64;
        let numbers = [0, 1, -1, 1530, max, max + 1, -max, -max - 1, i64::MAX, i64::MIN].map(Value::from);
        let others = [
            Value::Null,
            json!(true),
            json!(1.0),
            json!(1.5),
            json!(-0.0),
            json!(1e300),
            json!(u64::MAX),
            json!([]),
            json!({}),
        ];
        let objects =
            [json!([null]), json!([{}]), json!([{"method": "card", "amount_minor": 1, "more": 1}]), json!({"a": 1})];
        texts
            .map(Value::from)
            .into_iter()
            .chain(lengths)
            .chain(wide)
            .chain(numbers)
            .chain(others)
            .chain(objects)
            .collect()
    }

    /// Whether the fast path accepted the payload. The general path then gives the same fact.
    fn held_against(action: &str, payload: &[u8]) -> bool {
        let Some(short) = fact(action, payload) else { return false };
        let shown = String::from_utf8_lossy(payload);
        let long = read_the_long_way(action, payload);
        assert_eq!(long.map_err(|error| error.to_string()), Ok(short), "{action}: {shown}");
        true
    }

    fn places(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| places(value, &format!("{at}/{name}"), found));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, item)| places(item, &format!("{at}/{n}"), found))
            }
            _ => {}
        }
    }

    #[test]
    fn what_the_short_way_takes_the_long_way_takes_as_the_same_fact() {
        let mut all = Vec::new();
        places(&whole(), "", &mut all);
        let (mut taken, mut tried) = (0, 0);
        for action in ACTIONS {
            for at in &all {
                for edge in edges() {
                    let mut payload = whole();
                    if action == "SALE_RECORDED" {
                        payload.as_object_mut().unwrap().retain(|name, _| {
                            at.contains(name.as_str()) || !matches!(name.as_str(), "original" | "reason")
                        });
                    }
                    if let Some(value) = payload.pointer_mut(at) {
                        *value = edge;
                    }
                    taken += usize::from(held_against(action, payload.to_string().as_bytes()));
                    tried += 1;
                }
            }
        }
        assert!(taken > tried / 20 && taken < tried, "{taken} of {tried} were taken");
    }

    #[test]
    fn a_member_too_many_too_few_or_twice_goes_the_long_way() {
        let mut sale = whole();
        sale.as_object_mut().unwrap().retain(|name, _| !matches!(name.as_str(), "original" | "reason"));
        assert!(held_against("SALE_RECORDED", sale.to_string().as_bytes()), "the plain case is taken");
        assert!(held_against("SALE_REFUNDED", whole().to_string().as_bytes()));
        assert!(held_against("SALE_CANCELLED", whole().to_string().as_bytes()));
        assert!(!held_against("SALE_RECORDED", whole().to_string().as_bytes()), "a sale names no original");
        assert!(!held_against("GOODS_RECEIVED", sale.to_string().as_bytes()));
        let names: Vec<String> = sale.as_object().unwrap().keys().cloned().collect();
        for name in names {
            let mut without = sale.clone();
            without.as_object_mut().unwrap().remove(&name);
            let needed = matches!(name.as_str(), "currency" | "lines" | "total_minor");
            assert_eq!(held_against("SALE_RECORDED", without.to_string().as_bytes()), !needed, "{name}");
            let twice = sale.to_string().replacen('{', &format!("{{\"{name}\":{},", sale[&name]), 1);
            assert!(!held_against("SALE_RECORDED", twice.as_bytes()), "{twice}");
        }
        sale["more"] = json!(1);
        assert!(!held_against("SALE_RECORDED", sale.to_string().as_bytes()));
        for text in ["", "{", "[]", "null", "{} x"] {
            assert!(!held_against("SALE_RECORDED", text.as_bytes()));
        }
        let mut many = whole();
        many["lines"] = Value::from(vec![whole()["lines"][0].clone(); 5_001]);
        assert!(!held_against("SALE_REFUNDED", many.to_string().as_bytes()));
        many["lines"] = whole()["lines"].clone();
        many["payments"] = Value::from(vec![whole()["payments"][0].clone(); 21]);
        assert!(!held_against("SALE_REFUNDED", many.to_string().as_bytes()));
    }
}
