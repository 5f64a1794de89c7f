//! Splits Online Retail over five nodes of three shops, on connections that fail and break. After the last sync every node's
//! read models equal central's, row by row, within the node's scope, and the year's totals equal the source's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use comptoir_test_support::events::{InvoiceCreation, SaleLine, TestEvent as _};
use comptoir_test_support::processes::{self, KilledOnDrop, RunningServer};
use comptoir_test_support::{POLL_EVERY, RunningTenant, TIMEOUT, text};
use comptoir_tests::flaky::{self, Line};
use comptoir_tests::known_good::data_path;
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::figures;

/// The shop of each node. Two shops have two nodes.
const SHOP_OF: [usize; 5] = [0, 0, 1, 1, 2];
/// Each delivery is validated at two nodes.
const DELIVERIES: usize = 30;
const INVOICES_PER_NODE: usize = 20;

/// A node, its proxy to central, and its part of the year.
struct Counter {
    server: RunningServer,
    key: String,
    line: Line,
    part: PathBuf,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_nodes_on_bad_connections_end_with_central_s_rows() {
    let company = RunningTenant::new("Europe/London", "GBP");
    let seed = u64::from_le_bytes(std::array::from_fn(|at| Uuid::new_v4().as_bytes()[at]));
    println!("five nodes: seed {seed}");
    let shops = ["ONE", "TWO", "THREE"].map(|code| company.site(code));
    let parts = split(&company);
    order_deliveries(&company).await;
    let mut counters = Vec::new();
    for (number, part) in parts.parts.into_iter().enumerate() {
        let address = company.central.url.trim_start_matches("http://").to_owned();
        let line = flaky::start(address, seed.wrapping_add(number as u64)).await.unwrap();
        let issued = company.issue_node(&shops[SHOP_OF[number]], &format!("till-{number}"));
        let path = company.path(&format!("till-{number}"));
        let server = RunningServer::node(&path, &issued, &format!("http://{}", line.address));
        counters.push(Counter { server, key: text(&issued["SYNC_API_KEY"]), line, part });
    }

    // All five sell, invoice, deliver and record their customers at the same time.
    let mut imports: Vec<KilledOnDrop> =
        counters.iter().map(|counter| import(&counter.part, &counter.server.url)).collect();
    for (number, counter) in counters.iter().enumerate() {
        write_customers(&company, counter, number, &parts.customers[number]).await;
        create_invoices(&company, counter, number).await;
        validate_deliveries(&company, counter, number).await;
    }
    for import in &mut imports {
        assert!(import.0.wait().unwrap().success(), "every import finishes");
    }
    let cuts: u64 = counters.iter().map(|counter| counter.line.cuts()).sum();
    println!("five nodes: {cuts} connections were refused or cut");
    assert!(cuts > 20, "the connections were cut");

    for counter in &counters {
        counter.line.make_steady();
        company.drained(&counter.server).await;
    }
    figures::online_retail(async |by| company.sales(by).await).await;
    let head = company.head().await;
    for (number, counter) in counters.iter().enumerate() {
        caught_up(&company, &counter.server, head).await;
        let mut rows = 0;
        for path in ["products", "clients", "deliveries", "invoices", "stock"] {
            let (ours, centrals) = (
                list(&company, &counter.server.url, "", path).await,
                list(&company, &company.central.url, &counter.key, path).await,
            );
            assert_eq!(ours.keys().collect::<Vec<_>>(), centrals.keys().collect::<Vec<_>>(), "node {number}: {path}");
            for (key, row) in &centrals {
                same(path, row, &ours[key]);
            }
            assert!(path == "products" || !ours.is_empty(), "node {number} has no {path}");
            rows += ours.len();
        }
        println!("five nodes: node {number} has {rows} rows, all as central has them");
    }
}

/// The year in five files with each invoice whole in one of them, and the customers of each file.
struct Parts {
    parts: Vec<PathBuf>,
    customers: Vec<BTreeMap<String, String>>,
}

fn split(company: &RunningTenant) -> Parts {
    let file = std::fs::File::open(data_path("online-retail/online_retail.csv.gz")).unwrap();
    let mut year = csv::Reader::from_reader(flate2::read::GzDecoder::new(file));
    let header = year.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|column| column == name).unwrap();
    let (invoice, customer, country) = (column("InvoiceNo"), column("CustomerID"), column("Country"));
    let parts: Vec<PathBuf> = (0..SHOP_OF.len()).map(|number| company.path(&format!("part-{number}.csv"))).collect();
    let mut writers: Vec<_> = parts.iter().map(|part| csv::Writer::from_path(part).unwrap()).collect();
    for writer in &mut writers {
        writer.write_record(&header).unwrap();
    }
    let mut customers = vec![BTreeMap::new(); SHOP_OF.len()];
    for row in year.records() {
        let row = row.unwrap();
        let number = usize::from(blake3::hash(row[invoice].as_bytes()).as_bytes()[0]) % SHOP_OF.len();
        writers[number].write_record(&row).unwrap();
        if let Some(id) = row[customer].strip_suffix(".0") {
            customers[number].insert(id.to_owned(), row[country].to_owned());
        }
    }
    for mut writer in writers {
        writer.flush().unwrap();
    }
    Parts { parts, customers }
}

