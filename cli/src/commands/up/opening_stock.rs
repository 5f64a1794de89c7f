//! The invented stock at the beginning of the sample day. `cli/sample/README.md` has the rule.

use std::collections::BTreeMap;
use std::io::Read;

use rust_decimal::{Decimal, RoundingStrategy};

/// Columns of the sample day that are needed.
const COLUMNS: [&str; 4] = ["InvoiceNo", "StockCode", "Quantity", "UnitPrice"];

#[derive(Default)]
struct Product {
    /// Pieces sold and written off.
    taken: u64,
    /// The lowest price above zero.
    price: Option<Decimal>,
}

/// Computes the rows of the goods receipt as CSV from the rows of the day. The receipt's id is derived from `delivery`.
pub(super) fn rows(day: impl Read, delivery: &str) -> Result<String, csv::Error> {
    let mut products: BTreeMap<String, Product> = BTreeMap::new();
    let mut reader = csv::Reader::from_reader(day);
    let header = reader.headers()?.clone();
    let [invoice, code, quantity, price] =
        COLUMNS.map(|name| header.iter().position(|column| column == name).unwrap_or(usize::MAX));
    for row in reader.records() {
        let row = row?;
        let text = |column: usize| row.get(column).unwrap_or_default().trim();
        let pieces: i64 = text(quantity).parse().unwrap_or_default();
        let comes_back_or_is_debt = text(invoice).starts_with(['C', 'A']);
        if comes_back_or_is_debt {
            continue;
        }
        let product = products.entry(text(code).to_owned()).or_default();
        product.taken += pieces.unsigned_abs();
        let price = text(price).parse::<Decimal>().ok().filter(|price| *price > Decimal::ZERO);
        product.price = product.price.into_iter().chain(price).min();
    }
    let mut csv = String::from("delivery,received_at,product,quantity,unit_cost\n");
    for (code, Product { taken, price }) in products.iter().filter(|(_, product)| product.taken > 0) {
        let quantity = taken + taken.div_ceil(4);
        let cost = price.map_or(Decimal::ZERO, |price| {
            (price / Decimal::TWO).round_dp_with_strategy(2, RoundingStrategy::AwayFromZero)
        });
        csv.push_str(&format!("{delivery},2010-11-30 18:00:00,{code},{quantity},{cost}\n"));
    }
    Ok(csv)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stock_is_a_quarter_above_the_days_use_at_half_the_lowest_price() {
        let day = "InvoiceNo,StockCode,Description,Quantity,UnitPrice\n\
                   1,A,\"x, y\",6,2.55\n\
                   2,A,,3,2.51\n\
                   3,A,,1,0.0\n\
                   C4,A,,-2,0.01\n\
                   5,B,,-4,0.0\n\
                   A6,D,,1,100\n\
                   7, E ,,4,0.03\n";
        let rows = rows(day.as_bytes(), "OPENING-STOCK").unwrap();
        let rows: Vec<&str> = rows.lines().skip(1).collect();
        let expected = ["A,13,1.26", "B,5,0", "E,5,0.02"];
        assert_eq!(rows, expected.map(|row| format!("OPENING-STOCK,2010-11-30 18:00:00,{row}")));
    }
}
