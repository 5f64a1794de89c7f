//! Reads a validated payload into a fact. The schema has checked the members; here decimals are read exactly and totals are
//! checked.

use comptoir_core::clock::ClockChange;
use comptoir_core::decision::Code;
use comptoir_core::fact::{
    Adjustment, DeliveryOrder, Fact, Invoice, Objection, PriceBasis, Reception, ReceptionLine, Refund, Resolved, Sale,
    SaleLine, StockAdjustment, StockAdjustmentLine, StockLine, StockList, Validation, total_minor,
};
use comptoir_core::id::{EventId, Name};
use comptoir_core::limits::PAYLOAD_BYTES_MAX;
use comptoir_core::money::{Currency, PRICE_SCALE_MAX, QUANTITY_SCALE_MAX, from_minor, parse_decimal};
use comptoir_core::rulebook::{Rule, Rulebook};
use rust_decimal::Decimal;
use serde_json::Value;

use super::phone_rows::{DELIVERY_ROW, INVOICE_ROW};
use super::{CENTRAL_RESTORED, IDENTITY_CHANGED, PayloadError, check_entity_type, fields_of, json, sales, schemas};
use crate::instant;
use crate::security_v1::SECURITY_RECORDED;

/// JSON pointer of the payload in a draft.
const PAYLOAD: &str = "/payload";
/// Decimals of a coordinate in degrees, where it is written as a string.
const DEGREE_SCALE_MAX: u32 = 15;
/// From this version of its payload on, the lots of a reception keep its entity id. Lots of earlier receptions stay as they are,
/// so that a rebuild gives the same rows.
const LOTS_MARKED: u16 = 2;

/// Reads a payload by the schema of its action and version. An objection, if any, is a problem of a readable fact.
pub fn read_fact(
    entity_type: &Name,
    action: &Name,
    schema_version: u16,
    payload: &[u8],
) -> Result<(Fact, Option<Objection>), PayloadError> {
    check_entity_type(entity_type, action)?;
    let Some(validator) = schemas::validator(action.as_str(), schema_version) else {
        let detail = format!("there is no schema {schema_version} of {action}");
        return Err(PayloadError::unknown_schema(detail));
    };
    if payload.len() > PAYLOAD_BYTES_MAX {
        let detail = format!("{} bytes, at most {PAYLOAD_BYTES_MAX} are taken", payload.len());
        return Err(PayloadError::invalid(PAYLOAD, detail));
    }
    let short = if schema_version == sales::SCHEMA_VERSION { sales::fact(action.as_str(), payload) } else { None };
    let fact = match short {
        Some(fact) => fact,
        None => read_under(validator, (action.as_str(), schema_version), payload)?,
    };
    let objection = objection(&fact);
    Ok((fact, objection))
}

fn read_under(
    validator: &jsonschema::Validator,
    (action, version): (&str, u16),
    payload: &[u8],
) -> Result<Fact, PayloadError> {
    let value = json::read(PAYLOAD, payload)?;
    if !validator.is_valid(&value) {
        let errors = schemas::errors(validator, (action, version), PAYLOAD, &value);
        let first = errors.first().cloned().unwrap_or_default();
        return Err(PayloadError { errors, ..PayloadError::invalid(first.pointer, first.message) });
    }
    let fact = fact((action, version), &JsonNode { value: &value, pointer: JsonPointer::Root(PAYLOAD) })?;
    if holds_fields(&fact) {
        json::check_numbers(PAYLOAD, payload)?;
    }
    Ok(fact)
}

/// Reference for tests of the fast path.
#[cfg(test)]
pub(super) fn read_the_long_way(action: &str, payload: &[u8]) -> Result<Fact, PayloadError> {
    let validator = schemas::validator(action, sales::SCHEMA_VERSION).expect("a sale has a schema");
    read_under(validator, (action, sales::SCHEMA_VERSION), payload)
}

