//! P3: pushes of 5,000-event batches by 4 nodes, of one tenant and of 4 tenants, against raw binary COPY of the same rows into
//! an identical table without row-level security, over as many connections. P5: a rebuild of every projection, against an
//! ordered COPY OUT of the log. A push waits for the log, its chains, the rules and the read models that decide; those are
//! measured alone. Reports follow the log later. The lines with "reports alongside" let them catch up on the same two cores.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use comptoir_central::identity;
use comptoir_central::private_postgres::ADMIN_ROLE;
use comptoir_central::projections::rebuild::rebuild;
use comptoir_central::projections::switch::drop_version;
use comptoir_central::projections::{PageSize, Projection};
use comptoir_central::{Central, CentralConfig};
use comptoir_core::id::TenantId;
use comptoir_core::limits::{PUSH_BODY_BYTES_MAX, PUSH_RECORDS_MAX};
use comptoir_test_support::events::Sale;
use comptoir_test_support::{SealedLog, let_others_enter, new_tenant};
use futures_util::{StreamExt as _, pin_mut};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::measure::{Line, interleaved, rate};

const NODES: usize = 4;
const ROUNDS: usize = 5;
const EVENTS_A_ROUND: u64 = (NODES * PUSH_RECORDS_MAX) as u64;

struct Pusher {
    tenant: TenantId,
    node: SealedLog,
}

struct Bench {
    central: Arc<Central>,
    address: SocketAddr,
    http: reqwest::Client,
    copiers: Vec<Client>,
}

/// The lines of P3.
pub(crate) fn lines(runtime: &Runtime, folder: &Path) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (name, follows) in [("pushed", false), ("followed", true)] {
        lines.extend(push_lines(runtime, &folder.join(name), follows)?);
    }
    Ok(lines)
}

fn push_lines(runtime: &Runtime, folder: &Path, follows: bool) -> anyhow::Result<Vec<Line>> {
    let bench = runtime.block_on(Bench::start(folder, follows))?;
    let mut lines = Vec::new();
    for (tenants, limit) in [(1, 500), (NODES, 600)] {
        let mut pushers = runtime.block_on(bench.pushers(tenants))?;
        // The first push opens each epoch and warms every cache.
        runtime.block_on(bench.push(&mut pushers))?;
        let rows = std::cell::RefCell::new(runtime.block_on(bench.rows(&pushers))?);
        let reports = if follows { ", reports alongside" } else { "" };
        let what = format!("push of 5,000, 4 nodes of {tenants} tenant(s){reports} : COPY without row-level security");
        lines.push(interleaved(
            "P3",
            what,
            limit,
            ROUNDS,
            || {
                let measured = runtime.block_on(bench.push(&mut pushers))?;
                *rows.borrow_mut() = runtime.block_on(bench.rows(&pushers))?;
                Ok(measured)
            },
            || runtime.block_on(bench.copy(&rows.borrow())),
        )?);
    }
    runtime.block_on(bench.central.shutdown());
    Ok(lines)
}

/// The line of P5.
pub(crate) fn rebuild_line(runtime: &Runtime, folder: &Path) -> anyhow::Result<Vec<Line>> {
    let bench = runtime.block_on(Bench::start(&folder.join("central"), false))?;
    let mut pushers = runtime.block_on(bench.pushers(1))?;
    const PUSHES: u64 = 50;
    for _ in 0..PUSHES {
        runtime.block_on(bench.push(&mut pushers))?;
    }
    let (tenant, events) = (pushers[0].tenant, PUSHES * EVENTS_A_ROUND);
    let what = format!("rebuild of all projections from {events} events : ordered COPY OUT");
    let line = interleaved(
        "P5",
        what,
        500,
        3,
        || runtime.block_on(bench.rebuild(tenant, events)),
        || runtime.block_on(bench.copy_out(tenant, events)),
    )?;
    runtime.block_on(bench.central.shutdown());
    Ok(vec![line])
}

impl Bench {
    async fn start(data_dir: &Path, follows: bool) -> anyhow::Result<Bench> {
        let folder = data_dir.parent().context("the bench has a folder of its own")?;
        let_others_enter(folder);
        let central = Central::start(CentralConfig { follows, ..CentralConfig::private(data_dir) }).await?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let app = comptoir_central::router(Arc::clone(&central));
        tokio::spawn(async move { axum::serve(listener, app.into_make_service()).await });
        let admin = central.urls().service.replace("comptoir_service", ADMIN_ROLE);
        let mut copiers = Vec::new();
        for _ in 0..NODES {
            let (client, connection) = tokio_postgres::connect(&admin, NoTls).await?;
            tokio::spawn(connection);
            copiers.push(client);
        }
        copiers[0].batch_execute("create table event_copy (like event including all)").await?;
        Ok(Bench { central, address, http: reqwest::Client::new(), copiers })
    }

