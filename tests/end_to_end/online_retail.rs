//! A year of a real shop, 541,909 lines, through local API, sled, push, Postgres and reports. Every push is delivered twice,
//! central is restarted in the middle, and the node is killed: the totals equal the source's to a tenth of a penny.

use std::process::Stdio;
use std::sync::atomic::Ordering;

use comptoir_test_support::RunningTenant;
use comptoir_test_support::processes::{self, KilledOnDrop};
use comptoir_tests::known_good::data_path;
use comptoir_tests::twice;

use crate::figures;

/// Events of Online Retail: one per invoice.
const EVENTS: u64 = 25_900;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_year_of_sales_arrives_once_despite_kills_and_double_delivery() {
    let mut company = RunningTenant::new("Europe/London", "GBP");
    let site = company.site("ONLINE");
    let (proxy, seen) = twice::start(company.central.url.clone()).await.unwrap();
    let mut node = company.node(&site, "till", &format!("http://{proxy}"));
    let csv = company.path("online_retail.csv.gz");
    std::fs::copy(data_path("online-retail/online_retail.csv.gz"), &csv).unwrap();
    let import = || start_import(&csv, &node.url);

    let mut importing = import();
    wait_for(&company, &node.url, EVENTS / 5).await;
    company.central.kill();
    wait_for(&company, &node.url, 2 * EVENTS / 5).await;
    company.central.start_again();
    wait_for(&company, &node.url, 3 * EVENTS / 5).await;
    importing.kill();
    node.kill_and_restart();
    company.central.kill_and_restart();
    let status = start_import(&csv, &node.url).0.wait().unwrap();
    assert!(status.success(), "the import continues where it stopped: {status}");

    company.drained(&node).await;
    assert!(seen.twice.load(Ordering::Relaxed) > 0, "pushes were delivered twice");
    assert!(company.head().await >= EVENTS, "every event has its position");
    figures::online_retail(async |by| company.sales(by).await).await;

    // Importing the same file again records nothing.
    let head = company.head().await;
    let again = processes::run_comptoir(
        &["import", csv.to_str().unwrap(), "--map", mapping().to_str().unwrap(), "--url", &node.url],
        &[],
    );
    let again = again.unwrap_or_else(|(code, message)| panic!("exit {code}: {message}"));
    assert_eq!((&again["recorded"], &again["known_before"]), (&EVENTS.into(), &EVENTS.into()), "{again}");
    company.drained(&node).await;
    assert_eq!(company.head().await, head);

    // An auditor exports both logs.
    for (url, token, name) in [(&node.url, "", "shop"), (&company.central.url, company.token.as_str(), "central")] {
        let bundle = company.path(name).with_extension("bundle");
        let bundle = bundle.to_str().unwrap();
        let mut export = vec!["events", "export", "--url", url, "--out", bundle];
        if !token.is_empty() {
            export.extend(["--token", token]);
        }
        processes::run_comptoir(&export, &[]).unwrap_or_else(|(code, message)| panic!("exit {code}: {message}"));
        let verified = processes::run_comptoir(&["audit", "verify", bundle, "--level", "content"], &[]);
        verified.unwrap_or_else(|(code, message)| panic!("{name}: exit {code}: {message}"));
    }
    crate::auditor::assert_decided_again(&company);
}

fn mapping() -> std::path::PathBuf {
    std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/online-retail.toml")
}

fn start_import(csv: &std::path::Path, url: &str) -> KilledOnDrop {
    let mut command = processes::command_for(url);
    command.arg("import").arg(csv).arg("--map").arg(mapping()).args(["--url", url, "--json"]);
    KilledOnDrop(command.stdout(Stdio::null()).spawn().expect("the binary starts"))
}

/// Waits until the node has sealed `records` records.
async fn wait_for(company: &RunningTenant, node_url: &str, records: u64) {
    let started = std::time::Instant::now();
    loop {
        let status = company.http.get(format!("{node_url}/api/v1/status")).send().await.unwrap();
        let status: serde_json::Value = status.json().await.unwrap();
        if status["log"]["durable"].as_u64() >= Some(records) {
            return;
        }
        assert!(started.elapsed().as_secs() < 300, "the import does not reach {records}: {status}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
