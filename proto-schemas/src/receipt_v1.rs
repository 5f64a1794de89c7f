//! `GET /r/{code}`: whether a receipt is genuine, as JSON and as a page for the person who scanned its QR code.

use std::fmt::Write as _;

use comptoir_core::chain::ChainHash;
use comptoir_core::event::Event;
use comptoir_core::money::Currency;
use comptoir_messages::{Language, Message};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::amount_text::amount_text;
use crate::instant;
use crate::openapi::words;
use crate::receipt_code::ReceiptCode;
use crate::start_page::{STYLE, escaped};

/// What a server knows of the record that a receipt names. It shows what the receipt shows, and nobody's name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptProof {
    /// `RECORDED`: the log has this record, unchanged. `NOT_RECORDED`: it has not, or not yet. Whether it has another record at
    /// that place is not said: it would tell a stranger how many records there are.
    #[schemars(with = "words::ReceiptState")]
    pub state: String,
    /// The record, if its state is `RECORDED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<ProvenRecord>,
}

/// `POST /api/v1/events/{id}/print`. Without a body the shop's printer prints.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrintRequest {
    /// `printer`, where absent: the shop's printer. `page`: the caller's browser, which prints once the print is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::PrintedOn>")]
    pub on: Option<String>,
}

/// The answer: a receipt was printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PrintedReceipt {
    /// Which print of this receipt it is: 1 is the original, later ones are marked as duplicates.
    pub copy: u32,
}

/// What a record says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProvenRecord {
    /// Action, such as `SALE_RECORDED`.
    pub action: String,
    /// The id of the sale, the refund or the invoice.
    pub entity_id: String,
    /// When it happened.
    #[schemars(with = "words::Instant")]
    pub occurred_at: String,
    /// The currency of the total.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The total in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_minor: Option<i64>,
    /// Central's verdict, once it has decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
}

impl ReceiptProof {
    /// The log does not have the record.
    pub fn not_recorded() -> ReceiptProof {
        ReceiptProof { state: "NOT_RECORDED".to_owned(), record: None }
    }

    /// Compares a code with the record at its place.
    pub fn of(code: &ReceiptCode, event: &Event, chain: ChainHash, verdict: Option<String>) -> ReceiptProof {
        if !code.is_of(chain) {
            return ReceiptProof::not_recorded();
        }
        let content = &event.content;
        let payload: Total = serde_json::from_slice(&content.payload).unwrap_or_default();
        let record = ProvenRecord {
            action: content.action.to_string(),
            entity_id: content.entity_id.to_string(),
            occurred_at: instant::format(event.occurred_at),
            currency: payload.currency,
            total_minor: payload.total_minor,
            verdict,
        };
        ReceiptProof { state: "RECORDED".to_owned(), record: Some(record) }
    }

    /// The page.
    pub fn html(&self, language: Language) -> String {
        let text = |message: Message<'_>| escaped(&message.text(language));
        let (warns, state, detail) = match &self.record {
            Some(record) if record.action == "TRAINING_SALE_RECORDED" => {
                (true, Message::new("receipt-training"), Message::new("receipt-training-detail"))
            }
            Some(_) => (false, Message::new("receipt-recorded"), Message::new("receipt-recorded-detail")),
            None => (true, Message::new("receipt-not-recorded"), Message::new("receipt-not-recorded-detail")),
        };
        let (title, warn) = (text(Message::new("receipt-title")), if warns { " warn" } else { "" });
        let mut html = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>Comptoir: {title}</title>\n<style>\n{STYLE}</style>\n<main>\n\
             <header><h1>Comptoir</h1><p class=\"kind\">{title}</p></header>\n\
             <p class=\"state{warn}\"><b>{}</b>{}</p>\n",
            language.tag(),
            text(state),
            text(detail),
        );
        if let Some(record) = &self.record {
            let kind = match record.action.as_str() {
                "SALE_RECORDED" => text(Message::new("receipt-sale")),
                "SALE_REFUNDED" => text(Message::new("receipt-refund")),
                "SALE_CANCELLED" => text(Message::new("receipt-cancelled")),
                "TRAINING_SALE_RECORDED" => text(Message::new("receipt-training")),
                "TILL_CLOSED" => text(Message::new("receipt-closing")),
                "INVOICE_CREATED" => text(Message::new("receipt-invoice")),
                other => escaped(other),
            };
            let central = match record.verdict.as_deref() {
                None => text(Message::new("receipt-waits")),
                Some("ACCEPTED" | "DUPLICATE") => text(Message::new("receipt-accepted")),
                Some(_) => text(Message::new("receipt-reviewed")),
            };
            let mut rows = vec![(kind, escaped(&record.entity_id))];
            rows.extend(record.total(language).map(|total| (text(Message::new("receipt-total")), escaped(&total))));
            rows.push((text(Message::new("receipt-time")), escaped(&record.occurred_at)));
            rows.push((text(Message::new("receipt-central")), central));
            html.push_str("<dl>\n");
            for (label, value) in rows {
                // Writing to a string does not fail.
                let _ = writeln!(html, "<div><dt>{label}</dt><dd>{value}</dd></div>");
            }
            html.push_str("</dl>\n");
        }
        html.push_str("</main>\n</html>\n");
        html
    }
}

impl ProvenRecord {
    fn total(&self, language: Language) -> Option<String> {
        let currency = self.currency.as_deref().and_then(Currency::parse)?;
        Some(amount_text(self.total_minor?, currency, language))
    }
}

/// The total of a payload, where its schema has one.
#[derive(Default, Deserialize)]
struct Total {
    currency: Option<String>,
    total_minor: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(verdict: Option<&str>) -> ReceiptProof {
        ReceiptProof {
            state: "RECORDED".to_owned(),
            record: Some(ProvenRecord {
                action: "SALE_RECORDED".to_owned(),
                entity_id: "<b>".to_owned(),
                occurred_at: "2026-12-01T10:00:00Z".to_owned(),
                currency: Some("EUR".to_owned()),
                total_minor: Some(510),
                verdict: verdict.map(str::to_owned),
            }),
        }
    }

    #[test]
    fn a_page_says_what_the_receipt_says_in_the_reader_s_language() {
        let french = recorded(None).html(Language::French);
        assert!(french.contains("5,10\u{202f}€") && french.contains("lang=\"fr\""), "{french}");
        let english = recorded(Some("ACCEPTED")).html(Language::English);
        assert!(english.contains("5.10\u{202f}€") && !english.contains("<b></dd>"), "{english}");
        assert!(english.contains("&lt;b&gt;"), "an id is text, never markup: {english}");
    }

    #[test]
    fn a_receipt_that_is_not_recorded_is_a_warning() {
        assert!(ReceiptProof::not_recorded().html(Language::French).contains("class=\"state warn\""));
        assert!(!recorded(None).html(Language::French).contains("state warn"));
    }
}
