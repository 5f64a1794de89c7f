//! Order under eight writers: a reader that resumes at its position misses nothing, since positions are assigned in commit order.
//! The same reader over a column filled by a sequence does miss rows.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use comptoir_central::{Central, CentralConfig};
use comptoir_test_support::{TestCentral, connect_postgres, post_to};
use serde_json::json;
use tokio::sync::watch;

use crate::pulling::pull;

const WRITERS: usize = 8;
/// Transactions of each writer.
const WRITES: usize = 25;

/// Runs writers and a resuming reader until all have ended and the reader has read once more: what the reader never returned.
pub(crate) async fn missed<W, R>(writers: Vec<W>, mut read: R) -> (usize, BTreeSet<String>)
where
    W: Future<Output = Vec<String>> + Send + 'static,
    R: AsyncFnMut() -> Vec<String>,
{
    let writing: Vec<_> = writers.into_iter().map(tokio::spawn).collect();
    let mut met = BTreeSet::new();
    while writing.iter().any(|writer| !writer.is_finished()) {
        met.extend(read().await);
    }
    met.extend(read().await);
    let mut written = BTreeSet::new();
    for writer in writing {
        written.extend(writer.await.unwrap());
    }
    (written.len(), &written - &met)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pulling_reader_misses_nothing_under_eight_writers_and_two_centrals() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    // A second central on the same database has its own queue: transactions of one tenant overlap.
    let second = Central::start(CentralConfig::external(server.central.urls().clone())).await.unwrap();
    let routers = [server.router.clone(), comptoir_central::router(second.clone())];
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        let (mut node, router) = (company.node().await, routers[number % 2].clone());
        writers.push(async move {
            let mut written = Vec::new();
            for write in 0..WRITES {
                let id = format!("c-{number}-{write}");
                node.seal("CLIENT", &id, "CREATE", &json!({ "name": "Durand" }));
                let from = if write == 0 { 1 } else { node.seq.0 };
                let body = serde_json::to_vec(&node.request(from, node.seq.0)).unwrap();
                post_to(&router, &node.key, "/api/v1/sync/push", body).await.assert_ok();
                written.push(id);
            }
            written
        });
    }
    let reader = company.node().await;
    let mut cursor = None;
    let (written, missed) = missed(writers, async || {
        let mut met = Vec::new();
        loop {
            let page = pull(&server, &reader, cursor.as_deref(), 7).await;
            met.extend(page.changes.into_iter().map(|change| change.key.entity_id));
            cursor = Some(page.cursor);
            if !page.has_more {
                return met;
            }
        }
    })
    .await;
    second.shutdown().await;
    assert_eq!(written, WRITERS * WRITES);
    assert_eq!(missed, BTreeSet::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_reader_over_a_plain_sequence_column_misses_some() {
    let server = TestCentral::new().await;
    let admin = server.admin().await;
    admin.batch_execute("create table plain (seq bigserial primary key, id text not null)").await.unwrap();
    let url = server.central.urls().service.replace("comptoir_service", comptoir_central::private_postgres::ADMIN_ROLE);
    let passed = Arc::new(watch::Sender::new(0i64));
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        let (mut client, mut reader_at) = (connect_postgres(&url).await, passed.subscribe());
        writers.push(async move {
            let mut written = Vec::new();
            for write in 0..WRITES {
                let id = format!("c-{number}-{write}");
                let tx = client.transaction().await.unwrap();
                let sql = "insert into plain (id) values ($1) returning seq";
                let seq: i64 = tx.query_one(sql, &[&id]).await.unwrap().get(0);
                if number == 0 && write == 0 {
                    // A slow commit: the reader has passed its number.
                    reader_at.wait_for(|at| *at > seq).await.unwrap();
                }
                tx.commit().await.unwrap();
                written.push(id);
            }
            written
        });
    }
    let mut at = 0i64;
    let (written, missed) = missed(writers, async || {
        let rows = admin.query("select seq, id from plain where seq > $1 order by seq", &[&at]).await.unwrap();
        at = rows.last().map_or(at, |row| row.get(0));
        passed.send_replace(at);
        rows.iter().map(|row| row.get(1)).collect()
    })
    .await;
    println!("a plain sequence column: {} of {written} were missed", missed.len());
    assert!(missed.contains("c-0-0"), "{missed:?}");
}
