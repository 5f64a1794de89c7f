//! Reads the log's store without the log's code: pages, records and chain by their specifications, directly from sled.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use comptoir_tests::crash_ledger::{Ack, Acknowledged, Found, payload};

pub(crate) fn event_id(number: u64) -> [u8; 16] {
    *uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, &number.to_le_bytes()).as_bytes()
}

/// One record and its place in the log.
struct Record {
    seq: u64,
    chain: [u8; 32],
    bytes: Vec<u8>,
}

/// Compares what is in the store with what was acknowledged.
pub(crate) fn read(store: &Path, acknowledged: &Acknowledged) -> anyhow::Result<Found> {
    let records = records(store)?;
    let mut found = Found { records: records.len() as u64, ..Found::default() };
    found.broken = records.iter().zip(1..).filter(|(record, seq)| record.seq != *seq).count() as u64;

    let mut seen = HashSet::new();
    found.duplicated = records.iter().filter(|record| !seen.insert(record.event_id())).count() as u64;

    let intact = |ack: &Ack| {
        let record = ack.seq.checked_sub(1).and_then(|at| records.get(usize::try_from(at).ok()?));
        record.is_some_and(|record| record.matches_ack(ack))
    };
    let missing = |acks: &[Ack]| acks.iter().filter(|ack| !intact(ack)).count() as u64;
    found.lost = missing(&acknowledged.received);
    found.late_missing = missing(&acknowledged.late);

    // Of every list, acknowledged or not, all events are stored or none.
    let mut lists: HashMap<(u64, u32), u32> = HashMap::new();
    for (list, of) in records.iter().filter_map(Record::list) {
        *lists.entry((list, of)).or_default() += 1;
    }
    found.torn = lists.iter().filter(|((_, of), stored)| of != *stored).count() as u64;
    Ok(found)
}

impl Record {
    /// In the header: magic 4, format 2, tenant 16, node 16, epoch 4 + 16, seq 8, event id 16, length 4.
    fn event_id(&self) -> &[u8] {
        &self.bytes[66..82]
    }

    fn matches_ack(&self, ack: &Ack) -> bool {
        // The payload is the last field of the body.
        let same_payload = self.bytes.ends_with(&payload(ack.number, ack.list, ack.of));
        self.seq == ack.seq && self.chain == ack.chain && self.event_id() == event_id(ack.number) && same_payload
    }

    /// The first number and the length of the list, read from the payload.
    fn list(&self) -> Option<(u64, u32)> {
        const NAME: &[u8] = br#""list":"#;
        let at = self.bytes.windows(NAME.len()).position(|window| window == NAME)? + NAME.len();
        let text = std::str::from_utf8(&self.bytes[at..]).ok()?;
        let (list, rest) = text.split_once(",\"of\":")?;
        Some((list.parse().ok()?, rest.split_once(',')?.0.parse().ok()?))
    }
}

/// Every record of the only epoch, with the chain recomputed from genesis.
fn records(store: &Path) -> anyhow::Result<Vec<Record>> {
    let db = open(store)?;
    let mut pages: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    // Key: 3, epoch u32, first seq u64, part u16, all big-endian.
    for row in db.scan_prefix([3]) {
        let (key, value) = row?;
        let first = u64::from_be_bytes(key[5..13].try_into()?);
        pages.entry(first).or_default().extend_from_slice(&value);
    }
    let mut records = Vec::new();
    let mut chain = None;
    for (first, page) in pages {
        // Page: version 1, count u16, time i64, chain before 32, chain after 32, then length u32 and bytes of each record.
        let count = u16::from_le_bytes(page[1..3].try_into()?);
        let mut rest = &page[75..];
        for seq in (first..).take(usize::from(count)) {
            let length = u32::from_le_bytes(rest[..4].try_into()?) as usize;
            let bytes = rest.get(4..4 + length).context("a record ends within its page")?.to_vec();
            rest = &rest[4 + length..];
            ensure!(
                &bytes[..6] == b"CPTR\x01\0" && bytes[58..66] == seq.to_le_bytes(),
                "seq {seq} is no record of its own"
            );
            let before = chain.unwrap_or_else(|| genesis(&bytes));
            let link = hash(&[b"comptoir/record/1", &before, &bytes]);
            chain = Some(link);
            records.push(Record { seq, chain: link, bytes });
        }
        ensure!(
            rest.is_empty() && chain.as_ref().is_some_and(|chain| chain == &page[43..75]),
            "the page of seq {first}"
        );
    }
    Ok(records)
}

/// Genesis: tenant and node, epoch number and id, as the record's header has them.
fn genesis(first: &[u8]) -> [u8; 32] {
    hash(&[b"comptoir/genesis/1", &first[6..38], &first[38..58]])
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// sled's lock may outlive the log that this process has just closed.
fn open(store: &Path) -> anyhow::Result<sled::Db> {
    let mut tries = 0;
    loop {
        match sled::Config::new().path(store).cache_capacity(32 * 1024 * 1024).open() {
            Err(error) if tries < 500 && format!("{error:?}").contains("WouldBlock") => {
                tries += 1;
                std::thread::sleep(Duration::from_millis(10));
            }
            opened => return opened.context("opening the store"),
        }
    }
}
