//! The products of the sample day, as head office would have them: what the till's screen finds and sells.

use std::collections::BTreeMap;
use std::io::Read;

use comptoir_core::limits::LIST_DRAFTS_MAX;
use comptoir_proto::paths;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::failure::Failure;
use crate::remote::Remote;

/// Columns of the sample day that are needed.
const COLUMNS: [&str; 3] = ["StockCode", "Description", "UnitPrice"];

/// A draft for each product that the day names and prices: its first name and its first price above zero.
pub(super) fn drafts(day: impl Read) -> Result<Vec<Value>, csv::Error> {
    let mut products: BTreeMap<String, [Option<String>; 2]> = BTreeMap::new();
    let mut reader = csv::Reader::from_reader(day);
    let header = reader.headers()?.clone();
    let columns = COLUMNS.map(|name| header.iter().position(|column| column == name).unwrap_or(usize::MAX));
    for row in reader.records() {
        let row = row?;
        let [code, name, price] = columns.map(|column| row.get(column).unwrap_or_default().trim().to_owned());
        let [known_name, known_price] = products.entry(code).or_default();
        if known_name.is_none() && !name.is_empty() {
            *known_name = Some(name);
        }
        if known_price.is_none() && price.chars().any(|digit| ('1'..='9').contains(&digit)) && !price.starts_with('-') {
            *known_price = Some(price);
        }
    }
    let sold = products.into_iter().filter_map(|(code, [name, price])| Some(draft(&code, &name?, &price?)));
    Ok(sold.collect())
}

fn draft(code: &str, name: &str, price: &str) -> Value {
    json!({
        "id": Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("comptoir/sample-product/{code}").as_bytes()),
        "entity_type": "PRODUCT", "entity_id": code, "action": "CREATE",
        "payload": { "name": name, "price": price, "currency": "GBP" },
    })
}

/// Records them at central: a node's own products have no effect. The ids are derived from the codes, so a repeated run records
/// nothing twice.
pub(super) async fn record(central: &Remote, drafts: &[Value]) -> Result<(), Failure> {
    for list in drafts.chunks(LIST_DRAFTS_MAX) {
        let _recorded: Value = central.post(paths::EVENTS, &list).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_has_the_first_name_and_price_that_the_day_gives_it() {
        let day = "StockCode,Description,UnitPrice\n\
                   A,,0.0\n\
                   A,\"LAMP, RED\",2.55\n\
                   A,OTHER NAME,3.00\n\
                   B,,1.00\n\
                   C,FREE,0.0\n\
                   D,DEBT,-11062.06\n";
        let drafts = drafts(day.as_bytes()).unwrap();
        let payloads: Vec<&Value> = drafts.iter().map(|draft| &draft["payload"]).collect();
        assert_eq!(payloads, [&json!({ "name": "LAMP, RED", "price": "2.55", "currency": "GBP" })]);
    }
}
