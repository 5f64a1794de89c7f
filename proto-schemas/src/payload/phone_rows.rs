//! Payloads in the columns of the mobile document's own tables. A phone may send a row of `pending_delivery_validations` or
//! `draft_invoices` as it is: the row's bytes are sealed unchanged, under a schema version that reads those columns. So the
//! checksum that the phone sent still fits what is sealed, and no reader depends on a translation at receipt.
//!
//! The document's invoices have no currency. Central seals the one that applied next to the row, because a record must be
//! readable without central's tables.

use std::borrow::Cow;
use std::collections::BTreeMap;

use comptoir_core::money::Currency;
use serde_json::value::RawValue;

/// DELIVERY_VALIDATED as a row of `pending_delivery_validations`.
pub(super) const DELIVERY_ROW: u16 = 3;
/// INVOICE_CREATED as a row of `draft_invoices`.
pub(super) const INVOICE_ROW: u16 = 2;
/// AUDIT_RECORDED as a `LocalAuditEntry`.
pub const AUDIT_ENTRY: u16 = 2;

/// Whether a version is for what a phone's own tables hold; other writers use the versions before it.
pub(super) fn is_phone_form(action: &str, version: u16) -> bool {
    matches!(
        (action, version),
        ("DELIVERY_VALIDATED", DELIVERY_ROW) | ("INVOICE_CREATED", INVOICE_ROW) | ("AUDIT_RECORDED", AUDIT_ENTRY)
    )
}

/// A row of a phone's table as the payload of an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PhoneRow<'a> {
    /// The version that reads it.
    pub schema_version: u16,
    /// What is sealed.
    pub payload: Cow<'a, str>,
    /// The delivery that the row names. The event's own `entity_id` may be the row's.
    pub delivery_id: Option<String>,
}

/// The payload as a row of a phone's table, if it is one; `currency` is that of invoices without one.
pub fn phone_row<'a>(action: &str, payload: &'a str, currency: Currency) -> Option<PhoneRow<'a>> {
    let columns: BTreeMap<String, &RawValue> = serde_json::from_str(payload).ok()?;
    let has = |names: &[&str]| names.iter().any(|name| columns.contains_key(*name));
    let text = |name: &str| serde_json::from_str::<String>(columns.get(name)?.get()).ok();
    match action {
        "DELIVERY_VALIDATED" if has(&["qr_scanned", "delivery_id"]) && !has(&["qr"]) => Some(PhoneRow {
            schema_version: DELIVERY_ROW,
            payload: Cow::Borrowed(payload),
            delivery_id: text("delivery_id"),
        }),
        "INVOICE_CREATED" if has(&["client_id", "total_ttc"]) && !has(&["client", "total_minor"]) => {
            let currency = text("currency").and_then(|text| Currency::parse(&text)).unwrap_or(currency);
            let payload = format!(r#"{{"currency":"{}","row":{payload}}}"#, currency.as_str());
            Some(PhoneRow { schema_version: INVOICE_ROW, payload: Cow::Owned(payload), delivery_id: None })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<'a>(action: &str, payload: &'a str) -> Option<PhoneRow<'a>> {
        phone_row(action, payload, Currency::parse("DZD").expect("a currency"))
    }

    #[test]
    fn a_rows_bytes_are_sealed_as_they_were_sent() {
        let sent = r#"{ "delivery_id":"d-1", "qr_scanned":"q",  "latitude":48.85660 }"#;
        let found = row("DELIVERY_VALIDATED", sent).expect("a row");
        assert_eq!(found, PhoneRow { schema_version: 3, payload: sent.into(), delivery_id: Some("d-1".to_owned()) });
        let sent = r#"{"id":"i-1", "client_id":12,"total_ttc":12000}"#;
        let found = row("INVOICE_CREATED", sent).expect("a row");
        assert_eq!(found.payload, format!(r#"{{"currency":"DZD","row":{sent}}}"#));
        let own = row("INVOICE_CREATED", r#"{"client_id":12,"total_ttc":1,"currency":"EUR"}"#).expect("a row");
        assert!(own.payload.starts_with(r#"{"currency":"EUR","#), "{}", own.payload);
    }

    #[test]
    fn payloads_of_the_other_versions_are_no_rows() {
        for (action, payload) in [
            ("DELIVERY_VALIDATED", r#"{"qr":"q","validated_at":"2026-03-01T09:00:00Z"}"#),
            ("DELIVERY_VALIDATED", r#"{"qr":"q","delivery_id":"d-1"}"#),
            ("INVOICE_CREATED", r#"{"client":"c-1","currency":"EUR","total_minor":1,"lines":[]}"#),
            ("CREATE", r#"{"client_id":12,"total_ttc":1}"#),
            ("INVOICE_CREATED", "[]"),
        ] {
            assert_eq!(row(action, payload), None, "{action} {payload}");
        }
    }
}