    async fn pushers(&self, tenants: usize) -> anyhow::Result<Vec<Pusher>> {
        let db = self.central.database();
        let mut pushers = Vec::new();
        let mut tenant = None;
        for number in 0..NODES {
            let id = match tenant {
                Some(id) if tenants == 1 => id,
                _ => self.central.create_tenant(&new_tenant(&format!("bench {number}"))).await?,
            };
            tenant = Some(id);
            let site = identity::create_site(db, id, &format!("S{number}"), "bench").await?;
            let node = identity::create_node(db, id, site, "bench").await?;
            let key = identity::issue_node_key(db, id, node, "bench").await?.text;
            pushers.push(Pusher { tenant: id, node: SealedLog::new(id, site, node, key) });
        }
        Ok(pushers)
    }

    /// Every node pushes one batch, all at the same time.
    async fn push(&self, pushers: &mut [Pusher]) -> anyhow::Result<u64> {
        let url = format!("http://{}/api/v1/sync/push", self.address);
        let mut requests = Vec::new();
        for pusher in pushers {
            while pusher.node.records.len() < PUSH_RECORDS_MAX {
                let id = Uuid::now_v7().to_string();
                pusher.node.record(&id, &busy_sale(&id));
            }
            let body = serde_json::to_vec(&pusher.node.take_push())?;
            anyhow::ensure!(body.len() <= PUSH_BODY_BYTES_MAX, "a batch of {} bytes", body.len());
            let request = self.http.post(&url).bearer_auth(&pusher.node.key).header("content-type", "application/json");
            requests.push(request.body(body));
        }
        let started = Instant::now();
        let tasks: Vec<_> = requests.into_iter().map(|request| tokio::spawn(request.send())).collect();
        for task in tasks {
            let answer = task.await??;
            anyhow::ensure!(answer.status().is_success(), "{}", answer.text().await?);
            answer.bytes().await?;
        }
        Ok(rate(EVENTS_A_ROUND, started))
    }

    /// The rows of each node's last push, as COPY reads and writes them.
    async fn rows(&self, pushers: &[Pusher]) -> anyhow::Result<Vec<Vec<u8>>> {
        let mut all = Vec::new();
        for pusher in pushers {
            let node = pusher.node.node;
            let sql = format!(
                "copy (select * from event where tenant_id = '{}' and node_id = '{node}' order by node_seq desc limit {PUSH_RECORDS_MAX})
                 to stdout (format binary)",
                pusher.tenant
            );
            let stream = self.copiers[0].copy_out(&sql).await?;
            pin_mut!(stream);
            let mut bytes = Vec::new();
            while let Some(chunk) = stream.next().await {
                bytes.extend_from_slice(&chunk?);
            }
            all.push(bytes);
        }
        Ok(all)
    }

    /// The same rows by COPY, with one connection and one commit per node, as in a push.
    async fn copy(&self, rows: &[Vec<u8>]) -> anyhow::Result<u64> {
        self.copiers[0].batch_execute("truncate event_copy").await?;
        let bodies: Vec<_> = rows.iter().map(|bytes| bytes::Bytes::from(bytes.clone())).collect();
        let started = Instant::now();
        let copies = self.copiers.iter().zip(bodies).map(|(client, bytes)| copy_in(client, bytes));
        futures_util::future::try_join_all(copies).await?;
        Ok(rate(EVENTS_A_ROUND, started))
    }

    async fn rebuild(&self, tenant: TenantId, events: u64) -> anyhow::Result<u64> {
        let db = self.central.database();
        let started = Instant::now();
        let built = rebuild(db, tenant, &Projection::ALL, PageSize::REBUILT, |_| {}).await?;
        let measured = rate(events, started);
        for version in built {
            drop_version(db, tenant, version).await?;
        }
        Ok(measured)
    }

    async fn copy_out(&self, tenant: TenantId, events: u64) -> anyhow::Result<u64> {
        let sql = format!(
            "copy (select * from event where tenant_id = '{tenant}' order by position) to stdout (format binary)"
        );
        let started = Instant::now();
        let stream = self.copiers[0].copy_out(&sql).await?;
        pin_mut!(stream);
        while let Some(chunk) = stream.next().await {
            chunk?;
        }
        Ok(rate(events, started))
    }
}

async fn copy_in(client: &Client, bytes: bytes::Bytes) -> anyhow::Result<()> {
    use futures_util::SinkExt as _;
    let sink = client.copy_in("copy event_copy from stdin (format binary)").await?;
    pin_mut!(sink);
    sink.send(bytes).await?;
    sink.finish().await?;
    Ok(())
}

/// One of a hundred products, so that stock rows are contended as in a shop.
fn busy_sale(id: &str) -> Sale {
    let product = format!("P{}", id.as_bytes().iter().map(|byte| u32::from(*byte)).sum::<u32>() % 100);
    let mut sale = Sale::online_retail(&product, id);
    sale.lines[0].description = Some("WHITE HANGING HEART T-LIGHT HOLDER".to_owned());
    sale
}
