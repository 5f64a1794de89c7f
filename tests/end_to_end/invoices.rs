use std::collections::BTreeMap;

use comptoir_test_support::RunningTenant;
use comptoir_test_support::events::{InvoiceCreation, SaleLine, TestEvent as _};
use serde_json::Value;

const INVOICES_PER_NODE: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_invoice_reference_is_missing_or_assigned_twice() {
    let company = RunningTenant::new("Europe/Paris", "EUR");
    let (paris, lyon) = (company.site("PARIS"), company.site("LYON"));
    let nodes = [
        company.node(&paris, "paris-1", &company.central.url),
        company.node(&paris, "paris-2", &company.central.url),
        company.node(&lyon, "lyon-1", &company.central.url),
    ];
    for number in 0..INVOICES_PER_NODE {
        for (index, node) in nodes.iter().enumerate() {
            let draft = taxed_invoice(&format!("P{index}-{number}"), number % 7 == 3);
            let (status, answer) = company.post(&format!("{}/api/v1/events", node.url), &draft).await;
            assert_eq!(status, 200, "{answer}");
        }
    }
    for node in &nodes {
        company.drained(node).await;
    }
    let mut series: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for reference in references(&company).await {
        let (name, number) = reference.rsplit_once('-').unwrap_or_else(|| panic!("{reference} has no number"));
        series.entry(name.to_owned()).or_default().push(number.parse().unwrap());
    }
    let counts: Vec<usize> = series.values().map(Vec::len).collect();
    assert_eq!(series.len(), 2, "one series per shop: {:?}", series.keys());
    assert_eq!(counts.iter().sum::<usize>(), 3 * INVOICES_PER_NODE);
    for (name, numbers) in &mut series {
        numbers.sort_unstable();
        let expected: Vec<u64> = (1..=numbers.len() as u64).collect();
        assert_eq!(*numbers, expected, "{name} has a gap or a duplicate");
    }
    let replay = crate::auditor::assert_decided_again(&company);
    let invoices = replay["models"].as_array().unwrap().iter().find(|model| model["model"] == "invoices");
    assert_eq!(invoices.unwrap()["rows"], 3 * INVOICES_PER_NODE, "{replay}");
}

fn taxed_invoice(entity_id: &str, net: bool) -> Value {
    let (basis, total_minor) = if net { ("net", 1_200) } else { ("gross", 1_000) };
    let line = SaleLine { unit_price: "5.00".to_owned(), vat_rate: Some("20".to_owned()), ..SaleLine::default() };
    let invoice = InvoiceCreation {
        total_minor,
        price_basis: Some(basis.to_owned()),
        provisional_reference: Some(format!("PROV-{entity_id}")),
        lines: vec![line],
        ..InvoiceCreation::default()
    };
    invoice.draft(entity_id)
}

/// Every reference that central assigned, over all pages.
async fn references(company: &RunningTenant) -> Vec<String> {
    let mut references = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = company.ask(&format!("/api/v1/invoices?limit=50{cursor}")).await;
        let rows = page["rows"].as_array().unwrap_or_else(|| panic!("rows: {page}"));
        references.extend(rows.iter().map(|row| row["reference"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return references,
        }
    }
}
