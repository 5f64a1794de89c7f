//! A full disk under central's private Postgres: every answer reports it, `/readyz` detects it without a push, nothing
//! acknowledged is lost, and central recovers without help once there is room.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use comptoir_test_support::processes::{self, RunningServer};
use comptoir_test_support::{TestClient, temp_folder};
use serde_json::{Value, json};

use crate::ext4;

/// The longest wait on a busy machine. The test fails after it; nothing is measured.
const PATIENCE: Duration = Duration::from_secs(300);
const POLL_EVERY: Duration = Duration::from_millis(50);
/// Two kilobytes each, so that Postgres needs new pages for them.
const CLIENTS: u64 = 300;
/// Requests sent while the disk is full. Each may be answered or refused with `STORE_FULL`; anything else is a defect.
const QUESTIONS: [&str; 4] =
    ["/api/v1/reports/sales?by=day", "/api/v1/reports/stock", "/api/v1/clients?limit=500", "/api/v1/events?limit=100"];

#[test]
fn a_central_on_a_full_disk_reports_it_loses_nothing_and_recovers() -> anyhow::Result<()> {
    let folder = temp_folder();
    match ext4::Disk::create(folder.path(), "400M") {
        Ok(disk) => tokio::runtime::Runtime::new()?.block_on(fill_and_free(folder.path(), &disk)),
        Err(refusal) => {
            println!("No full disk on a loop mount here ({refusal:#}): the test was skipped");
            Ok(())
        }
    }
}

async fn fill_and_free(folder: &Path, disk: &ext4::Disk) -> anyhow::Result<()> {
    // Only the data is on the small disk; central's own log lines go elsewhere.
    let data_dir = folder.join("central");
    std::fs::create_dir(disk.path().join("central"))?;
    std::os::unix::fs::symlink(disk.path().join("central"), &data_dir)?;
    let central = RunningServer::central(&data_dir);
    let admin = |arguments: &[&str]| {
        let arguments: Vec<&str> = ["admin"].into_iter().chain(arguments.iter().copied()).collect();
        processes::run_comptoir(&arguments, &[("DATA_DIR", &data_dir.display().to_string())])
            .map_err(|(code, message)| anyhow::anyhow!("exit {code}: {message}"))
    };
    let tenant = admin(&["tenant", "create", "--name", "T", "--zone", "Europe/Paris", "--currency", "EUR"])?;
    let (tenant, token) = (text(&tenant, "tenant_id")?, text(&tenant, "admin_token")?);
    let site = admin(&["site", "create", "--tenant", &tenant, "--code", "S1", "--name", "S1"])?;
    let site = text(&site, "site_id")?;
    let issued = admin(&["node", "create", "--tenant", &tenant, "--site", &site, "--name", "till"])?;
    let node = RunningServer::node(&folder.join("node"), &issued, &central.url);
    let fixture = CrashFixture { http: TestClient::new(), central, node, token };

    fixture.record(0..CLIENTS).await?;
    fixture.until(&fixture.node, "/api/v1/queue", |_, queue| queue["pending"] == 0).await?;
    fixture.until(&fixture.central, "/readyz", |status, _| status == 200).await?;

    let filler = disk.path().join("filler");
    fill(&filler)?;
    let full = fixture.until(&fixture.central, "/readyz", |status, _| status == 507).await?;
    ensure!(full["code"] == "STORE_FULL", "{full}");
    fixture.record(CLIENTS..2 * CLIENTS).await?;
    let is_full = |_: u16, status: &Value| status["sync"]["last_error"]["code"] == "STORE_FULL";
    fixture.until(&fixture.node, "/api/v1/status", is_full).await?;
    let mut answers = std::collections::BTreeMap::new();
    for question in QUESTIONS.iter().cycle().take(40) {
        let (status, body) = fixture.ask(&fixture.central, question).await?;
        let code = body["code"].as_str().unwrap_or("answered").to_owned();
        ensure!(status == 200 || code == "STORE_FULL", "{question}: {status} {body}");
        *answers.entry(code).or_insert(0) += 1;
    }
    ensure!(fixture.ask(&fixture.central, "/readyz").await?.0 == 507, "central reported ready on a full disk");

    std::fs::remove_file(&filler)?;
    fixture.until(&fixture.central, "/readyz", |status, _| status == 200).await?;
    fixture.until(&fixture.node, "/api/v1/queue", |_, queue| queue["pending"] == 0).await?;
    for number in 0..2 * CLIENTS {
        let (status, body) = fixture.ask(&fixture.central, &format!("/api/v1/clients/{}", id(number))).await?;
        ensure!(status == 200, "client {number} was acknowledged, but central answers {body}");
    }
    println!("central's full disk: {} acknowledged, 0 lost; answers meanwhile: {answers:?}", 2 * CLIENTS);
    Ok(())
}

struct CrashFixture {
    http: TestClient,
    central: RunningServer,
    node: RunningServer,
    token: String,
}

impl CrashFixture {
    async fn ask(&self, server: &RunningServer, path: &str) -> anyhow::Result<(u16, Value)> {
        let answer = self.http.get(format!("{}{path}", server.url)).bearer_auth(&self.token).send().await;
        let answer = answer.with_context(|| self.central.words())?;
        Ok((answer.status().as_u16(), answer.json().await.unwrap_or_default()))
    }

    async fn until(
        &self,
        server: &RunningServer,
        path: &str,
        wanted: impl Fn(u16, &Value) -> bool,
    ) -> anyhow::Result<Value> {
        let started = Instant::now();
        loop {
            let (status, body) = self.ask(server, path).await?;
            if wanted(status, &body) {
                return Ok(body);
            }
            if started.elapsed() > PATIENCE {
                bail!("{path} still says {status} {body}\n{}", self.central.words());
            }
            tokio::time::sleep(POLL_EVERY).await;
        }
    }

    /// Records clients at the node, whose own disk has room.
    async fn record(&self, numbers: std::ops::Range<u64>) -> anyhow::Result<()> {
        for number in numbers {
            let fields = json!({"name": "Dupont", "note": "x".repeat(2_000)});
            let client = json!({"id": id(number), "entity_id": id(number), "fields": fields});
            let answer = self.http.post(format!("{}/api/v1/clients", self.node.url)).json(&client).send().await?;
            ensure!(answer.status().is_success(), "{}", answer.text().await?);
        }
        Ok(())
    }
}

fn id(number: u64) -> String {
    format!("0199aaaa-0000-7000-8000-{number:012}")
}

fn text(value: &Value, name: &str) -> anyhow::Result<String> {
    Ok(value[name].as_str().with_context(|| format!("{name} in {value}"))?.to_owned())
}

/// Fills the disk to its last block.
fn fill(path: &Path) -> anyhow::Result<()> {
    let mut file = File::create(path)?;
    for piece in [1 << 20, 4 << 10] {
        while file.write_all(&vec![7; piece]).is_ok() {}
    }
    // The disk must be full now, not when buffered writes reach it.
    let _refused_when_full = file.sync_all();
    Ok(())
}
