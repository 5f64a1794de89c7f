//! P11: a thousand idle nodes against none: central's share of a core, alone and with its Postgres, and its peak memory.
//! Central is the shipped binary on its own Postgres. Each node has its own credential and connections and does what an idle
//! sync agent does: a pull that central holds for 30 seconds, and once in that time a status request on a new connection. The
//! nodes are simulated, since a thousand logs would be measured instead of central.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use comptoir_central::database::{Database, NAME, Urls};
use comptoir_central::{identity, private_postgres};
use comptoir_core::id::{SiteId, TenantId};
use comptoir_proto::paths;
use comptoir_proto::pull_v1::PullResponse;
use comptoir_test_support::RunningTenant;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::connection::{Connection, get};
use crate::measure::{Limit, Line, thousandths};
use crate::process::{cpu_micros, cpu_micros_of_children, forget_memory_peak, memory_peak_kib};

pub(crate) struct Size {
    pub(crate) nodes: u64,
    /// Seconds that central may hold one pull.
    pub(crate) wait_seconds: u64,
    /// Counted pulls of each node.
    pub(crate) pulls: u64,
    /// How long central is watched without any node.
    pub(crate) idle: Duration,
    pub(crate) rounds: usize,
}

/// The most of a core, in thousandths.
const CORE_LIMIT: u64 = 50;
const MEMORY_LIMIT_KIB: u64 = 100 * 1024;

/// What central used while it was watched.
#[derive(Clone, Copy, Debug)]
struct Cost {
    elapsed: Duration,
    /// Microseconds of central, alone and with its Postgres.
    cpu: (u64, u64),
    memory_kib: u64,
}

impl Cost {
    fn a_second(&self, micros: u64) -> u64 {
        micros * 1000 / u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX).max(1)
    }
}

/// The lines of P11.
pub(crate) fn lines(runtime: &Runtime, size: &Size) -> anyhow::Result<Vec<Line>> {
    let fixture = runtime.block_on(Fixture::open(size.nodes))?;
    let (mut none, mut connected) = (Vec::new(), Vec::new());
    for _ in 0..size.rounds {
        let watched = fixture.watch()?;
        std::thread::sleep(size.idle);
        none.push(watched.cost()?);
        connected.push(runtime.block_on(fixture.with_quiet_nodes(size))?);
    }
    let line = |of: &str, limit, unit, figures: fn(&Cost) -> (u64, u64)| {
        let idle = Line::of_rounds("P11", "", limit, unit, &none.iter().map(figures).collect::<Vec<_>>()).ratio.1;
        let what = format!("{of}, {} quiet nodes (none: {})", size.nodes, thousandths(idle));
        Line::of_rounds("P11", what, limit, unit, &connected.iter().map(figures).collect::<Vec<_>>())
    };
    let (core, memory) = (Limit::AtMost(CORE_LIMIT), Limit::AtMost(1_000));
    Ok(vec![
        line("central : a core", core, " us/s", |cost| (cost.a_second(cost.cpu.0), 1_000_000)),
        line("central and its Postgres : a core", core, " us/s", |cost| (cost.a_second(cost.cpu.1), 1_000_000)),
        line("memory of central : 100 MiB", memory, " KiB", |cost| (cost.memory_kib, MEMORY_LIMIT_KIB)),
    ])
}

/// Central as a process, and the credentials of its nodes.
struct Fixture {
    company: RunningTenant,
    server: SocketAddr,
    keys: Vec<String>,
}

/// Central's usage when the watch began.
struct Watched {
    pid: u32,
    started: Instant,
    cpu: (u64, u64),
}

impl Watched {
    fn cost(&self) -> anyhow::Result<Cost> {
        let (own, all) = used(self.pid)?;
        let cpu = (own - self.cpu.0, all.saturating_sub(self.cpu.1));
        Ok(Cost { elapsed: self.started.elapsed(), cpu, memory_kib: memory_peak_kib(self.pid)? })
    }
}

