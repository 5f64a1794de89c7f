//! P9: from an append on one node to its row on another, through central, over loopback with the shipped binary, against one
//! durable append (write and fdatasync of as many bytes) plus one commit (a row into central's own Postgres).

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use anyhow::ensure;
use comptoir_central::database::NAME;
use comptoir_central::private_postgres::{ADMIN_ROLE, connection_string_of};
use comptoir_proto::paths;
use comptoir_test_support::RunningTenant;
use comptoir_test_support::processes::RunningServer;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, Statement};
use uuid::Uuid;

use crate::connection::{Connection, get, post};
use crate::measure::{Limit, Line};

pub(crate) struct Size {
    /// Events per round.
    pub(crate) events: usize,
    pub(crate) rounds: usize,
}

/// The bytes of a sealed record with about 250 bytes of JSON.
const RECORD_BYTES: usize = 470;
const LIMIT: Limit = Limit::AtMost(10_000);

/// The lines of P9.
pub(crate) fn lines(runtime: &Runtime, folder: &Path, size: &Size) -> anyhow::Result<Vec<Line>> {
    runtime.block_on(async {
        let mut pair = Pair::open(folder).await?;
        pair.round(size.events / 4).await?;
        let (mut middle, mut slow) = (Vec::new(), Vec::new());
        for _ in 0..size.rounds {
            let (ours, peer) = pair.round(size.events).await?;
            middle.push((ours[ours.len() / 2], peer[peer.len() / 2]));
            slow.push((ours[ours.len() * 99 / 100], peer[peer.len() * 99 / 100]));
        }
        let what = |part: &str| format!("append on one node to visible on another, {part} : append + commit");
        Ok(vec![
            Line::of_rounds("P9", what("p50"), LIMIT, " us", &middle),
            Line::of_rounds("P9", what("p99"), LIMIT, " us", &slow),
        ])
    })
}

/// Central and two shops.
struct Pair {
    /// The connection that appends, and the one that watches for the row.
    here: Connection,
    there: Connection,
    /// The nodes' keys, in the same order.
    keys: [String; 2],
    file: File,
    postgres: Client,
    insert: Statement,
    _running: (RunningTenant, [RunningServer; 2]),
}

impl Pair {
    async fn open(folder: &Path) -> anyhow::Result<Pair> {
        let company = RunningTenant::new("Europe/Paris", "EUR");
        let node = |name: &str| {
            let issued = company.issue_node(&company.site(name), name);
            RunningServer::node_asking_every(30, &company.path(name), &issued, &company.central.url)
        };
        let nodes = [node("LYO"), node("NCE")];
        let (here, there) =
            (Connection::open(address(&nodes[0])?).await?, Connection::open(address(&nodes[1])?).await?);
        let url = connection_string_of(&company.path("central"), ADMIN_ROLE, NAME)?;
        let (postgres, connection) = tokio_postgres::connect(&url, NoTls).await?;
        tokio::spawn(connection);
        postgres.batch_execute("create table one_commit (id uuid primary key, record bytea not null)").await?;
        let insert = postgres.prepare("insert into one_commit values ($1, $2)").await?;
        let file = File::create(folder.join("appended"))?;
        Ok(Pair {
            keys: [nodes[0].key(), nodes[1].key()],
            here,
            there,
            file,
            postgres,
            insert,
            _running: (company, nodes),
        })
    }

    /// Microseconds from the request until the row is visible, and those of one append and one commit, both sorted.
    async fn round(&mut self, events: usize) -> anyhow::Result<(Vec<u64>, Vec<u64>)> {
        let (mut ours, mut peer) = (Vec::new(), Vec::new());
        for _ in 0..events {
            ours.push(self.until_visible().await?);
            peer.push(self.append_and_commit().await?);
        }
        ours.sort_unstable();
        peer.sort_unstable();
        Ok((ours, peer))
    }

    async fn until_visible(&mut self) -> anyhow::Result<u64> {
        let id = Uuid::now_v7().to_string();
        let fields = json!({"name": "WHITE HANGING HEART T-LIGHT HOLDER", "town": "Lyon", "note": "x".repeat(200)});
        let client = json!({"id": id, "entity_id": id, "fields": fields}).to_string();
        let shown = get(&format!("/api/v1/entities/CLIENT/{id}"), Some(&self.keys[1]));
        let started = Instant::now();
        self.here.ask(&post(paths::CLIENTS, Some(&self.keys[0]), &client)).await?.granted()?;
        loop {
            let answer = self.there.ask(&shown).await?;
            if answer.status == 200 {
                return Ok(micros(started));
            }
            ensure!(answer.status == 404, "{answer:?}");
            // Polling takes processor time from the processes under measurement.
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn append_and_commit(&mut self) -> anyhow::Result<u64> {
        let record = vec![7u8; RECORD_BYTES];
        let started = Instant::now();
        self.file.write_all(&record)?;
        self.file.sync_data()?;
        self.postgres.execute(&self.insert, &[&Uuid::now_v7(), &record]).await?;
        Ok(micros(started))
    }
}

/// The pause between two polls of the other node.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(1);

fn address(server: &RunningServer) -> anyhow::Result<SocketAddr> {
    Ok(server.url.trim_start_matches("http://").parse()?)
}

fn micros(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX)
}
