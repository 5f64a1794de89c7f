//! The burst writer on the real log, and the independent reader of what it left.
//!
//! `crash-log write DIR FIRST LEDGER` first resends the newest acknowledged events of the ledger, which must be answered as
//! duplicates, and unacknowledged lists of the previous round, each of which must be a duplicate or new as a whole. Then many
//! producers append lists of events from number FIRST on, and each acknowledgement goes to standard output. `crash-log check
//! DIR LEDGER` opens the log as a restart would, closes it, and reads the store with its own code.

mod reader;

use std::collections::{BTreeSet, HashMap};
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, bail, ensure};
use comptoir_core::event::{Content, Draft};
use comptoir_core::id::{EventId, Name, NodeId, SiteId, TenantId};
use comptoir_core::time::Timestamp;
use comptoir_local::event_log::{AppendError, Appended, Check, Environment, Identity, Log, LogConfig, State};
use comptoir_tests::crash_ledger::{self as ledger, Ack, Acknowledged, OPENED};
use uuid::Uuid;

/// Producers that append concurrently.
const PRODUCERS: usize = 64;
/// Acknowledged events that are resent after a restart.
const SENT_AGAIN: usize = 200;
/// Unacknowledged lists this close to the newest acknowledged one are resent after a restart.
const LISTS_BEFORE: u64 = 32;
const LISTS_AFTER: u64 = 8;
/// The distance between the first numbers of two lists.
const LIST_STEP: u64 = 100;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["write", dir, first, ledger] => write(Path::new(dir), first, Path::new(ledger)),
        ["check", dir, ledger] => check(Path::new(dir), Path::new(ledger)),
        _ => Err(anyhow::anyhow!("crash-log write DIR FIRST LEDGER | check DIR LEDGER")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("crash-log: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn open(dir: &Path) -> anyhow::Result<Log> {
    let identity = Identity {
        tenant: TenantId::new(Uuid::from_u128(1)),
        site: SiteId::new(Uuid::from_u128(2)),
        node: NodeId::new(Uuid::from_u128(3)),
    };
    Ok(Log::open(LogConfig::new(dir.join("node"), identity), Environment::system())?)
}

fn write(dir: &Path, first: &str, ledger: &Path) -> anyhow::Result<()> {
    let first: u64 = first.parse().context("FIRST is a number")?;
    let log = open(dir)?;
    eprint!("{OPENED}");
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let acknowledged = Acknowledged::read(ledger)?;
        send_again(&log, &acknowledged.received).await?;
        retry_unheard(&log, first, &acknowledged).await?;
        let next = Arc::new(AtomicU64::new(first));
        let mut producers: Vec<_> = (0..PRODUCERS).map(|_| tokio::spawn(produce(log.clone(), next.clone()))).collect();
        // They run until the process is killed or the disk fails.
        producers.remove(0).await?
    })
}

async fn send_again(log: &Log, acks: &[Ack]) -> anyhow::Result<()> {
    for ack in &acks[acks.len().saturating_sub(SENT_AGAIN)..] {
        let again = log.append(vec![draft(ack.number, ack.list, ack.of)]).await?;
        let same = again.len() == 1 && again[0].seq.0 == ack.seq && again[0].chain.0 == ack.chain;
        ensure!(same && again[0].duplicate, "{ack:?} was resent and answered {again:?}");
    }
    Ok(())
}

/// An unacknowledged list may be on the disk as a whole or not at all. If it is there, it is where a late acknowledgement says.
async fn retry_unheard(log: &Log, first: u64, acknowledged: &Acknowledged) -> anyhow::Result<()> {
    let late: HashMap<u64, &Ack> = acknowledged.late.iter().map(|ack| (ack.number, ack)).collect();
    let retries = unheard_lists(first, acknowledged).into_iter().map(async |list| -> anyhow::Result<()> {
        let of = ledger::list_len(list);
        let again = append(log, drafts(list, of)).await?;
        let whole = again.iter().all(|event| event.duplicate == again[0].duplicate);
        let same = again.iter().zip(list..).filter(|(event, _)| event.duplicate).all(|(event, number)| {
            late.get(&number).is_none_or(|ack| event.seq.0 == ack.seq && event.chain.0 == ack.chain)
        });
        ensure!(whole && same, "a retry of list {list}, unacknowledged before, was answered {again:?}; late: {late:?}");
        acknowledge(&again, list, of)
    });
    futures_util::future::try_join_all(retries).await.map(drop)
}

