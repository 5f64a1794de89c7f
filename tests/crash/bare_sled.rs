//! The same burst on sled as it is shipped: batches of at most 256 entries, `flush()` after each group, then the acknowledgement.
//!
//! This binary must not link `durable-sys`, so it names neither the log nor the harness. It shows what the harness finds where
//! `flush()` does not reach the disk.

pub mod ledger;

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use ledger::{Ack, Acknowledged, Found, OPENED};

/// Lists of one group.
const GROUP: u64 = 16;

fn main() -> ExitCode {
    ledger::run_program("crash-bare-sled", write, check)
}

fn open(dir: &Path) -> anyhow::Result<sled::Db> {
    let store = dir.join("bare");
    // sled refuses to open with a half-written snapshot. That is not what this control measures, so the snapshot is removed.
    for file in std::fs::read_dir(&store).into_iter().flatten().flatten() {
        if file.file_name().to_string_lossy().ends_with(".generating") {
            std::fs::remove_file(file.path())?;
        }
    }
    let db = sled::Config::new().path(&store).cache_capacity(48 * 1024 * 1024).open().context("sled does not open")?;
    // sled never syncs the directories that name its files. That is not what this control measures either: only `flush()` is.
    for name in [store.join("db"), store.clone(), dir.to_owned()] {
        std::fs::File::open(name)?.sync_all()?;
    }
    Ok(db)
}

fn write(dir: &Path, first: &str) -> anyhow::Result<()> {
    let db = open(dir)?;
    eprint!("{OPENED}");
    let mut next: u64 = first.parse().context("FIRST is a number")?;
    loop {
        let mut acks = Vec::new();
        for list in (0..GROUP).map(|nth| next + 100 * nth) {
            let of = ledger::list_len(list);
            let mut batch = sled::Batch::default();
            for number in list..list + u64::from(of) {
                let value = value(number, list, of);
                acks.extend_from_slice(&Ack { seq: 0, number, list, of, chain: hash(&value) }.bytes());
                batch.insert(&number.to_be_bytes(), value);
            }
            db.apply_batch(batch)?;
        }
        next += 100 * GROUP;
        db.flush()?;
        std::io::stdout().lock().write_all(&acks)?;
    }
}

/// Not larger than one part of a log page: sled never syncs larger values.
fn value(number: u64, list: u64, of: u32) -> Vec<u8> {
    let mut value = ledger::payload(number, list, of);
    value.truncate(4096);
    value
}

fn hash(value: &[u8]) -> [u8; 32] {
    blake3::hash(value).into()
}

fn check(dir: &Path, ledger: &Path) -> anyhow::Result<()> {
    let acknowledged = Acknowledged::read(ledger)?;
    let db = open(dir)?;
    let mut found = Found::default();
    let mut lists: HashMap<u64, u32> = HashMap::new();
    for row in db.iter() {
        let (key, value) = row?;
        let number = u64::from_be_bytes(key.as_ref().try_into()?);
        let list = number - number % 100;
        found.broken += u64::from(value != self::value(number, list, ledger::list_len(list)));
        found.records += 1;
        *lists.entry(list).or_default() += 1;
    }
    found.torn = lists.iter().filter(|(list, there)| ledger::list_len(**list) != **there).count() as u64;
    let missing = |acks: &[Ack]| -> sled::Result<u64> {
        let mut missing = 0;
        for ack in acks {
            let there = db.get(ack.number.to_be_bytes())?.is_some_and(|value| hash(&value) == ack.chain);
            missing += u64::from(!there);
        }
        Ok(missing)
    };
    found.lost = missing(&acknowledged.received)?;
    found.late_missing = missing(&acknowledged.late)?;
    println!("{found}");
    Ok(())
}
