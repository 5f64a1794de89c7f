//! What a till took in between its opening and its closing. Amounts are integers of minor units of one currency.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::fact::{PriceBasis, Sale, SaleLine, line_amount};
use crate::money::{self, Currency};

/// The payment method that changes what is in the drawer.
pub const CASH: &str = "cash";
/// What a sale's payments do not account for: a caller need not say how a sale was paid.
pub const UNSPECIFIED: &str = "unspecified";

/// Payment methods and tax rates that a session tells apart: its report is a payload, which has a limit.
const KINDS_MAX: usize = 1_000;

/// One payment of a sale or refund. Change that was given back is a negative payment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payment {
    /// `cash`, `card`...
    pub method: String,
    /// Minor units.
    pub amount_minor: i64,
}

/// The sums of a session.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TillTotals {
    /// Number of sales.
    pub sales: u64,
    /// Their totals, tax included.
    pub sales_minor: i64,
    /// Number of refunds and cancelled sales.
    pub refunds: u64,
    /// Their totals.
    pub refunds_minor: i64,
    /// By payment method: what came in less what was paid back.
    pub by_method: BTreeMap<String, i64>,
    /// By tax rate in per cent: the tax in the sales less the tax in the refunds.
    pub taxes: BTreeMap<Decimal, i64>,
    /// Cash put into the drawer besides sales.
    pub cash_in_minor: i64,
    /// Cash taken out of the drawer besides refunds.
    pub cash_out_minor: i64,
    /// Sales and refunds in another currency than the session's; no sum has them.
    pub other_currencies: u64,
}

impl TillTotals {
    /// Adds a sale.
    pub fn add_sale(&mut self, currency: Currency, sale: &Sale, payments: &[Payment]) {
        if self.counts(currency, sale) {
            self.sales += 1;
            self.sales_minor = self.sales_minor.saturating_add(sale.total_minor);
            self.add(sale, payments, 1);
        }
    }

    /// Adds a refund or a cancelled sale.
    pub fn add_refund(&mut self, currency: Currency, refunded: &Sale, payments: &[Payment]) {
        if self.counts(currency, refunded) {
            self.refunds += 1;
            self.refunds_minor = self.refunds_minor.saturating_add(refunded.total_minor);
            self.add(refunded, payments, -1);
        }
    }

    /// Adds cash that was put in, or taken out if the amount is negative.
    pub fn move_cash(&mut self, amount_minor: i64) {
        if amount_minor >= 0 {
            self.cash_in_minor = self.cash_in_minor.saturating_add(amount_minor);
        } else {
            self.cash_out_minor = self.cash_out_minor.saturating_sub(amount_minor);
        }
    }

    /// Sales less refunds.
    pub fn net_minor(&self) -> i64 {
        self.sales_minor.saturating_sub(self.refunds_minor)
    }

    /// What should be in the drawer.
    pub fn expected_cash(&self, float_minor: i64) -> i64 {
        let taken = self.by_method.get(CASH).copied().unwrap_or(0);
        let moved = self.cash_in_minor.saturating_sub(self.cash_out_minor);
        float_minor.saturating_add(taken).saturating_add(moved)
    }

    fn counts(&mut self, currency: Currency, sale: &Sale) -> bool {
        let counts = sale.currency == currency;
        self.other_currencies += u64::from(!counts);
        counts
    }

    fn add(&mut self, sale: &Sale, payments: &[Payment], sign: i64) {
        let mut rest = sale.total_minor;
        for payment in payments {
            self.pay(&payment.method, payment.amount_minor.saturating_mul(sign));
            rest = rest.saturating_sub(payment.amount_minor);
        }
        if rest != 0 {
            self.pay(UNSPECIFIED, rest.saturating_mul(sign));
        }
        for (rate, tax) in taxes(sale) {
            if self.taxes.len() >= KINDS_MAX && !self.taxes.contains_key(&rate) {
                continue;
            }
            let sum = self.taxes.entry(rate).or_default();
            *sum = sum.saturating_add(tax.saturating_mul(sign));
        }
    }

    fn pay(&mut self, method: &str, amount_minor: i64) {
        let is_one_too_many = self.by_method.len() + 1 >= KINDS_MAX && !self.by_method.contains_key(method);
        let method = if is_one_too_many { UNSPECIFIED } else { method };
        let sum = self.by_method.entry(method.to_owned()).or_default();
        *sum = sum.saturating_add(amount_minor);
    }
}