/// Reads a payload that is known to fit its schema without objection.
pub(super) fn read_fact_that_fits(
    entity_type: &Name,
    action: &Name,
    schema_version: u16,
    payload: &[u8],
) -> Result<Fact, PayloadError> {
    check_entity_type(entity_type, action)?;
    let short = if schema_version == sales::SCHEMA_VERSION { sales::fact(action.as_str(), payload) } else { None };
    if let Some(fact) = short {
        return Ok(fact);
    }
    let value = json::read(PAYLOAD, payload)?;
    fact((action.as_str(), schema_version), &JsonNode { value: &value, pointer: JsonPointer::Root(PAYLOAD) })
}

/// Whether the payload's values become fields of an entity.
fn holds_fields(fact: &Fact) -> bool {
    matches!(fact, Fact::Created(_) | Fact::Updated(_) | Fact::ConflictResolved(_))
}

fn fact((action, schema_version): (&str, u16), payload: &JsonNode<'_>) -> Result<Fact, PayloadError> {
    Ok(match action {
        "DELIVERY_VALIDATED" if schema_version == DELIVERY_ROW => Fact::DeliveryValidated(validation_row(payload)?),
        "INVOICE_CREATED" if schema_version == INVOICE_ROW => Fact::InvoiceCreated(invoice_row(payload)?),
        "EPOCH_OPENED" => Fact::EpochOpened,
        "SALE_RECORDED" => Fact::SaleRecorded(sale(payload)?),
        "SALE_REFUNDED" => Fact::SaleRefunded(refund(payload)?),
        "SALE_CANCELLED" => Fact::SaleCancelled(refund(payload)?),
        "REVENUE_ADJUSTED" => Fact::RevenueAdjusted(Adjustment {
            currency: payload.currency("currency")?,
            amount_minor: payload.integer("amount_minor")?,
            reason: payload.string("reason")?,
            product: payload.opt_name("product")?,
            quantity: payload.opt_decimal("quantity", QUANTITY_SCALE_MAX)?.unwrap_or(Decimal::ZERO),
            customer: payload.opt_name("customer")?,
            country: payload.opt_string("country"),
        }),
        "GOODS_RECEIVED" => {
            Fact::GoodsReceived(Reception { marks_lots: schema_version >= LOTS_MARKED, ..reception(payload)? })
        }
        "GOODS_RETURNED" => Fact::GoodsReturned(reception(payload)?),
        "PRODUCTION_VALIDATED" => Fact::ProductionValidated(reception(payload)?),
        "STOCK_WRITTEN_OFF" => Fact::StockWrittenOff(stock_list(payload, |line, name| line.positive(name))?),
        "STOCK_COUNTED" => {
            Fact::StockCounted(stock_list(payload, |line, name| line.decimal(name, QUANTITY_SCALE_MAX))?)
        }
        "STOCK_COUNT_ACCEPTED" => Fact::StockCountAccepted { count: payload.event_id("event_id")? },
        "STOCK_ADJUSTED" => Fact::StockAdjusted(StockAdjustment {
            lines: payload.list("lines", |line| {
                Ok(StockAdjustmentLine {
                    product: line.name("product")?,
                    quantity: line.decimal("quantity", QUANTITY_SCALE_MAX)?,
                    unit_cost: line.opt_decimal("unit_cost", PRICE_SCALE_MAX)?,
                })
            })?,
            reason: payload.string("reason")?,
        }),
        "DELIVERY_CREATED" => Fact::DeliveryCreated(DeliveryOrder {
            reference: payload.string("reference")?,
            client: payload.string("client")?,
            total_minor: payload.opt_integer("total_minor"),
            qr: payload.opt_string("qr").unwrap_or_default(),
            assigned_to: payload.opt_name("assigned_to")?,
        }),
        "DELIVERY_VALIDATED" => Fact::DeliveryValidated(Validation {
            qr: payload.string("qr")?,
            validated_at: payload.instant("validated_at")?,
            latitude: payload.opt_degrees("latitude")?,
            longitude: payload.opt_degrees("longitude")?,
            signature_hash: payload.opt_string("signature_hash"),
            photo_hash: payload.opt_string("photo_hash"),
        }),
        "INVOICE_CREATED" => Fact::InvoiceCreated(Invoice {
            client: payload.name("client")?,
            currency: payload.currency("currency")?,
            lines: payload.list("lines", sale_line)?,
            lines_missing: false,
            total_minor: payload.integer("total_minor")?,
            price_basis: payload.price_basis(),
            due_on: payload.opt_string("due_on"),
            provisional_reference: payload.opt_string("provisional_reference"),
        }),
        "INVOICE_CANCELLED" => {
            Fact::InvoiceCancelled { invoice: payload.name("invoice")?, reason: payload.string("reason")? }
        }
        "CREATE" => Fact::Created(fields_of(payload.object()?)),
        "UPDATE" => Fact::Updated(fields_of(payload.object()?)),
        "DELETE" => Fact::Deleted,
        "AUDIT_RECORDED" => Fact::AuditRecorded,
        "TRAINING_SALE_RECORDED" => Fact::TrainingSaleRecorded(sale(payload)?),
        "TILL_OPENED" => Fact::TillOpened,
        "CASH_MOVED" => Fact::CashMoved,
        "TILL_CLOSED" => Fact::TillClosed,
        "CLOCK_CHANGED" => {
            let (clock, compared_with) = (payload.instant("clock")?, payload.instant("compared_with")?);
            let difference = clock.0 - compared_with.0;
            Fact::ClockChanged(match payload.string("change")?.as_str() {
                "started" => ClockChange::Started { now: clock, highest: compared_with },
                "stepped" => ClockChange::Stepped { micros: difference },
                _ => ClockChange::Measured { offset_micros: difference },
            })
        }
        "INVOICE_REFERENCE_ASSIGNED" => Fact::InvoiceReferenceAssigned,
        "CONFLICT_RESOLVED" => Fact::ConflictResolved(Resolved {
            conflict: payload.event_id("event_id")?,
            fields: payload.get("fields").map(|fields| fields.object().map(fields_of)).transpose()?,
        }),
        "QUARANTINE_RELEASED" => Fact::QuarantineReleased { event: payload.event_id("event_id")? },
        "RULEBOOK_ADOPTED" => Fact::RulebookAdopted(rulebook(payload)?),
        CENTRAL_RESTORED => Fact::CentralRestored,
        SECURITY_RECORDED => Fact::SecurityRecorded,
        IDENTITY_CHANGED => Fact::IdentityChanged,
        other => {
            let detail = format!("{other} has a schema and no reader");
            return Err(PayloadError::unknown_schema(detail));
        }
    })
}

