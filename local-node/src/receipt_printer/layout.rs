//! What is on a receipt, from top to bottom.

use comptoir_core::fact::{Sale, line_amount};
use comptoir_core::id::EventId;
use comptoir_core::money;
use comptoir_core::till::{Payment, taxes};
use comptoir_core::time::Timestamp;
use comptoir_messages::{Language, Message};
use comptoir_proto::amount_text::{amount_text, number_text};
use comptoir_proto::payload::read_fact;
use comptoir_proto::receipt_code::ReceiptCode;
use comptoir_proto::stored_v1;
use jiff::tz::TimeZone;

use super::escpos::Document;
use super::{PrintError, Receipt, receipt_of};
use crate::config::PrinterConfig;
use crate::event_log::Found;
use crate::till::payments;

/// A receipt as read from the log.
pub(crate) struct Printed {
    receipt: Receipt,
    payments: Vec<Payment>,
    number: String,
    occurred_at: Timestamp,
    path: String,
}

impl Printed {
    pub(crate) fn read(id: EventId, found: &Found) -> Result<Printed, PrintError> {
        let event = stored_v1::decode(&found.sealed.record)?;
        let content = &event.content;
        let (fact, _) = read_fact(&content.entity_type, &content.action, content.schema_version, &content.payload)?;
        let receipt = receipt_of(id, content.action.as_str(), fact)?;
        let number = receipt.sale().receipt_no.clone().unwrap_or_else(|| content.entity_id.to_string());
        let path = ReceiptCode::new(&event, found.sealed.chain).path();
        Ok(Printed { receipt, payments: payments(&content.payload), number, occurred_at: event.occurred_at, path })
    }

    /// The path of the code that proves it.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn bytes_in(&self, zone: &TimeZone, config: &PrinterConfig, copy: u32, address: &str) -> Vec<u8> {
        let (language, sale) = (config.language, self.receipt.sale());
        let text = |message: Message<'_>| message.text(language);
        let mut document = Document::new(config.columns);
        heading(&mut document, config, copy);
        let is_training = matches!(self.receipt, Receipt::Training(_));
        if is_training {
            document.banner(&text(Message::new("print-training")));
        }
        document.title(
            &match &self.receipt {
                Receipt::Training(_) => text(Message::new("receipt-training")),
                Receipt::Sale(_) => text(Message::new("receipt-sale")),
                Receipt::Refund(_) => text(Message::new("receipt-refund")),
                Receipt::Cancelled(_) => text(Message::new("receipt-cancelled")),
            },
            true,
        );
        document.line(&text(Message::new("print-number").with("number", self.number.as_str())));
        document.line(&time_text(self.occurred_at, zone, language));
        if let Receipt::Refund(refund) | Receipt::Cancelled(refund) = &self.receipt {
            if let Some(original) = &refund.original {
                document.line(&text(Message::new("print-original").with("number", original.as_str())));
            }
            if let Some(reason) = &refund.reason {
                document.line(reason);
            }
        }
        document.rule();
        lines(&mut document, sale, language);
        document.rule();
        document
            .bold_amount(&text(Message::new("receipt-total")), &amount_text(sale.total_minor, sale.currency, language));
        for (rate, tax) in taxes(sale) {
            let rate = localised(&money::plain(rate), language);
            let label = text(Message::new("print-vat").with("rate", rate));
            document.amount(&label, &number_text(tax, sale.currency, language));
        }
        for payment in &self.payments {
            document
                .amount(&method_text(payment, language), &number_text(payment.amount_minor, sale.currency, language));
        }
        if is_training {
            document.banner(&text(Message::new("print-training")));
        }
        document.qr(address);
        document.cut()
    }
}

/// The shop's lines, and the mark of every print after the first.
pub(super) fn heading(document: &mut Document, config: &PrinterConfig, copy: u32) {
    for (at, line) in config.heading.iter().enumerate() {
        document.title(line, at == 0);
    }
    if copy > 1 {
        let mark = Message::new("print-duplicate").with("number", (copy - 1).to_string());
        document.banner(&mark.text(config.language));
    }
}

/// How something was paid; an unknown method as it was written.
fn method_text(payment: &Payment, language: Language) -> String {
    if payment.amount_minor < 0 && payment.method == comptoir_core::till::CASH {
        return Message::new("print-change").text(language);
    }
    method_name(&payment.method, language)
}

/// A payment method in words; an unknown one as it was written.
pub(super) fn method_name(method: &str, language: Language) -> String {
    let message = match method {
        "cash" => Message::new("print-cash"),
        "card" => Message::new("print-card"),
        "cheque" => Message::new("print-cheque"),
        "account" => Message::new("print-account"),
        "unspecified" => Message::new("print-unspecified"),
        other => return other.to_owned(),
    };
    message.text(language)
}

fn lines(document: &mut Document, sale: &Sale, language: Language) {
    for line in &sale.lines {
        document.line(line.description.as_deref().unwrap_or(line.product.as_str()));
        let price = money::padded(&money::plain(line.unit_price), sale.currency);
        let quantity = money::plain(line.quantity);
        let discount = match line.discount_minor {
            0 => String::new(),
            minor => format!(" - {}", number_text(minor, sale.currency, language)),
        };
        let label = format!("  {}{discount}", localised(&format!("{quantity} x {price}"), language));
        let minor = line_amount(line, sale.price_basis, sale.currency).map_or(0, |amount| amount.minor);
        document.amount(&label, &number_text(minor, sale.currency, language));
    }
}

/// A plain decimal with the decimal sign of a language.
pub(super) fn localised(plain: &str, language: Language) -> String {
    match language {
        Language::French => plain.replace('.', ","),
        Language::English => plain.to_owned(),
    }
}

/// `01/12/2026 10:05` in French, `2026-12-01 10:05` in English; in universal time, with a `Z`, if the time has no date.
pub(super) fn time_text(at: Timestamp, zone: &TimeZone, language: Language) -> String {
    let Ok(instant) = jiff::Timestamp::from_microsecond(at.0) else { return comptoir_proto::instant::format(at) };
    let zoned = instant.to_zoned(zone.clone());
    let form = match language {
        Language::French => "%d/%m/%Y %H:%M",
        Language::English => "%Y-%m-%d %H:%M",
    };
    zoned.strftime(form).to_string()
}
