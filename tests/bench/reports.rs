//! P13: reports while shops are busy, against the same reports while central is idle. Central is the shipped binary on its own
//! Postgres. The load is twofold: connections that append at a node, which pushes to central, and the backlog of other nodes,
//! sealed before the clock starts and pushed in full batches as fast as central accepts them. One reader requests reports, one
//! after another, until the backlog is drained. The idle figures are measured before and after, since the load adds rows. One
//! answer of each report under load is then compared with the answer `as_of` its position: a fast but wrong report fails the
//! measurement. The reader is a process of its own, so that the load's own work is not counted as a report's.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use comptoir_core::limits::PUSH_BODY_BYTES_MAX;
use comptoir_proto::{paths, stored_v1};
use comptoir_test_support::events::{Sale, TestEvent as _};
use comptoir_test_support::processes::RunningServer;
use comptoir_test_support::{RunningTenant, SealedLog, TestClient};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::task::{JoinHandle, JoinSet};
use uuid::Uuid;

use crate::connection::{Connection, get, post};
use crate::measure::{Limit, Line, rate, thousandths};

pub(crate) struct Size {
    /// Connections that append at the node.
    pub(crate) connections: usize,
    /// Nodes with a backlog.
    pub(crate) nodes: usize,
    /// Records per push.
    pub(crate) batch: usize,
    /// Pushes of each node before the first round, and in each round.
    pub(crate) batches_before: usize,
    pub(crate) batches: usize,
    /// Reports of each kind while central is idle.
    pub(crate) reports: usize,
    /// Whether the reader is a task of this program instead of a process.
    pub(crate) reads_in_process: bool,
    pub(crate) rounds: usize,
}

const LIMIT: Limit = Limit::AtMost(5_000);
const PRODUCTS: u64 = 1_000;
const DAYS: u64 = 90;
const DAY_MICROS: i64 = 86_400_000_000;
/// The pause after a push that central had no room for.
const PUSH_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// The argument that makes a benchmark's own program a reader of reports, and the variable with its token.
pub(crate) const READER: &str = "read-reports";
pub(crate) const READER_TOKEN: &str = "COMPTOIR_READER_TOKEN";

const KINDS: usize = 3;
const REPORTS: [(&str, &str); KINDS] = [
    ("sales by day", "/api/v1/reports/sales?by=day"),
    ("sales by product", "/api/v1/reports/sales?by=product"),
    ("stock", "/api/v1/reports/stock"),
];

/// Microseconds of each report, by kind.
type Times = [Vec<u64>; KINDS];

struct Loaded {
    times: Times,
    /// Records and sales per second during the round.
    drained: u64,
    appended: u64,
    /// One answer of each kind under load.
    kept: Vec<Value>,
}

/// What a reader measured, and its last answer of each kind.
pub(crate) struct Readings {
    pub(crate) times: Times,
    pub(crate) kept: Vec<Value>,
}

/// The lines of P13.
pub(crate) fn lines(runtime: &Runtime, size: &Size) -> anyhow::Result<Vec<Line>> {
    runtime.block_on(async {
        let mut shops = Shops::open(size).await?;
        let mut idle = vec![shops.idle(size.reports).await?];
        let mut loaded = Vec::new();
        for _ in 0..size.rounds {
            let round = shops.loaded(size).await?;
            shops.settle().await?;
            idle.push(shops.idle(size.reports).await?);
            shops.compare(&round.kept).await?;
            loaded.push(round);
        }
        Ok((0..KINDS).map(|kind| line(kind, size, &idle, &loaded)).collect())
    })
}

fn line(kind: usize, size: &Size, idle: &[Times], loaded: &[Loaded]) -> Line {
    let idle_of = |round: usize| sorted(idle[round][kind].iter().chain(&idle[round + 1][kind]));
    let rounds: Vec<(Vec<u64>, Vec<u64>)> =
        loaded.iter().enumerate().map(|(round, loaded)| (sorted(&loaded.times[kind]), idle_of(round))).collect();
    let median = |figure: &dyn Fn(usize) -> u64| {
        let figures = sorted(&(0..rounds.len()).map(figure).collect::<Vec<_>>());
        figures[figures.len() / 2]
    };
    let millis = |(name, hundredths): (&str, usize)| {
        let loaded = median(&|round| at(&rounds[round].0, hundredths));
        let idle = median(&|round| at(&rounds[round].1, hundredths));
        format!("{name} {} : {} ms", thousandths(loaded), thousandths(idle))
    };
    let what = format!(
        "report {}, {} appending ({}/s) and {} nodes draining ({}/s) : idle; {}, {}; p99",
        REPORTS[kind].0,
        size.connections,
        median(&|round| loaded[round].appended),
        size.nodes,
        median(&|round| loaded[round].drained),
        millis(("p50", 50)),
        millis(("max", 100)),
    );
    let p99: Vec<(u64, u64)> = rounds.iter().map(|(loaded, idle)| (at(loaded, 99), at(idle, 99))).collect();
    Line::of_rounds("P13", what, LIMIT, " us", &p99)
}

