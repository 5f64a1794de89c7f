//! Receptions with real structure: AdventureWorks' purchase orders, of which 60 % are then sold first in, first out.

use std::collections::BTreeMap;

use comptoir_test_support::RunningTenant;
use comptoir_test_support::processes;
use comptoir_tests::known_good::{data_path, parse_decimal, plain_decimal};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::figures;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn purchase_orders_become_lots_that_sales_consume_first_in_first_out() {
    let company = RunningTenant::new("America/New_York", "USD");
    let site = company.site("WAREHOUSE");
    let node = company.node(&site, "reception", &company.central.url);
    let folder = company.path("purchasing");
    std::fs::create_dir(&folder).unwrap();
    for file in ["PurchaseOrderDetail.tsv.gz", "PurchaseOrderHeader.tsv.gz"] {
        std::fs::copy(data_path("adventureworks-purchasing").join(file), folder.join(file)).unwrap();
    }
    let mapping = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples/adventureworks-purchasing.toml");
    let detail = folder.join("PurchaseOrderDetail.tsv.gz");
    let imported =
        processes::run_comptoir(&["import", detail.to_str().unwrap(), "--map", mapping, "--url", &node.url], &[]);
    imported.unwrap_or_else(|(code, message)| panic!("exit {code}: {message}"));
    company.drained(&node).await;
    let received = company.ask("/api/v1/reports/stock").await;
    figures::purchasing(&received);

    sell_sixty_percent(&company, &node.url, &received).await;
    company.drained(&node).await;
    let after = company.ask("/api/v1/reports/stock").await;
    figures::purchasing_after_sales(&after);

    // The stock before the sales can be requested at any time, and the answer has the same bytes.
    let as_of = received["complete_through"].as_u64().unwrap();
    let before = company.ask(&format!("/api/v1/reports/stock?as_of={as_of}")).await;
    assert_eq!(before["rows"], received["rows"]);
    crate::auditor::assert_decided_again(&company);
}

/// Sells floor(60 %) of each product's stock, fifty products per sale.
async fn sell_sixty_percent(company: &RunningTenant, node_url: &str, stock: &Value) {
    let mut quantities: BTreeMap<String, Decimal> = BTreeMap::new();
    for row in stock["rows"].as_array().unwrap() {
        let quantity = (parse_decimal(&row["quantity"]) * Decimal::new(6, 1)).floor();
        quantities.insert(row["product"].as_str().unwrap().to_owned(), quantity);
    }
    let sold: Vec<Value> = quantities
        .iter()
        .filter(|(_, quantity)| **quantity > Decimal::ZERO)
        .map(|(product, quantity)| json!({"product": product, "quantity": plain_decimal(*quantity), "unit_price": "0"}))
        .collect();
    for (number, lines) in sold.chunks(50).enumerate() {
        let sale = json!({"id": uuid::Uuid::now_v7(), "entity_type": "SALE", "entity_id": format!("sixty-{number}"),
            "action": "SALE_RECORDED", "payload": {"currency": "USD", "total_minor": 0, "lines": lines}});
        let (status, body) = company.post(&format!("{node_url}/api/v1/events"), &sale).await;
        assert_eq!(status, 200, "{body}");
    }
}