/// A row of the mobile document's `pending_delivery_validations`.
fn validation_row(row: &JsonNode<'_>) -> Result<Validation, PayloadError> {
    let text = row.string("validated_at")?;
    let at = instant::parse_or_utc(&text);
    Ok(Validation {
        qr: row.string("qr_scanned")?,
        validated_at: at.ok_or_else(|| row.wrong_at("validated_at", format!("{text:?} is no ISO 8601 instant")))?,
        latitude: row.opt_degrees("latitude")?,
        longitude: row.opt_degrees("longitude")?,
        signature_hash: row.opt_string("signature_hash"),
        photo_hash: row.opt_string("photo_hash"),
    })
}

/// A row of the mobile document's `draft_invoices`, and the currency that central sealed with it. The table has no lines:
/// such an invoice is one line of its total.
fn invoice_row(payload: &JsonNode<'_>) -> Result<Invoice, PayloadError> {
    let currency = payload.currency("currency")?;
    let row = payload.required("row")?;
    let total_minor = row.integer("total_ttc")?;
    let lines = row.get("lines").map(|_| row.list("lines", sale_line)).transpose()?;
    let total = || SaleLine {
        product: Name::new("TOTAL").expect("a constant is a valid name"),
        quantity: Decimal::ONE,
        unit_price: from_minor(total_minor, currency),
        vat_rate: None,
        discount_minor: 0,
        description: None,
        price_reason: None,
    };
    Ok(Invoice {
        client: row.name_or_number("client_id")?,
        currency,
        lines_missing: lines.is_none(),
        lines: lines.unwrap_or_else(|| vec![total()]),
        total_minor,
        price_basis: row.price_basis(),
        due_on: row.opt_string("due_on"),
        provisional_reference: row.opt_string("provisional_reference"),
    })
}