fn used(pid: u32) -> anyhow::Result<(u64, u64)> {
    let own = cpu_micros(pid)?;
    Ok((own, own + cpu_micros_of_children(pid)?))
}

impl Fixture {
    async fn open(nodes: u64) -> anyhow::Result<Fixture> {
        let company = RunningTenant::new("Europe/Paris", "EUR");
        let server = company.central.url.trim_start_matches("http://").parse()?;
        let (tenant, site) = (TenantId::new(company.tenant.parse()?), SiteId::new(company.site("LYO").parse()?));
        // A thousand commands would take minutes, so this calls their functions on the same database.
        let url = |role| private_postgres::connection_string_of(&company.path("central"), role, NAME);
        let urls = Urls {
            service: url("comptoir_service")?,
            migrator: url("comptoir_migrator")?,
            watcher: url("comptoir_watcher")?,
            readonly: url("comptoir_readonly")?,
        };
        let db = Database::connect(&urls).await?;
        let mut keys = Vec::new();
        for number in 0..nodes {
            let name = format!("till {number}");
            let node = identity::create_node(&db, tenant, site, &name).await?;
            keys.push(identity::issue_node_key(&db, tenant, node, &name).await?.text);
        }
        db.close();
        Ok(Fixture { company, server, keys })
    }

    fn watch(&self) -> anyhow::Result<Watched> {
        let pid = self.company.central.pid();
        forget_memory_peak(pid)?;
        Ok(Watched { pid, started: Instant::now(), cpu: used(pid)? })
    }

    /// What central uses while all nodes wait: from each node's first answered pull until `pulls` more were answered.
    async fn with_quiet_nodes(&self, size: &Size) -> anyhow::Result<Cost> {
        let (answered, mut answers) = watch::channel(0u64);
        let answered = Arc::new(answered);
        let mut nodes = JoinSet::new();
        for (number, key) in (0..).zip(&self.keys) {
            let node = QuietNode { server: self.server, key: key.clone(), wait_seconds: size.wait_seconds };
            // The nodes start one after another, so their pulls end spread over the hold time.
            nodes.spawn(node.wait_for_nothing(1 + number % size.wait_seconds, Arc::clone(&answered)));
        }
        let mut watched: Option<Watched> = None;
        for pulls in [size.nodes, size.nodes * (1 + size.pulls)] {
            tokio::select! {
                reached = answers.wait_for(|answered| *answered >= pulls) => { reached?; }
                Some(ended) = nodes.join_next() => ended??,
            }
            watched = Some(match watched {
                None => self.watch()?,
                Some(watched) => return watched.cost(),
            });
        }
        anyhow::bail!("nothing was watched")
    }
}

struct QuietNode {
    server: SocketAddr,
    key: String,
    wait_seconds: u64,
}

impl QuietNode {
    /// Pulls forever; an error if central sends any change.
    async fn wait_for_nothing(self, first_wait: u64, answered: Arc<watch::Sender<u64>>) -> anyhow::Result<()> {
        let mut connection = Connection::open(self.server).await?;
        let first = self.pull(&mut connection, "limit=5000").await?;
        let mut cursor = first.cursor;
        let mut wait = first_wait;
        loop {
            let page = self.pull(&mut connection, &format!("limit=5000&wait={wait}&cursor={cursor}")).await?;
            ensure!(page.changes.is_empty() && page.notices.is_empty() && page.rulebook.is_none(), "{page:?}");
            (cursor, wait) = (page.cursor, self.wait_seconds);
            let mut status = Connection::open(self.server).await?;
            status.ask(&get(paths::SYNC_STATUS, Some(&self.key))).await?.granted()?;
            answered.send_modify(|answered| *answered += 1);
        }
    }

    async fn pull(&self, connection: &mut Connection, query: &str) -> anyhow::Result<PullResponse> {
        let request = get(&format!("{}?{query}", paths::SYNC_PULL), Some(&self.key));
        let answer = connection.ask(&request).await?;
        serde_json::from_slice(answer.granted()?).context("an answer to a pull")
    }
}