fn import(part: &Path, url: &str) -> KilledOnDrop {
    let mapping = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/online-retail.toml");
    let mut command = processes::command_for(url);
    command.arg("import").arg(part).arg("--map").arg(mapping).args(["--url", url, "--json"]);
    KilledOnDrop(command.stdout(Stdio::null()).spawn().expect("the binary starts"))
}

async fn order_deliveries(company: &RunningTenant) {
    for number in 0..DELIVERIES {
        let id = format!("BL-{number}");
        let order = json!({"id": Uuid::now_v7(), "entity_type": "DELIVERY", "entity_id": id, "action": "DELIVERY_CREATED",
            "payload": {"reference": id, "client": "Café du Port", "qr": format!("QR-{number}")}});
        let (status, body) = company.post(&format!("{}/api/v1/events", company.central.url), &order).await;
        assert_eq!(status, 200, "{body}");
    }
}

/// Each shop records its customers. Several shops record the same ones, and the last writer of a field wins. If another shop's
/// row was already pulled, it is read and updated.
async fn write_customers(
    company: &RunningTenant,
    counter: &Counter,
    number: usize,
    customers: &BTreeMap<String, String>,
) {
    let seen_at = format!("till-{number}");
    let new = customers.iter().map(|(id, country)| {
        let payload = json!({"country": country, "last_seen_at": seen_at});
        (id.clone(), customer("CREATE", id, payload, None))
    });
    let mut drafts: Vec<(String, Value)> = new.collect();
    // A change that is pulled between the read and the write causes another attempt.
    while !drafts.is_empty() {
        let answers = write_lines(company, counter, &drafts).await;
        let known = drafts.iter().zip(&answers).filter(|(_, answer)| answer.get("problem").is_some());
        let again = known.map(|((id, _), answer)| {
            assert_eq!(answer["problem"]["code"], "PRECONDITION_FAILED", "{answer}");
            let payload = json!({"country": customers[id], "last_seen_at": seen_at});
            (id.clone(), customer("UPDATE", id, payload, answer["problem"]["etag"].as_str()))
        });
        drafts = again.collect();
    }
}

fn customer(action: &str, id: &str, payload: Value, if_match: Option<&str>) -> Value {
    json!({"id": Uuid::now_v7(), "entity_type": "CLIENT", "entity_id": id, "action": action, "payload": payload, "if_match": if_match})
}

async fn write_lines(company: &RunningTenant, counter: &Counter, drafts: &[(String, Value)]) -> Vec<Value> {
    let lines: String = drafts.iter().map(|(_, draft)| format!("{draft}\n")).collect();
    let request = company.http.post(format!("{}/api/v1/events", counter.server.url)).body(lines);
    let answer = request.header("content-type", "application/x-ndjson").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let answer = answer.text().await.unwrap();
    let answers: Vec<Value> = answer.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), drafts.len());
    answers
}