fn sale(payload: &JsonNode<'_>) -> Result<Sale, PayloadError> {
    Ok(Sale {
        currency: payload.currency("currency")?,
        lines: payload.list("lines", sale_line)?,
        total_minor: payload.integer("total_minor")?,
        price_basis: payload.price_basis(),
        customer: payload.opt_name("customer")?,
        country: payload.opt_string("country"),
        receipt_no: payload.opt_string("receipt_no"),
    })
}

fn refund(payload: &JsonNode<'_>) -> Result<Refund, PayloadError> {
    Ok(Refund { sale: sale(payload)?, original: payload.opt_name("original")?, reason: payload.opt_string("reason") })
}

fn sale_line(line: &JsonNode<'_>) -> Result<SaleLine, PayloadError> {
    Ok(SaleLine {
        product: line.name("product")?,
        quantity: line.positive("quantity")?,
        unit_price: line.decimal("unit_price", PRICE_SCALE_MAX)?,
        vat_rate: line.opt_decimal("vat_rate", QUANTITY_SCALE_MAX)?,
        discount_minor: line.opt_integer("discount_minor").unwrap_or(0),
        description: line.opt_string("description"),
        price_reason: line.opt_string("price_reason"),
    })
}

fn reception(payload: &JsonNode<'_>) -> Result<Reception, PayloadError> {
    Ok(Reception {
        lines: payload.list("lines", |line| {
            Ok(ReceptionLine {
                product: line.name("product")?,
                quantity: line.positive("quantity")?,
                unit_cost: line.opt_decimal("unit_cost", PRICE_SCALE_MAX)?,
                lot: line.opt_name("lot")?,
            })
        })?,
        supplier: payload.opt_string("supplier"),
        reference: payload.opt_string("reference"),
        currency: payload.get("currency").map(|_| payload.currency("currency")).transpose()?,
        marks_lots: false,
        undoes: payload.opt_name("undoes")?,
    })
}

fn stock_list(
    payload: &JsonNode<'_>,
    quantity: fn(&JsonNode<'_>, &str) -> Result<Decimal, PayloadError>,
) -> Result<StockList, PayloadError> {
    Ok(StockList {
        lines: payload.list("lines", |line| {
            Ok(StockLine { product: line.name("product")?, quantity: quantity(line, "quantity")? })
        })?,
        reason: payload.opt_string("reason"),
        customer: payload.opt_name("customer")?,
        country: payload.opt_string("country"),
    })
}

fn rulebook(payload: &JsonNode<'_>) -> Result<Rulebook, PayloadError> {
    let rule = |at: &JsonNode<'_>| {
        let text = at.value.as_str().unwrap_or_default();
        Rule::parse(text).ok_or_else(|| at.wrong(format!("{text:?} is no rule")))
    };
    let rules = payload.required("rules")?;
    let mut book = Rulebook {
        version: u32::try_from(payload.integer("version")?)
            .map_err(|error| payload.wrong_at("version", error.to_string()))?,
        rules: Default::default(),
        default: rule(&payload.required("default")?)?,
    };
    for name in rules.object()?.keys() {
        let at = rules.required(name)?;
        let key = Name::new(name).map_err(|error| at.wrong(error.to_string()))?;
        book.rules.insert(key, rule(&at)?);
    }
    Ok(book)
}

/// Checks that a schema cannot express: a total that is not the sum of its lines, a day that does not exist. Events that took
/// effect are not checked again.
fn objection(fact: &Fact) -> Option<Objection> {
    no_such_day(fact).or_else(|| total_mismatch(fact))
}

