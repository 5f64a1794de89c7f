//! P1: durable sealed appends into the node's log, with 1, 16 and 256 waiting producers, against a plain file.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use comptoir_core::event::{Content, Draft};
use comptoir_core::id::{EventId, Name, NodeId, SiteId, TenantId};
use comptoir_local::event_log::{Environment, Identity, Log, LogConfig};
use comptoir_test_support::events::{Sale, TestEvent as _};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::measure::{Line, interleaved, rate};
use crate::plain_file::{self, PlainFile};

const ROUNDS: usize = 7;

/// The three lines of P1.
pub(crate) fn lines(runtime: &Runtime, folder: &Path) -> anyhow::Result<Vec<Line>> {
    let log = Log::open(LogConfig::new(folder.join("log"), identity()), Environment::system())?;
    let mut lines = Vec::new();
    for (producers, appends, limit) in [(1, 400, 600), (16, 300, 500), (256, 120, 200)] {
        let what = format!("durable appends, {producers} waiting producers : plain file + fdatasync");
        let mut round = 0u32;
        lines.push(interleaved(
            "P1",
            what,
            limit,
            ROUNDS,
            || runtime.block_on(ours(&log, producers, appends)),
            || {
                round += 1;
                let file = PlainFile::create(&folder.join(format!("plain-{producers}-{round}")))?;
                let measured = runtime.block_on(peer(&file, producers, appends));
                file.close()?;
                measured
            },
        )?);
    }
    log.close();
    Ok(lines)
}

fn identity() -> Identity {
    Identity {
        tenant: TenantId::new(Uuid::from_u128(1)),
        site: SiteId::new(Uuid::from_u128(2)),
        node: NodeId::new(Uuid::from_u128(3)),
    }
}

async fn ours(log: &Log, producers: u64, appends: u64) -> anyhow::Result<u64> {
    let started = Instant::now();
    let tasks = (0..producers).map(|_| {
        let log = log.clone();
        tokio::spawn(async move {
            for _ in 0..appends {
                log.append(vec![draft()]).await?;
            }
            anyhow::Ok(())
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await??;
    }
    Ok(rate(producers * appends, started))
}

async fn peer(file: &PlainFile, producers: u64, appends: u64) -> anyhow::Result<u64> {
    // As many bytes as the log stores for one sale.
    let record = Arc::new(vec![7u8; RECORD_BYTES]);
    let started = Instant::now();
    let tasks = (0..producers).map(|_| {
        let (producer, record) = (file.producer(), Arc::clone(&record));
        tokio::spawn(async move {
            for _ in 0..appends {
                plain_file::append(&producer, record.to_vec()).await?;
            }
            anyhow::Ok(())
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await??;
    }
    Ok(rate(producers * appends, started))
}

/// Size of a sealed [`draft`] with its chain.
const RECORD_BYTES: usize = 470;

/// A sale with about 250 bytes of JSON.
pub(crate) fn sale_of_250_bytes() -> Sale {
    let mut sale = Sale::online_retail("85123A", "17850");
    sale.lines[0].description = Some("WHITE HANGING HEART T-LIGHT HOLDER".to_owned());
    sale
}

fn draft() -> Draft {
    let name = |text: &str| Name::new(text).expect("a valid name");
    let (id, sale) = (Uuid::now_v7(), sale_of_250_bytes());
    let payload = sale.payload().to_string().into_bytes();
    Draft {
        id: EventId::new(id),
        occurred_at: None,
        content: Content {
            site: Some(SiteId::new(Uuid::from_u128(2))),
            user: Some(name("u-12")),
            ..Content::new(name(sale.entity_type()), name(&id.to_string()), name(sale.action()), payload)
        },
    }
}