/// The tax in a sale's total, by rate. Each rate's sum is rounded once, half up.
pub fn taxes(sale: &Sale) -> BTreeMap<Decimal, i64> {
    let mut by_rate: BTreeMap<Decimal, Decimal> = BTreeMap::new();
    for line in &sale.lines {
        let (Some(rate), Some(amount)) = (line.vat_rate, line_amount(line, sale.price_basis, sale.currency)) else {
            continue;
        };
        let gross = Decimal::from(amount.minor);
        let tax = match sale.price_basis {
            PriceBasis::Gross => gross * rate / (Decimal::ONE_HUNDRED + rate),
            PriceBasis::Net => gross - Decimal::from(net_minor(line, sale.currency)),
        };
        *by_rate.entry(rate.normalize()).or_default() += tax;
    }
    by_rate.into_iter().filter_map(|(rate, tax)| Some((rate, money::round_half_up(tax)?))).collect()
}

/// A net line before its tax, as it is rounded for the total.
fn net_minor(line: &SaleLine, currency: Currency) -> i64 {
    let exact = money::to_minor(line.quantity * line.unit_price, currency) - Decimal::from(line.discount_minor);
    money::round_half_up(exact).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::Name;

    fn euro() -> Currency {
        Currency::parse("EUR").unwrap()
    }

    fn sale(total_minor: i64) -> Sale {
        let line = SaleLine {
            product: Name::new("P").unwrap(),
            quantity: Decimal::ONE,
            unit_price: Decimal::new(total_minor, 2),
            vat_rate: Some(Decimal::from(20)),
            discount_minor: 0,
            description: None,
            price_reason: None,
        };
        Sale {
            currency: euro(),
            lines: vec![line],
            total_minor,
            price_basis: PriceBasis::Gross,
            customer: None,
            country: None,
            receipt_no: None,
        }
    }

    fn paid(method: &str, amount_minor: i64) -> Payment {
        Payment { method: method.to_owned(), amount_minor }
    }

    #[test]
    fn the_drawer_has_the_float_the_cash_less_the_change_and_what_was_moved() {
        let mut totals = TillTotals::default();
        totals.add_sale(euro(), &sale(1_356), &[paid(CASH, 2_000), paid(CASH, -644)]);
        totals.add_sale(euro(), &sale(500), &[paid("card", 500)]);
        totals.add_refund(euro(), &sale(290), &[paid(CASH, 290)]);
        totals.move_cash(5_000);
        totals.move_cash(-2_000);
        assert_eq!(totals.expected_cash(10_000), 10_000 + 1_356 - 290 + 5_000 - 2_000);
        assert_eq!((totals.sales, totals.refunds, totals.net_minor()), (2, 1, 1_566));
        assert_eq!((totals.cash_in_minor, totals.cash_out_minor), (5_000, 2_000));
        assert_eq!(totals.by_method, BTreeMap::from([(CASH.to_owned(), 1_066), ("card".to_owned(), 500)]));
        assert_eq!(totals.taxes, BTreeMap::from([(Decimal::from(20), 226 + 83 - 48)]));
    }

    #[test]
    fn a_sale_that_names_no_payment_changes_no_cash_and_one_in_another_currency_no_sum() {
        let mut totals = TillTotals::default();
        totals.add_sale(euro(), &sale(500), &[]);
        totals.add_sale(Currency::parse("GBP").unwrap(), &sale(700), &[paid(CASH, 700)]);
        assert_eq!((totals.sales, totals.expected_cash(0), totals.other_currencies), (1, 0, 1));
        assert_eq!(totals.by_method, BTreeMap::from([(UNSPECIFIED.to_owned(), 500)]));
    }

    proptest! {
        /// However a day was paid, its payments add up to its sales less its refunds.
        #[test]
        fn payments_add_up_to_the_net_total(
            day in prop::collection::vec((any::<bool>(), 1..100_000i64, 0..100_000i64, 0..100_000i64), 0..40),
        ) {
            let mut totals = TillTotals::default();
            for (is_sale, total, card, cash) in day {
                let payments = [paid("card", card), paid(CASH, cash)];
                if is_sale {
                    totals.add_sale(euro(), &sale(total), &payments);
                } else {
                    totals.add_refund(euro(), &sale(total), &payments);
                }
            }
            prop_assert_eq!(totals.by_method.values().sum::<i64>(), totals.net_minor());
        }
    }
}