fn no_such_day(fact: &Fact) -> Option<Objection> {
    let Fact::InvoiceCreated(Invoice { due_on: Some(day), .. }) = fact else { return None };
    let detail = || format!("due_on: {day:?} is no day of the calendar");
    day.parse::<jiff::civil::Date>().is_err().then(|| Objection { code: Code::InvalidPayload, detail: detail() })
}

fn total_mismatch(fact: &Fact) -> Option<Objection> {
    let (lines, basis, currency, said) = match fact {
        Fact::SaleRecorded(sale) | Fact::TrainingSaleRecorded(sale) => {
            (&sale.lines, sale.price_basis, sale.currency, sale.total_minor)
        }
        Fact::SaleRefunded(refund) | Fact::SaleCancelled(refund) => {
            (&refund.sale.lines, refund.sale.price_basis, refund.sale.currency, refund.sale.total_minor)
        }
        Fact::InvoiceCreated(invoice) => (&invoice.lines, invoice.price_basis, invoice.currency, invoice.total_minor),
        _ => return None,
    };
    let detail = match total_minor(lines, basis, currency) {
        Some(sum) if sum == said => return None,
        Some(sum) => format!("total_minor is {said}, the lines come to {sum}"),
        None => format!("total_minor is {said}, the lines come to more than a total can hold"),
    };
    Some(Objection { code: Code::TotalMismatch, detail })
}

/// A JSON number of degrees, as a device's floating point printed it. What is too near to zero for a decimal is zero.
fn degrees(number: &str) -> Decimal {
    Decimal::from_str_exact(number).or_else(|_| Decimal::from_scientific(number)).unwrap_or_default()
}

/// A value with its JSON pointer, so that every error names its location.
struct JsonNode<'a> {
    value: &'a Value,
    pointer: JsonPointer<'a>,
}

/// Formatted as a JSON pointer only for an error.
enum JsonPointer<'a> {
    Root(&'a str),
    Member(&'a JsonPointer<'a>, &'a str),
    Item(&'a JsonPointer<'a>, usize),
}

impl std::fmt::Display for JsonPointer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            JsonPointer::Root(root) => f.write_str(root),
            JsonPointer::Member(of, name) => write!(f, "{of}/{name}"),
            JsonPointer::Item(of, index) => write!(f, "{of}/{index}"),
        }
    }
}