/// Lists that the previous round may have been writing when it ended: late acknowledged ones, and those near the newest one.
fn unheard_lists(first: u64, acknowledged: &Acknowledged) -> BTreeSet<u64> {
    let round_before = first.saturating_sub(ledger::ROUND_STEP);
    let received: BTreeSet<u64> = acknowledged.received.iter().map(|ack| ack.list).collect();
    let late = acknowledged.late.iter().map(|ack| ack.list);
    let newest = received.iter().copied().chain(late.clone()).max().unwrap_or_default().max(round_before);
    let oldest = newest.saturating_sub(LISTS_BEFORE * LIST_STEP).max(round_before);
    let around = (oldest..newest + LISTS_AFTER * LIST_STEP).step_by(LIST_STEP as usize);
    late.chain(around).filter(|list| !received.contains(list)).collect()
}

async fn produce(log: Log, next: Arc<AtomicU64>) -> anyhow::Result<()> {
    loop {
        let list = next.fetch_add(LIST_STEP, Ordering::Relaxed);
        let of = ledger::list_len(list);
        let appended = append(&log, drafts(list, of)).await?;
        acknowledge(&appended, list, of)?;
        if list.is_multiple_of(1_000) {
            let again = append(&log, drafts(list, of)).await?;
            let same =
                again.iter().zip(&appended).all(|(again, first)| *again == Appended { duplicate: true, ..*first });
            ensure!(same && again.len() == appended.len(), "a retry of {appended:?} was answered {again:?}");
        }
    }
}

async fn append(log: &Log, drafts: Vec<Draft>) -> anyhow::Result<Vec<Appended>> {
    loop {
        match log.append(drafts.clone()).await {
            Err(AppendError::Busy { .. }) => tokio::task::yield_now().await,
            answer => return Ok(answer?),
        }
    }
}

fn acknowledge(appended: &[Appended], list: u64, of: u32) -> anyhow::Result<()> {
    let ack = |(appended, number): (&Appended, u64)| {
        Ack { seq: appended.seq.0, number, list, of, chain: appended.chain.0 }.bytes()
    };
    let bytes: Vec<u8> = appended.iter().zip(list..).flat_map(ack).collect();
    // One lock for the whole list, so that the lists of two producers do not mix.
    std::io::stdout().lock().write_all(&bytes)?;
    Ok(std::io::stdout().flush()?)
}

fn drafts(list: u64, of: u32) -> Vec<Draft> {
    (list..list + u64::from(of)).map(|number| draft(number, list, of)).collect()
}

fn draft(number: u64, list: u64, of: u32) -> Draft {
    let name = |text: &str| Name::new(text).expect("a short word is a name");
    let content = Content {
        site: Some(SiteId::new(Uuid::from_u128(2))),
        user: Some(name("u-1")),
        ..Content::new(
            name("SALE"),
            name(&format!("sale-{number}")),
            name("SALE_RECORDED"),
            ledger::payload(number, list, of),
        )
    };
    Draft { id: EventId::from_bytes(reader::event_id(number)), occurred_at: Some(Timestamp(number as i64)), content }
}

fn check(dir: &Path, ledger: &Path) -> anyhow::Result<()> {
    let log = open(dir)?;
    let status = loop {
        let status = log.status();
        match status.check {
            Check::Running { .. } => std::thread::yield_now(),
            Check::Clean { .. } | Check::Found(_) | Check::Stopped => break status,
        }
    };
    if let State::Damaged(finding) = status.state {
        bail!("the log says: {finding}");
    }
    drop(log);
    let found = reader::read(&dir.join("node").join("log"), &Acknowledged::read(ledger)?)?;
    println!("{found}");
    Ok(())
}
