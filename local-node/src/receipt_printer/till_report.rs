//! The reports of a till: X while the session is open, Z as its closing has sealed it.

use comptoir_core::money::Currency;
use comptoir_core::time::Timestamp;
use comptoir_messages::{Language, Message};
use comptoir_proto::amount_text::{amount_text, number_text};
use comptoir_proto::instant;
use comptoir_proto::till_v1::{TillClosed, TillSession, TillSums};
use jiff::tz::TimeZone;

use super::escpos::Document;
use super::layout::{heading, localised, method_name, time_text};
use crate::config::PrinterConfig;

/// The report of an open session, as it is at a time.
pub(crate) fn x_report(zone: &TimeZone, config: &PrinterConfig, session: &TillSession, at: Timestamp) -> Vec<u8> {
    let language = config.language;
    let mut paper = Paper::begin(config, 1, &session.currency);
    paper.title(Message::new("print-x-report").with("number", session.number.to_string()));
    paper.time(Message::new("print-opened"), &session.opened_at, zone);
    paper.document.line(&labelled(Message::new("print-printed"), &time_text(at, zone, language), language));
    paper.sums(&session.sums);
    paper.amount(Message::new("print-float"), session.float_minor);
    paper.moves(&session.sums);
    paper.bold(Message::new("print-expected"), session.expected_minor);
    paper.document.cut()
}

/// The report of a closed session. `closed_at`, `address`: of its record.
pub(crate) fn z_report(
    zone: &TimeZone,
    config: &PrinterConfig,
    copy: u32,
    report: &TillClosed,
    (closed_at, address): (Timestamp, &str),
) -> Vec<u8> {
    let language = config.language;
    let mut paper = Paper::begin(config, copy, &report.currency);
    paper.title(Message::new("print-z-report").with("number", report.number.to_string()));
    paper.time(Message::new("print-opened"), &report.opened_at, zone);
    paper.document.line(&labelled(Message::new("print-closed"), &time_text(closed_at, zone, language), language));
    paper.sums(&report.sums);
    paper.amount(Message::new("print-float"), report.float_minor);
    paper.moves(&report.sums);
    paper.amount(Message::new("print-expected"), report.expected_minor);
    paper.amount(Message::new("print-counted"), report.counted_minor);
    paper.bold(Message::new("print-difference"), report.difference_minor);
    if let Some(reason) = &report.reason {
        paper.document.line(reason);
    }
    for cash in report.counted.iter().filter(|cash| cash.count > 0) {
        let sum = cash.value_minor.saturating_mul(i64::from(cash.count));
        let value = number_text(cash.value_minor, paper.currency, language);
        paper.document.amount(&format!("  {} x {value}", cash.count), &number_text(sum, paper.currency, language));
    }
    paper.document.rule();
    paper.bold(Message::new("print-grand-total"), report.grand_total_minor);
    if report.unsent > 0 {
        let unsent = Message::new("print-unsent").with("number", report.unsent.to_string());
        paper.document.line(&unsent.text(language));
    }
    paper.document.qr(address);
    paper.document.cut()
}

fn labelled(label: Message<'_>, value: &str, language: Language) -> String {
    format!("{} {value}", label.text(language))
}

struct Paper {
    document: Document,
    currency: Currency,
    language: Language,
}

impl Paper {
    fn begin(config: &PrinterConfig, copy: u32, currency: &str) -> Paper {
        let mut document = Document::new(config.columns);
        heading(&mut document, config, copy);
        let euro = || Currency::parse("EUR").expect("three capital letters");
        Paper { document, currency: Currency::parse(currency).unwrap_or_else(euro), language: config.language }
    }

    fn title(&mut self, message: Message<'_>) {
        self.document.title(&message.text(self.language), true);
    }

    fn time(&mut self, label: Message<'_>, at: &str, zone: &TimeZone) {
        let shown = instant::parse(at).map_or_else(|| at.to_owned(), |at| time_text(at, zone, self.language));
        self.document.line(&labelled(label, &shown, self.language));
    }

    fn amount(&mut self, label: Message<'_>, minor: i64) {
        let label = label.text(self.language);
        self.document.amount(&label, &number_text(minor, self.currency, self.language));
    }

    fn bold(&mut self, label: Message<'_>, minor: i64) {
        let label = label.text(self.language);
        self.document.bold_amount(&label, &amount_text(minor, self.currency, self.language));
    }

    fn sums(&mut self, sums: &TillSums) {
        self.document.rule();
        for (label, count, minor) in [
            (Message::new("print-sales"), sums.sales, sums.sales_minor),
            (Message::new("print-refunds"), sums.refunds, sums.refunds_minor.saturating_neg()),
        ] {
            let label = label.with("number", count.to_string()).text(self.language);
            self.document.amount(&label, &number_text(minor, self.currency, self.language));
        }
        self.bold(Message::new("receipt-total"), sums.sales_minor.saturating_sub(sums.refunds_minor));
        for tax in &sums.taxes {
            let rate = localised(&tax.rate, self.language);
            let label = Message::new("print-vat").with("rate", rate).text(self.language);
            self.document.amount(&label, &number_text(tax.amount_minor, self.currency, self.language));
        }
        self.document.rule();
        for payment in &sums.payments {
            let label = method_name(&payment.method, self.language);
            self.document.amount(&label, &number_text(payment.amount_minor, self.currency, self.language));
        }
        if sums.other_currencies > 0 {
            let others = Message::new("print-other-currencies").with("number", sums.other_currencies.to_string());
            self.document.line(&others.text(self.language));
        }
        self.document.rule();
    }

    fn moves(&mut self, sums: &TillSums) {
        if sums.cash_in_minor != 0 {
            self.amount(Message::new("print-cash-in"), sums.cash_in_minor);
        }
        if sums.cash_out_minor != 0 {
            self.amount(Message::new("print-cash-out"), sums.cash_out_minor.saturating_neg());
        }
    }
}