impl JsonNode<'_> {
    fn wrong(&self, detail: impl Into<String>) -> PayloadError {
        PayloadError::invalid(self.pointer.to_string(), detail)
    }

    /// Something is wrong with a member.
    fn wrong_at(&self, name: &str, detail: impl Into<String>) -> PayloadError {
        PayloadError::invalid(JsonPointer::Member(&self.pointer, name).to_string(), detail)
    }

    fn get<'b>(&'b self, name: &'b str) -> Option<JsonNode<'b>> {
        // A null member counts as absent.
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(JsonNode { value, pointer: JsonPointer::Member(&self.pointer, name) })
    }

    fn required<'b>(&'b self, name: &'b str) -> Result<JsonNode<'b>, PayloadError> {
        self.get(name).ok_or_else(|| self.wrong(format!("{name} is missing")))
    }

    fn object(&self) -> Result<&serde_json::Map<String, Value>, PayloadError> {
        self.value.as_object().ok_or_else(|| self.wrong("an object is needed"))
    }

    fn opt_string(&self, name: &str) -> Option<String> {
        self.value.get(name)?.as_str().map(str::to_owned)
    }

    fn string(&self, name: &str) -> Result<String, PayloadError> {
        self.opt_string(name).ok_or_else(|| self.wrong(format!("{name} is missing")))
    }

    fn opt_name(&self, name: &str) -> Result<Option<Name>, PayloadError> {
        let Some(at) = self.get(name) else {
            return Ok(None);
        };
        let text = at.value.as_str().ok_or_else(|| at.wrong("a text is needed"))?;
        Name::new(text).map(Some).map_err(|error| at.wrong(error.to_string()))
    }

    fn name(&self, name: &str) -> Result<Name, PayloadError> {
        self.opt_name(name)?.ok_or_else(|| self.wrong(format!("{name} is missing")))
    }

    /// A name that a table of numbers holds as a number.
    fn name_or_number(&self, name: &str) -> Result<Name, PayloadError> {
        match self.opt_integer(name) {
            Some(number) => Name::new(number.to_string()).map_err(|error| self.wrong_at(name, error.to_string())),
            None => self.name(name),
        }
    }

    fn opt_integer(&self, name: &str) -> Option<i64> {
        let value = self.value.get(name)?;
        // A JSON Schema integer may be written 12.0; no float passes through arithmetic here.
        value.as_i64().or_else(|| value.to_string().strip_suffix(".0")?.parse().ok())
    }

    fn integer(&self, name: &str) -> Result<i64, PayloadError> {
        self.opt_integer(name).ok_or_else(|| self.wrong(format!("{name} is no integer of 64 bits")))
    }

    fn opt_decimal(&self, name: &str, scale_max: u32) -> Result<Option<Decimal>, PayloadError> {
        let Some(at) = self.get(name) else {
            return Ok(None);
        };
        let text = at.value.as_str().ok_or_else(|| at.wrong("a decimal is written as a string"))?;
        parse_decimal(text, scale_max)
            .map(Some)
            .ok_or_else(|| at.wrong(format!("{text:?} is no decimal of at most {scale_max} places")))
    }

    fn decimal(&self, name: &str, scale_max: u32) -> Result<Decimal, PayloadError> {
        self.opt_decimal(name, scale_max)?.ok_or_else(|| self.wrong(format!("{name} is missing")))
    }

    fn positive(&self, name: &str) -> Result<Decimal, PayloadError> {
        let value = self.decimal(name, QUANTITY_SCALE_MAX)?;
        if value > Decimal::ZERO {
            Ok(value)
        } else {
            Err(self.wrong_at(name, format!("must be more than zero, got {value}")))
        }
    }

    fn opt_degrees(&self, name: &str) -> Result<Option<Decimal>, PayloadError> {
        let Some(at) = self.get(name) else {
            return Ok(None);
        };
        let Some(text) = at.value.as_str() else {
            return Ok(Some(degrees(&at.value.to_string())));
        };
        let degrees = parse_decimal(text, DEGREE_SCALE_MAX);
        degrees.map(Some).ok_or_else(|| at.wrong(format!("{text:?} is no number of degrees")))
    }

    fn currency(&self, name: &str) -> Result<Currency, PayloadError> {
        let text = self.string(name)?;
        Currency::parse(&text).ok_or_else(|| self.wrong(format!("{text:?} is no currency code")))
    }

    fn price_basis(&self) -> PriceBasis {
        match self.value.get("price_basis").and_then(Value::as_str) {
            Some("net") => PriceBasis::Net,
            _ => PriceBasis::Gross,
        }
    }

    fn instant(&self, name: &str) -> Result<comptoir_core::time::Timestamp, PayloadError> {
        let text = self.string(name)?;
        instant::parse(&text).ok_or_else(|| self.wrong_at(name, instant::refusal(&text, "RFC 3339")))
    }

    fn event_id(&self, name: &str) -> Result<EventId, PayloadError> {
        let text = self.string(name)?;
        text.parse().map_err(|_| self.wrong_at(name, format!("{text:?} is no UUID")))
    }

    fn list<T>(
        &self,
        name: &str,
        read: impl Fn(&JsonNode<'_>) -> Result<T, PayloadError>,
    ) -> Result<Vec<T>, PayloadError> {
        let at = self.required(name)?;
        let items = at.value.as_array().ok_or_else(|| at.wrong("a list is needed"))?;
        items
            .iter()
            .enumerate()
            .map(|(index, value)| read(&JsonNode { value, pointer: JsonPointer::Item(&at.pointer, index) }))
            .collect()
    }
}