fn sorted<'a>(times: impl IntoIterator<Item = &'a u64>) -> Vec<u64> {
    let mut times: Vec<u64> = times.into_iter().copied().collect();
    times.sort_unstable();
    times
}

fn at(sorted: &[u64], hundredths: usize) -> u64 {
    sorted.get((sorted.len() * hundredths / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// Central, a selling node, and nodes that have been offline.
struct Shops {
    company: RunningTenant,
    till: RunningServer,
    /// Sales that the node acknowledged.
    appended: u64,
    offline: Vec<Offline>,
    reads_in_process: bool,
}

/// A node with a backlog.
struct Offline {
    node: SealedLog,
    key: String,
    sold: u64,
    backlog: Vec<bytes::Bytes>,
}

impl Shops {
    async fn open(size: &Size) -> anyhow::Result<Shops> {
        let company = RunningTenant::with_defaults("Europe/Paris", "EUR");
        let issued = company.issue_node(&company.site("LYO"), "LYO");
        let till = RunningServer::node_asking_every(30, &company.path("LYO"), &issued, &company.central.url);
        let mut offline = Vec::new();
        for number in 0..size.nodes {
            let issued = company.issue_node(&company.site(&format!("S{number}")), &format!("S{number}"));
            let key = issued["SYNC_API_KEY"].as_str().context("a node is issued a key")?.to_owned();
            let mut node = Offline { node: SealedLog::issued(&issued), key, sold: 0, backlog: Vec::new() };
            node.receive_goods();
            offline.push(node);
        }
        let mut shops = Shops { company, till, appended: 0, offline, reads_in_process: size.reads_in_process };
        shops.seal(size.batches_before, size.batch)?;
        shops.drain().await?;
        shops.settle().await?;
        Ok(shops)
    }

    /// Fills each node's backlog.
    fn seal(&mut self, batches: usize, records: usize) -> anyhow::Result<()> {
        for node in &mut self.offline {
            for _ in 0..batches {
                node.seal_batch(records)?;
            }
        }
        Ok(())
    }

    /// Every node pushes its backlog, one batch after another. Returns the records per second that central accepted.
    async fn drain(&mut self) -> anyhow::Result<u64> {
        let url = format!("{}{}", self.company.central.url, paths::SYNC_PUSH);
        let started = Instant::now();
        let mut draining = JoinSet::new();
        for node in &mut self.offline {
            let (http, url, key) = (self.company.http.clone(), url.clone(), node.key.clone());
            let backlog = std::mem::take(&mut node.backlog);
            draining.spawn(async move { push_all(&http, &url, &key, backlog).await });
        }
        let mut records = 0;
        while let Some(drained) = draining.join_next().await {
            records += drained??;
        }
        Ok(rate(records, started))
    }

    /// Waits until the node has pushed everything and the sales report includes it.
    async fn settle(&self) -> anyhow::Result<()> {
        self.company.drained(&self.till).await;
        self.company.sales("month").await;
        Ok(())
    }

    async fn idle(&self, reports: usize) -> anyhow::Result<Times> {
        // Not measured: the first answer after a load has to catch up with it.
        Reader::start(&self.company, Some(1), self.reads_in_process)?.read(false).await?;
        Ok(Reader::start(&self.company, Some(reports), self.reads_in_process)?.read(false).await?.times)
    }

    /// Requests reports, one after another, until the backlog is drained.
    async fn loaded(&mut self, size: &Size) -> anyhow::Result<Loaded> {
        self.seal(size.batches, size.batch)?;
        let selling = Selling::start(&self.till, size.connections).await?;
        let reader = Reader::start(&self.company, None, self.reads_in_process)?;
        let drained_rate = self.drain().await;
        let Readings { times, kept } = reader.read(true).await?;
        let started = selling.started;
        let sold = selling.stop().await?;
        self.appended += sold;
        Ok(Loaded { times, drained: drained_rate?, appended: rate(sold, started), kept })
    }

    /// Asks the same questions as of the past: the answers under load were right and complete.
    async fn compare(&self, kept: &[Value]) -> anyhow::Result<()> {
        for ((name, path), kept) in REPORTS.iter().zip(kept) {
            let position = kept["complete_through"].as_u64().context("a report says up to where it is complete")?;
            let mark = if path.contains('?') { '&' } else { '?' };
            let now = self.company.ask(&format!("{path}{mark}as_of={position}")).await;
            ensure!(
                now["complete_through"] == position,
                "{name}: as_of {position} is complete to {}",
                now["complete_through"]
            );
            ensure!(now["rows"] == kept["rows"], "{name}: the answer under load differs from the one as of {position}");
        }
        let offline: u64 = self.offline.iter().map(|node| node.sold).sum();
        let report = self.company.sales("month").await;
        let sold: u64 = report["rows"].as_array().into_iter().flatten().filter_map(|row| row["sales"].as_u64()).sum();
        let appended = self.appended;
        ensure!(sold == offline + appended, "{sold} sales in the report, {offline} pushed and {appended} appended");
        Ok(())
    }
}

impl Offline {
    /// Receives every product in one lot, so that the stock report has lots to add up.
    fn receive_goods(&mut self) {
        let lines: Vec<Value> = (0..PRODUCTS)
            .map(|product| json!({"product": product_code(product), "quantity": "1000000", "unit_cost": "1.20"}))
            .collect();
        for (number, lines) in lines.chunks(100).enumerate() {
            let reception = json!({"currency": "EUR", "lines": lines});
            self.node.seal("RECEPTION", &format!("R-{}-{number}", self.node.node), "GOODS_RECEIVED", &reception);
        }
    }

    /// Fills a batch with sales, one per record, spread over the products and days.
    fn seal_batch(&mut self, records: usize) -> anyhow::Result<()> {
        while self.node.records.len() < records {
            let id = Uuid::now_v7().to_string();
            let mut event = self.node.event("SALE", &id, "SALE_RECORDED", &sale_of(self.sold * 7 % PRODUCTS, &id));
            event.occurred_at.0 -= i64::try_from(self.sold % DAYS)? * DAY_MICROS;
            self.node.seal_bytes(stored_v1::encode(&event)?);
            self.sold += 1;
        }
        let body = serde_json::to_vec(&self.node.take_push())?;
        ensure!(body.len() <= PUSH_BODY_BYTES_MAX, "a batch of {} bytes", body.len());
        self.backlog.push(body.into());
        Ok(())
    }
}

/// Pushes the whole backlog; returns the number of accepted records.
async fn push_all(http: &TestClient, url: &str, key: &str, backlog: Vec<bytes::Bytes>) -> anyhow::Result<u64> {
    let mut records = 0;
    for body in backlog {
        loop {
            let request = http.post(url).bearer_auth(key).header("content-type", "application/json");
            let answer = request.body(body.clone()).send().await?;
            let status = answer.status();
            let text = answer.text().await?;
            if status.is_success() {
                let answer: Value = serde_json::from_str(&text)?;
                records += answer["results"].as_array().context("a push is answered record by record")?.len() as u64;
                break;
            }
            ensure!(status.as_u16() == 503, "{status}: {text}");
            tokio::time::sleep(PUSH_AGAIN_AFTER).await;
        }
    }
    Ok(records)
}

/// Connections that sell at a node, one sale after another on each.
struct Selling {
    started: Instant,
    stop: Arc<AtomicBool>,
    tills: JoinSet<anyhow::Result<()>>,
    sold: Arc<AtomicU64>,
}

impl Selling {
    async fn start(till: &RunningServer, connections: usize) -> anyhow::Result<Selling> {
        let (stop, sold) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut tills = JoinSet::new();
        for _ in 0..connections {
            let (mut connection, key) = (Connection::open(address(till)?).await?, till.key());
            let (stop, sold) = (Arc::clone(&stop), Arc::clone(&sold));
            tills.spawn(async move {
                while !stop.load(Ordering::Acquire) {
                    let id = Uuid::now_v7();
                    let mut sale = sale_of(u64::from(id.as_bytes()[15]), &id.to_string());
                    sale["entity_id"] = json!(id.to_string());
                    sale["id"] = json!(id.to_string());
                    connection.ask(&post(paths::SALES, Some(&key), &sale.to_string())).await?.granted()?;
                    sold.fetch_add(1, Ordering::AcqRel);
                }
                Ok(())
            });
        }
        Ok(Selling { started: Instant::now(), stop, tills, sold })
    }

    /// Lets each connection finish its sale; returns the number of sales.
    async fn stop(mut self) -> anyhow::Result<u64> {
        self.stop.store(true, Ordering::Release);
        while let Some(till) = self.tills.join_next().await {
            till??;
        }
        Ok(self.sold.load(Ordering::Acquire))
    }
}

/// Requests reports, one after another.
enum Reader {
    /// A process of its own, like the browser of a user elsewhere: the load's own work must not count as a report's.
    Process(Child),
    /// For a test, whose program cannot be started as a reader.
    Task { stopped: Arc<AtomicBool>, reading: JoinHandle<anyhow::Result<Readings>> },
}

impl Reader {
    /// Starts reading: each kind `rounds` times, or until [`Reader::read`] stops it.
    fn start(company: &RunningTenant, rounds: Option<usize>, in_process: bool) -> anyhow::Result<Reader> {
        let (server, rounds, token) = (address(&company.central)?, rounds.unwrap_or(usize::MAX), company.token.clone());
        if in_process {
            let stopped = Arc::new(AtomicBool::new(false));
            let reading = tokio::spawn(readings(server, rounds, token, Arc::clone(&stopped)));
            return Ok(Reader::Task { stopped, reading });
        }
        // A session of its own, like each server.
        let mut command = Command::new("setsid");
        command.arg(std::env::current_exe()?).args([READER, &server.to_string(), &rounds.to_string()]);
        command.env(READER_TOKEN, token).stdin(Stdio::piped()).stdout(Stdio::piped());
        Ok(Reader::Process(command.spawn()?))
    }

    /// Waits for the end of the rounds, or stops the reader.
    async fn read(self, stop: bool) -> anyhow::Result<Readings> {
        match self {
            Reader::Task { stopped, reading } => {
                stopped.fetch_or(stop, Ordering::AcqRel);
                reading.await?
            }
            Reader::Process(mut process) => {
                let stdin = process.stdin.take().filter(|_| !stop);
                let output = tokio::task::spawn_blocking(|| process.wait_with_output()).await??;
                drop(stdin);
                ensure!(output.status.success(), "the reader of reports failed: {}", output.status);
                Readings::parse(&output.stdout)
            }
        }
    }
}

/// Requests each kind of report `rounds` times, or until it is stopped.
pub(crate) async fn readings(
    server: SocketAddr,
    rounds: usize,
    token: String,
    stopped: Arc<AtomicBool>,
) -> anyhow::Result<Readings> {
    let mut connection = Connection::open(server).await?;
    let (mut times, mut bodies) = (Times::default(), <[Vec<u8>; KINDS]>::default());
    // At least once, even if the backlog is drained at once.
    while times[0].is_empty() || (times[0].len() < rounds && !stopped.load(Ordering::Acquire)) {
        for kind in 0..KINDS {
            let (micros, body) = ask(&mut connection, kind, &token).await?;
            times[kind].push(micros);
            bodies[kind] = body;
        }
    }
    let kept = bodies.iter().map(|body| serde_json::from_slice(body)).collect::<Result<_, _>>()?;
    Ok(Readings { times, kept })
}

impl Readings {
    /// Parses the output of a reader process.
    fn parse(output: &[u8]) -> anyhow::Result<Readings> {
        let read: Value = serde_json::from_slice(output)?;
        let list = |name: &str| read[name].as_array().with_context(|| format!("the reader printed no {name}"));
        let mut times = Times::default();
        for (times, read) in times.iter_mut().zip(list("times")?) {
            *times = read.as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
        }
        Ok(Readings { times, kept: list("kept")?.clone() })
    }
}

/// Requests one report: returns its microseconds and its body.
async fn ask(reader: &mut Connection, kind: usize, token: &str) -> anyhow::Result<(u64, Vec<u8>)> {
    let request = get(REPORTS[kind].1, Some(token));
    let started = Instant::now();
    let answer = reader.ask(&request).await?;
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    Ok((micros, answer.granted()?.to_vec()))
}

fn product_code(product: u64) -> String {
    format!("P{product:04}")
}

fn sale_of(product: u64, receipt: &str) -> Value {
    Sale::online_retail(&product_code(product), receipt).payload()
}

fn address(server: &RunningServer) -> anyhow::Result<SocketAddr> {
    Ok(server.url.trim_start_matches("http://").parse()?)
}
