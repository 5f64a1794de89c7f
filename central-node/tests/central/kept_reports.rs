//! Reports about the present are answered from a cached answer plus the changes since. They must equal the database's own answer,
//! which `as_of` asks for: `as_of` is never answered from the cache.

use std::time::Duration;

use comptoir_central::CentralConfig;
use comptoir_central::projections::rebuild::rebuild;
use comptoir_central::projections::switch::{drop_version, switch};
use comptoir_central::projections::{PageSize, Projection, Version};
use comptoir_test_support::events::{Sale, TestEvent};
use comptoir_test_support::{SealedLog, TestCentral, TestTenant, temp_folder};
use serde_json::{Value, json};

const REPORTS: [&str; 12] = [
    "sales?by=day",
    "sales?by=month",
    "sales?by=site",
    "sales?by=product",
    "sales?by=country",
    "sales?by=customer",
    "sales?by=user",
    "sales?by=entity",
    "sales?by=product&from=2026-03-01&to=2026-03-01",
    "sales?by=day&currency=GBP",
    "stock?",
    "stock?product=B",
];

/// Sales of old and new customers in two currencies, a refund, a write-off, an adjustment, goods, and a sale that waits for a
/// person.
async fn trade(company: &TestTenant<'_>, node: &mut SealedLog, round: u32) -> u64 {
    let id = |name: &str| format!("{name}-{round}");
    let lots = json!([{ "product": "A", "quantity": "30", "unit_cost": "1.125" }, { "product": id("N"), "quantity": "2", "unit_cost": "7" }]);
    node.seal("RECEPTION", &id("g"), "GOODS_RECEIVED", &json!({ "lines": lots }));
    for (sale, currency) in [("s", "EUR"), ("t", "GBP")] {
        let lines = json!([{ "product": "A", "quantity": "2.5", "unit_price": "0.011" }, { "product": "B", "quantity": "1", "unit_price": "5.00" },
            { "product": "A", "quantity": "1", "unit_price": "0.003" }]);
        let mut payload = json!({ "currency": currency, "total_minor": 503, "lines": lines });
        payload["customer"] = json!(if currency == "EUR" { "c-1".to_owned() } else { id("c") });
        payload["country"] = json!(if round.is_multiple_of(2) { "France" } else { "" });
        node.seal("SALE", &id(sale), "SALE_RECORDED", &payload);
    }
    let mut refund = Sale::default().payload();
    refund["original"] = json!(id("s"));
    node.seal("SALE", &id("r"), "SALE_REFUNDED", &refund);
    let broken = json!({ "reason": "broken", "lines": [{ "product": "B", "quantity": "0.5" }] });
    node.seal("STOCK", &id("w"), "STOCK_WRITTEN_OFF", &broken);
    let debt = json!({ "currency": "EUR", "amount_minor": -1234, "reason": "bad debt", "quantity": "1" });
    node.seal("SALE", &id("a"), "REVENUE_ADJUSTED", &debt);
    let wrong = node.record(&id("q"), &Sale { total_minor: 511, ..Sale::default() });
    node.push_all(company.server).await;
    let release = format!("/api/v1/quarantine/{wrong}/release");
    company.post(&release, "{}").await.assert_ok();
    ask(company, "stock?").await["complete_through"].as_u64().unwrap()
}

async fn ask(company: &TestTenant<'_>, report: &str) -> Value {
    company.get(&format!("/api/v1/reports/{report}")).await.for_case(report).assert_ok()
}

#[tokio::test]
async fn an_updated_cached_answer_equals_the_database_s() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut nodes = [company.node().await, company.node().await];
    for round in 0..6 {
        let head = trade(&company, &mut nodes[(round % 2) as usize], round).await;
        for report in REPORTS {
            // Every second question is asked every other round: its cached answer is two rounds old.
            if round % 2 == 1 && report.len() % 2 == 1 {
                continue;
            }
            let present = ask(&company, &format!("{report}&min_position={head}")).await;
            let past = ask(&company, &format!("{report}&as_of={head}")).await;
            assert_eq!(present["complete_through"], json!(head), "{report}");
            assert_eq!(present["rows"], past["rows"], "{report}, round {round}");
            assert!(!present["rows"].as_array().unwrap().is_empty(), "{report} says nothing");
            assert_eq!(ask(&company, report).await, present, "{report}: nothing came meanwhile");
        }
    }
}

#[tokio::test]
async fn a_version_rebuilt_under_its_old_number_is_read_from_the_database() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    let head = trade(&company, &mut node, 0).await;
    // The runner creates the first version when it begins to follow the log.
    ask(&company, &format!("sales?by=month&min_position={head}")).await;
    let sales = |number| Version { projection: Projection::Sales, number };
    let db = server.central.database();
    let mut answers = Vec::new();
    for amount in ["1", "2"] {
        let built = rebuild(db, company.tenant, &[Projection::Sales], PageSize::REBUILT, |_| {}).await.unwrap();
        assert_eq!(built, [sales(2)], "the number that was dropped is given again");
        // Rows as another program might have built them.
        let sql =
            format!("update sales_line set amount = {amount} where tenant_id = '{}' and version = 2", company.tenant);
        server.admin().await.batch_execute(&sql).await.unwrap();
        switch(db, company.tenant, sales(2)).await.unwrap();
        answers.push(ask(&company, &format!("sales?by=month&min_position={head}")).await["rows"].clone());
        switch(db, company.tenant, sales(1)).await.unwrap();
        drop_version(db, company.tenant, sales(2)).await.unwrap();
    }
    assert_ne!(answers[0], answers[1], "the second version was answered with the first one's figures");
}

#[tokio::test]
async fn a_report_that_does_not_wait_is_at_most_one_answer_behind_and_says_so() {
    let folder = temp_folder();
    let config = CentralConfig { report_wait: Duration::ZERO, ..TestCentral::config(folder.path()) };
    let scene = TestCentral::start(config, folder).await;
    let company = scene.company().await;
    let mut node = company.node().await;
    let mut earlier_answers = 0;

    for round in 0..10 {
        let first = ask(&company, "stock?").await["complete_through"].as_u64().unwrap();
        let second = ask(&company, "stock?").await["complete_through"].as_u64().unwrap();
        node.seal("SALE", &format!("s-{round}"), "SALE_RECORDED", &Sale::default().payload());
        node.push_all(company.server).await;
        let without_wait = ask(&company, "stock?").await;
        let shown = without_wait["complete_through"].as_u64().unwrap();
        let head =
            ask(&company, &format!("stock?min_position={}", second + 1)).await["complete_through"].as_u64().unwrap();

        // A push that takes over two seconds makes the last answer too old to be returned.
        earlier_answers += u32::from(shown < head);
        assert!(first <= second && second <= shown && shown <= head, "{first} {second} {shown} {head}");
        assert!(head > second, "one's own write is included");
        assert_eq!(without_wait["rows"], ask(&company, &format!("stock?as_of={shown}")).await["rows"]);
    }
    assert!(earlier_answers > 0, "a report waited although nothing let it");
}
