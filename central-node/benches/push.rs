//! P3: pushes of 5,000 events by 4 nodes of one tenant, and of 4 tenants, beside a raw binary COPY of the same rows into an identical table
//! without row-level security, over as many connections. Both sides take turns; the ratio of each round and their median are printed.
//!
//! `cargo bench -p comptoir-central --bench push [rounds]`. Everything is on: fsync, chain, schemas, rules, strict read models.

#[path = "../tests/central/harness.rs"]
#[expect(dead_code, reason = "a bench needs less of the harness than the tests")]
mod harness;

use std::time::Instant;

use bytes::Bytes;
use comptoir_central::CentralConfig;
use futures_util::{SinkExt as _, StreamExt as _};
use harness::{Node, Scene, connect};
use serde_json::json;

const NODES: usize = 4;
const BATCH: u64 = 5_000;
/// Pushes of each node in a round, one after the other, as a backlog is sent.
const BATCHES: u64 = 4;

/// The same table, its keys and its indexes; no policies, no rights.
const PEER: &str = "drop table if exists peer; create table peer (like event including constraints including indexes)";

fn main() {
    let rounds = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(5);
    if std::env::var_os("TURNS").is_some() {
        tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG).init();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for tenants in [1, NODES] {
        runtime.block_on(measure(tenants, rounds));
    }
}

async fn measure(tenants: usize, rounds: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    // Reports follow the log in a process of their own here: what is measured is what decides.
    let config = CentralConfig { follows: false, ..CentralConfig::private(folder.path()) };
    let scene = Scene::start(config, folder).await;
    let mut nodes = Vec::new();
    for _ in 0..tenants {
        let company = scene.company().await;
        for _ in 0..NODES / tenants {
            nodes.push(company.node().await);
        }
    }
    for node in &mut nodes {
        stock_up(node);
        node.push_all(&scene).await;
    }
    let admin = scene.admin().await;
    admin.batch_execute(PEER).await.expect("a peer table");
    let mut ratios = Vec::new();
    for round in 0..rounds {
        for node in &mut nodes {
            (0..BATCHES * BATCH).for_each(|sale| sell(node, round * BATCHES * BATCH + sale));
        }
        let bodies: Vec<_> = nodes.iter().map(|node| (node.key.clone(), push_bodies(node))).collect();
        let started = Instant::now();
        let pushes = bodies.into_iter().map(|(key, bodies)| {
            let router = scene.router.clone();
            tokio::spawn(async move {
                for body in bodies {
                    let (status, answer) = harness::post(&router, &key, "/api/v1/sync/push", body).await;
                    assert_eq!(status.as_u16(), 200, "{answer}");
                }
            })
        });
        futures_util::future::join_all(pushes).await.into_iter().for_each(|pushed| pushed.expect("a push"));
        let ours = rate(BATCH * BATCHES * NODES as u64, started);
        let mut pieces = Vec::new();
        for node in &nodes {
            let mut batches = Vec::new();
            for batch in 1..=BATCHES {
                batches.push(copy_out(&admin, node, node.seq.0 - batch * BATCH).await);
            }
            pieces.push(batches);
        }
        let urls = scene.central.urls().service.replace("comptoir_service", "comptoir_admin");
        let clients = futures_util::future::join_all((0..NODES).map(|_| connect(&urls))).await;
        let started = Instant::now();
        let copies = clients.into_iter().zip(pieces).map(|(client, piece)| tokio::spawn(copy_in(client, piece)));
        futures_util::future::join_all(copies).await.into_iter().for_each(|copied| copied.expect("a copy"));
        let peer = rate(BATCH * BATCHES * NODES as u64, started);
        let ratio = ours * 1000 / peer;
        println!("{tenants} tenants, round {round}: ours {ours}/s, copy {peer}/s, ratio 0.{ratio:03}");
        ratios.push(ratio);
    }
    ratios.sort_unstable();
    println!("{tenants} tenants: median ratio 0.{:03}", ratios[ratios.len() / 2]);
    scene.central.shutdown().await;
}

fn rate(count: u64, started: Instant) -> u64 {
    let nanos = started.elapsed().as_nanos().max(1);
    u64::try_from(u128::from(count) * 1_000_000_000 / nanos).unwrap_or(u64::MAX)
}

/// Goods in stock, so that sales take from lots.
fn stock_up(node: &mut Node) {
    let line = |product: u64| json!({ "product": format!("P{product}"), "quantity": "100000", "unit_cost": "1.25" });
    let lines: Vec<_> = (0..1_000).map(line).collect();
    node.seal("RECEPTION", "first", "GOODS_RECEIVED", &json!({ "lines": lines }));
}

/// A sale of two lines: some 250 bytes of JSON.
fn sell(node: &mut Node, number: u64) {
    let line = |product: u64| json!({ "product": format!("P{}", product % 1_000), "quantity": "2", "unit_price": "2.55", "vat_rate": "20" });
    let payload = json!({
        "currency": "EUR", "total_minor": 1_020, "receipt_no": format!("T-{number}"),
        "lines": [line(number), line(number * 7 + 3)],
    });
    node.seal("SALE", &format!("{}-{number}", &node.node.to_string()[24..]), "SALE_RECORDED", &payload);
}

fn push_bodies(node: &Node) -> Vec<Vec<u8>> {
    let first = node.seq.0 - BATCHES * BATCH + 1;
    let request = |batch| node.request(first + batch * BATCH, first + (batch + 1) * BATCH - 1);
    (0..BATCHES).map(|batch| serde_json::to_vec(&request(batch)).expect("a request is JSON")).collect()
}

async fn copy_out(admin: &tokio_postgres::Client, node: &Node, after: u64) -> Vec<Bytes> {
    let sql = format!(
        "copy (select * from event where tenant_id = '{}' and node_id = '{}' and node_seq > {after} and node_seq <= {})
         to stdout (format binary)",
        node.tenant,
        node.node,
        after + BATCH
    );
    let mut stream = Box::pin(admin.copy_out(&sql).await.expect("a copy"));
    let mut pieces = Vec::new();
    while let Some(piece) = stream.next().await {
        pieces.push(piece.expect("a piece"));
    }
    // As a client would send them: not one small message per row.
    let mut joined = Vec::new();
    let mut large = Vec::new();
    for piece in pieces {
        large.extend_from_slice(&piece);
        if large.len() > 256 * 1024 {
            joined.push(Bytes::from(std::mem::take(&mut large)));
        }
    }
    joined.push(Bytes::from(large));
    joined
}

/// Each batch is a transaction of its own, as each push is.
async fn copy_in(client: tokio_postgres::Client, batches: Vec<Vec<Bytes>>) {
    for pieces in batches {
        let mut sink = Box::pin(client.copy_in("copy peer from stdin (format binary)").await.expect("a copy"));
        for piece in pieces {
            sink.send(piece).await.expect("a piece");
        }
        sink.as_mut().finish().await.expect("a commit");
    }
}
