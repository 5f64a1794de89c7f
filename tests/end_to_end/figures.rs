//! Compares head office's reports with totals that were computed independently from the source files.

use std::collections::BTreeMap;

use comptoir_tests::known_good::{digest_of_rows, known_totals, parse_decimal, plain_decimal};
use rust_decimal::Decimal;
use serde_json::Value;

/// Checks every total of Online Retail's known-good file that concerns sales. `report(by)` requests `GET
/// /api/v1/reports/sales?by=...`.
pub(crate) async fn online_retail(report: impl AsyncFn(&str) -> Value) {
    let good = known_totals("online-retail");
    grouped(&good["per_day"], &report("day").await);
    grouped(&good["per_country"], &report("country").await);

    let by_product = rows(&report("product").await, moved);
    assert_eq!(by_product.len() as u64, good["stock_codes"], "products");
    same_digest(&good["digest_net_quantity_per_stock_code"], &by_product);

    let by_entity = rows(&report("entity").await, pence);
    assert_eq!(by_entity.len() as u64, good["invoices"], "invoices");
    same_digest(&good["digest_total_pence_per_invoice"], &by_entity);

    let sites = report("site").await;
    let sites = sites["rows"].as_array().expect("rows");
    let count = |field: &str| sites.iter().map(|site| site[field].as_i64().expect("a count")).sum::<i64>();
    let sum = |figure: fn(&Value) -> Decimal| plain_decimal(sites.iter().map(figure).sum());
    assert_eq!(count("lines"), good["rows"], "lines");
    assert_eq!(sum(moved), good["quantity_sum"].to_string(), "sold - refunded + adjusted - written off");
    assert_eq!(sum(pence), good["revenue_pence"].as_str().unwrap(), "revenue, unrounded");
    assert_eq!(count("amount_minor"), good["revenue_pence_each_line_rounded_half_up"], "revenue, each line rounded");
    assert_eq!(count("refunds"), good["cancelled_invoices"], "refunds");
    assert_eq!(sites.iter().map(documents).sum::<u64>(), good["invoices"], "documents");
}

/// Compares rows, documents, refunds, quantity and revenue of each key. No key may be missing or extra.
fn grouped(good: &Value, report: &Value) {
    let good = good.as_object().expect("totals per key");
    let rows = report["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), good.len());
    for row in rows {
        let key = row["key"].as_str().expect("a key");
        let expected = good.get(key).unwrap_or_else(|| panic!("{key} is not a key of the source"));
        assert_eq!(row["lines"], expected["rows"], "{key}: lines");
        assert_eq!(documents(row), expected["invoices"], "{key}: documents");
        assert_eq!(plain_decimal(moved(row)), expected["quantity"].to_string(), "{key}: quantity");
        assert_eq!(plain_decimal(pence(row)), expected["revenue_pence"].as_str().unwrap(), "{key}: revenue");
        if let Some(cancelled) = expected.get("cancelled_invoices") {
            assert_eq!(row["refunds"], *cancelled, "{key}: refunds");
        }
    }
}

fn documents(row: &Value) -> u64 {
    ["sales", "refunds", "write_offs", "adjustments"].iter().map(|kind| row[kind].as_u64().expect("a count")).sum()
}

/// The source's quantity: sold minus refunded, plus adjustments, minus written off.
fn moved(row: &Value) -> Decimal {
    parse_decimal(&row["quantity"]) + parse_decimal(&row["adjusted"]) - parse_decimal(&row["written_off"])
}

fn pence(row: &Value) -> Decimal {
    parse_decimal(&row["amount"]) * Decimal::ONE_HUNDRED
}

fn rows(report: &Value, figure: impl Fn(&Value) -> Decimal) -> BTreeMap<String, String> {
    let rows = report["rows"].as_array().expect("rows");
    let rows = rows.iter().map(|row| (row["key"].as_str().expect("a key").to_owned(), plain_decimal(figure(row))));
    rows.collect()
}

fn same_digest(good: &Value, rows: &BTreeMap<String, String>) {
    assert_eq!(good["keys"], rows.len());
    assert_eq!(good["sha256"], digest_of_rows(rows));
}

/// Quantities and values of AdventureWorks' receptions. Nothing is sold yet, so every costing method gives the same values.
pub(crate) fn purchasing(stock: &Value) {
    let good = known_totals("adventureworks-purchasing");
    let rows = stock["rows"].as_array().expect("rows");
    let sum = |field: &str| rows.iter().map(|row| parse_decimal(&row[field])).sum::<Decimal>();
    assert_eq!(plain_decimal(sum("quantity")), good["stocked_qty"].as_str().unwrap());
    assert_eq!(plain_decimal(sum("value")), good["stocked_value_usd"].as_str().unwrap());
    let by = |field: &str| self::by_product(rows, field);
    same_digest(&good["digest_stocked_qty_per_product"], &by("quantity"));
    same_digest(&good["digest_stocked_value_usd_per_product"], &by("value"));
}

/// After selling floor(60 %) of each product: the quantity and cost taken, and what remains.
pub(crate) fn purchasing_after_sales(stock: &Value) {
    let good = &known_totals("adventureworks-purchasing")["fifo_after_selling_60_percent"];
    let rows = stock["rows"].as_array().expect("rows");
    let sum = |field: &str| rows.iter().map(|row| parse_decimal(&row[field])).sum::<Decimal>();
    assert_eq!(plain_decimal(sum("consumed_quantity")), good["sold_qty"].to_string());
    assert_eq!(plain_decimal(sum("consumed_cost")), good["cost_of_goods_sold_usd"].as_str().unwrap());
    assert_eq!(plain_decimal(sum("quantity")), good["remaining_qty"].to_string());
    assert_eq!(plain_decimal(sum("value")), good["remaining_value_usd"].as_str().unwrap());
    same_digest(&good["digest_remaining_value_usd_per_product"], &by_product(rows, "value"));
}

fn by_product(rows: &[Value], field: &str) -> BTreeMap<String, String> {
    rows.iter()
        .map(|row| (row["product"].as_str().expect("a product").to_owned(), plain_decimal(parse_decimal(&row[field]))))
        .collect()
}