async fn create_invoices(company: &RunningTenant, counter: &Counter, node: usize) {
    for number in 0..INVOICES_PER_NODE {
        let line = SaleLine { unit_price: "5.00".to_owned(), vat_rate: Some("20".to_owned()), ..SaleLine::default() };
        let invoice = InvoiceCreation {
            currency: "GBP".to_owned(),
            total_minor: 1000,
            provisional_reference: Some(format!("PROV-{node}-{number}")),
            lines: vec![SaleLine { product: "85123A".to_owned(), ..line }],
            ..InvoiceCreation::default()
        };
        let draft = invoice.draft(&format!("P{node}-{number}"));
        let (status, answer) = company.post(&format!("{}/api/v1/events", counter.server.url), &draft).await;
        assert_eq!(status, 200, "{answer}");
    }
}

/// Each delivery is validated at two nodes; central decides which was first.
async fn validate_deliveries(company: &RunningTenant, counter: &Counter, node: usize) {
    for number in (0..DELIVERIES).filter(|number| [number % 5, (number + 1) % 5].contains(&node)) {
        let draft = json!({"id": Uuid::now_v7(), "entity_type": "DELIVERY", "entity_id": format!("BL-{number}"),
            "action": "DELIVERY_VALIDATED", "user": format!("chauffeur-{node}"),
            "payload": {"qr": format!("QR-{number}"), "validated_at": "2026-01-07T10:00:00Z"}});
        let (status, answer) = company.post(&format!("{}/api/v1/events", counter.server.url), &draft).await;
        assert_eq!(status, 200, "{answer}");
    }
}

/// Waits until a node has pulled everything up to a position.
async fn caught_up(company: &RunningTenant, node: &RunningServer, position: u64) {
    let started = Instant::now();
    loop {
        let status = company.http.get(format!("{}/api/v1/status", node.url)).send().await.expect("the node answers");
        let status: Value = status.json().await.expect("a status is JSON");
        if status["sync"]["pull"]["complete_through"].as_u64() >= Some(position) {
            return;
        }
        assert!(started.elapsed() < TIMEOUT, "pulled no further than {}\n{}", status["sync"], node.words());
        tokio::time::sleep(POLL_EVERY).await;
    }
}

/// Every row of a list, by its id.
async fn list(company: &RunningTenant, url: &str, key: &str, path: &str) -> BTreeMap<String, Value> {
    let mut rows = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let mut request = company.http.get(format!("{url}/api/v1/{path}?limit=1000{cursor}"));
        if !key.is_empty() {
            request = request.bearer_auth(key);
        }
        let answer = request.send().await.expect("it answers");
        let status = answer.status();
        let page: Value = answer.json().await.expect("a list is JSON");
        assert_eq!(status, StatusCode::OK, "{url} {path}: {page}");
        for row in page["rows"].as_array().unwrap_or_else(|| panic!("rows: {page}")) {
            let name = if path == "stock" { format!("{} {}", row["site"], row["product"]) } else { text(&row["id"]) };
            assert!(rows.insert(name.clone(), row.clone()).is_none(), "{path} lists {name} twice");
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

/// Compares the fields that both have. Central's stock also has lots and their value, which nodes do not get.
fn same(path: &str, central: &Value, node: &Value) {
    let at_central_only = ["value", "currency", "lots", "consumed_quantity", "consumed_cost"];
    for (name, value) in central.as_object().expect("a row is an object") {
        if path == "stock" && at_central_only.contains(&name.as_str()) {
            continue;
        }
        assert_eq!(&node[name], value, "{path}: {name}\ncentral {central}\nnode    {node}");
    }
    assert_eq!(node["is_synced"], true, "{path}: nothing is pending: {node}");
}
