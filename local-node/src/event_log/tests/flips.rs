//! One bit flipped anywhere in the files of a node's log. The log then refuses to open, reports damage, or reads back byte for
//! byte. Anything else would be silent damage.
//!
//! `COMPTOIR_FLIPS=all` (`make test-flips`) flips one bit of every byte of sled's metadata, and of a random tenth of all other
//! bytes. Metadata are `conf` and the snapshot, the high-water mark, each segment's header, each message's header, and the bodies
//! of messages that are neither a node of the tree nor a link to one. Without it 500 bytes are drawn, half of them from the
//! metadata. `COMPTOIR_SEED` repeats a run.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use comptoir_core::position::Seq;

use super::super::{Check, KeyChange, KeySpace, Log, ReadError, Sealed, State};
use super::harness::*;
use super::opening::{checked, copy_dir};

const SHORT_FLIPS: usize = 500;
const SEGMENT_BYTES: usize = 512 * 1024;
const SEGMENT_HEADER_BYTES: usize = 20;
/// Kinds of messages that hold a node of the tree or a link to one: the last four of sled's.
const NODE_KINDS: std::ops::RangeInclusive<u8> = 8..=11;

/// The number of an epoch, its records, the decisions it has, and its `acked`.
type EpochContents = (u32, Vec<Sealed>, Vec<Option<Vec<u8>>>, Seq);

/// Everything that a log answers.
#[derive(PartialEq, Eq)]
struct Contents {
    epochs: Vec<EpochContents>,
    values: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Contents {
    fn read(log: &Log) -> Result<Contents, ReadError> {
        let mut epochs = Vec::new();
        for epoch in log.epochs() {
            let (mut sealed, mut decisions) = (Vec::new(), Vec::new());
            loop {
                let next = Seq(sealed.len() as u64 + 1);
                let read = log.read(epoch.number, next, 200, usize::MAX)?;
                if read.is_empty() {
                    break;
                }
                sealed.extend(read);
            }
            log.each_decision(epoch.number, Seq(1), &mut |seq, decision| {
                decisions.resize(seq.0 as usize, None);
                decisions[seq.0 as usize - 1] = Some(decision.to_vec());
                ControlFlow::Continue(())
            })?;
            let acked = log.acked(epoch.number)?;
            decisions.truncate(acked.0 as usize);
            epochs.push((epoch.number, sealed, decisions, acked));
        }
        let mut values = BTreeMap::new();
        log.scan(KeySpace::Row, &[], &[255], &mut |key, value| {
            values.insert(key.to_vec(), value);
            ControlFlow::Continue(())
        })?;
        Ok(Contents { epochs, values })
    }

    /// What was written and what was found, counted.
    fn difference(&self, found: &Contents) -> String {
        let counts = |contents: &Contents| {
            let of_epoch = |(number, sealed, decisions, acked): &(u32, Vec<_>, Vec<_>, Seq)| {
                format!("epoch {number}: {} records, {} decisions, acked {acked}", sealed.len(), decisions.len())
            };
            format!("{:?}, {} rows", contents.epochs.iter().map(of_epoch).collect::<Vec<_>>(), contents.values.len())
        };
        format!("expected {}, found {}", counts(self), counts(found))
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Refused,
    Reported,
    Equal,
    /// The log is whole, and rows of central are older ones: `docs/spec/log.md` says that nothing finds that.
    OlderRows,
    Silent(String),
}

fn outcome(node: &Node, good: &Contents) -> Outcome {
    let Ok(log) = node.try_open() else { return Outcome::Refused };
    let check = checked(&log);
    let found = Contents::read(&log);
    let ids = good.epochs.last().into_iter().flat_map(|(_, sealed, ..)| sealed);
    let lost =
        ids.filter(|sealed| !matches!(log.find(event(sealed).id), Ok(Some(found)) if found.sealed == **sealed)).count();
    let reported = log.status().state != State::Open;
    match found {
        _ if reported => Outcome::Reported,
        Err(error) => Outcome::Silent(format!("the state is open after {error}")),
        Ok(_) if matches!(check, Check::Found(_)) => {
            Outcome::Silent("the check found damage, the state is open".to_owned())
        }
        Ok(_) if lost > 0 => Outcome::Silent(format!("{lost} events are not found by their ids")),
        Ok(found) if found.epochs != good.epochs => Outcome::Silent(good.difference(&found)),
        Ok(found) if found.values != good.values => Outcome::OlderRows,
        Ok(_) => Outcome::Equal,
    }
}

/// A log of two epochs with decisions and rows of central. `reopened` leaves a snapshot of all of it, otherwise sled replays its
/// file.
fn written(records: u64, reopened: bool) -> (Node, Contents) {
    let node = Node::on_sled();
    let log = node.open();
    let decide = |epoch: u32, up_to: u64| {
        let decisions = (1..=up_to).map(|seq| (Seq(seq), format!("decision {epoch}.{seq}").into_bytes())).collect();
        block_on(log.store_decisions(epoch, Seq(up_to), decisions)).unwrap();
    };
    let row = |number: u64, text: &str| {
        let value = format!("{text} {number} {}", "x".repeat(200)).into_bytes();
        block_on(log.put(vec![vec![KeyChange::set(KeySpace::Row, number.to_be_bytes().to_vec(), value)]])).unwrap();
    };
    let third = records / 3;
    append_each(&log, 0..third);
    decide(1, third / 2);
    (0..20).for_each(|number| row(number, "first"));
    block_on(log.open_epoch_and_reseal(None, "a test")).unwrap();
    for start in (third..2 * third).step_by(10) {
        append(&log, (start..start + 10).map(draft).collect()).unwrap();
    }
    (10..30).for_each(|number| row(number, "second"));
    decide(2, third);
    append_each(&log, 2 * third + 10..records);
    let contents = Contents::read(&log).unwrap();
    drop(log);
    if reopened {
        drop(node.open());
    }
    (node, contents)
}

/// A byte of a file.
type At = (PathBuf, usize);

/// The bytes of the metadata and all others, of the files under a node's directory.
fn bytes_of(dir: &Path) -> (Vec<At>, Vec<At>) {
    let (mut meta, mut others) = (Vec::new(), Vec::new());
    // The two slots of the mark; the bytes between them are never read.
    meta.extend((0..120).chain(4096..4096 + 120).map(|at| (PathBuf::from("high-water"), at)));
    let mut whole = |path: PathBuf, bytes: usize| meta.extend((0..bytes).map(|at| (path.clone(), at)));
    for file in
        fs::read_dir(dir.join("log")).unwrap().map(Result::unwrap).filter(|file| file.file_type().unwrap().is_file())
    {
        let path = PathBuf::from("log").join(file.file_name());
        if file.file_name() != "db" {
            whole(path, usize::try_from(file.metadata().unwrap().len()).unwrap());
        }
    }
    let db = fs::read(dir.join("log/db")).unwrap();
    for (number, segment) in db.chunks(SEGMENT_BYTES).enumerate() {
        let begin = number * SEGMENT_BYTES;
        let is_meta = meta_of(segment);
        let at = |at: usize| (PathBuf::from("log/db"), begin + at);
        meta.extend((0..segment.len()).filter(|byte| is_meta[*byte] == Some(true)).map(at));
        others.extend((0..segment.len()).filter(|byte| is_meta[*byte] == Some(false)).map(at));
    }
    (meta, others)
}

/// Whether each byte of a segment is metadata; none after the last message.
fn meta_of(segment: &[u8]) -> Vec<Option<bool>> {
    let mut kinds = vec![None; segment.len()];
    kinds[..SEGMENT_HEADER_BYTES].fill(Some(true));
    let mut at = SEGMENT_HEADER_BYTES;
    while let Some((header, body, kind)) = message(&segment[at..]) {
        kinds[at..at + header].fill(Some(true));
        let end = (at + header + body).min(segment.len());
        kinds[at + header..end].fill(Some(!NODE_KINDS.contains(&kind)));
        at = end;
    }
    kinds
}

/// A message's header: CRC u32, kind u8, then length, segment number and page number as sled's numbers of 1 to 9 bytes.
fn message(bytes: &[u8]) -> Option<(usize, usize, u8)> {
    let kind = *bytes.get(4)?;
    let (length, used) = number(bytes.get(5..)?)?;
    let (_, of_segment) = number(bytes.get(5 + used..)?)?;
    let (_, of_page) = number(bytes.get(5 + used + of_segment..)?)?;
    (kind != 0).then_some((5 + used + of_segment + of_page, usize::try_from(length).ok()?, kind))
}

fn number(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let byte = |at: usize| bytes.get(at).copied().map(u64::from);
    Some(match first {
        0..=240 => (u64::from(first), 1),
        241..=248 => (240 + 256 * (u64::from(first) - 241) + byte(1)?, 2),
        249 => (2_288 + 256 * byte(1)? + byte(2)?, 3),
        250.. => {
            let length = usize::from(first) - 247;
            let value = bytes.get(1..=length)?.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
            (value, length + 1)
        }
    })
}

struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

fn seed() -> u64 {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_nanos() as u64);
    std::env::var("COMPTOIR_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(now).max(1)
}

/// Flips each bit in a copy of its own, on two threads, and counts the outcomes.
fn flip_each(good: &Node, contents: &Contents, flips: &[(At, u8)]) -> BTreeMap<&'static str, usize> {
    let next = AtomicUsize::new(0);
    let work = || {
        let node = Node::on_sled();
        let dir = node.config().dir;
        let mut counts = BTreeMap::new();
        while let Some(((file, at), bit)) = flips.get(next.fetch_add(1, Ordering::Relaxed)) {
            drop(fs::remove_dir_all(&dir));
            copy_dir(&good.config().dir, &dir);
            let mut bytes = fs::read(dir.join(file)).unwrap();
            bytes[*at] ^= 1 << bit;
            fs::write(dir.join(file), bytes).unwrap();
            let word = match outcome(&node, contents) {
                Outcome::Refused => "refused",
                Outcome::Reported => "reported",
                Outcome::Equal => "equal",
                Outcome::OlderRows => "older rows",
                Outcome::Silent(how) => {
                    println!("SILENT: {} byte {at} bit {bit}: {how}", file.display());
                    "silent"
                }
            };
            *counts.entry(word).or_insert(0) += 1;
        }
        counts
    };
    std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        let mut counts = BTreeMap::from([("silent", 0)]);
        for (word, count) in threads.into_iter().flat_map(|thread| thread.join().unwrap()) {
            *counts.entry(word).or_insert(0) += count;
        }
        counts
    })
}

#[test]
fn a_flipped_bit_is_refused_reported_or_without_effect() {
    let all = std::env::var("COMPTOIR_FLIPS").is_ok_and(|flips| flips == "all");
    let seed = seed();
    println!("COMPTOIR_SEED={seed}");
    let mut draw = Draw(seed);
    for reopened in [false, true] {
        // After a damaged message sled skips the rest of its segment if a later one exists, so several are needed.
        let (good, contents) = written(if all || !reopened { 900 } else { 120 }, reopened);
        let (meta, others) = bytes_of(&good.config().dir);
        let used = others.iter().map(|(_, at)| *at).max().unwrap_or(0);
        assert!(reopened || used > SEGMENT_BYTES, "the file has one segment only, up to byte {used}");
        assert!(meta.len() > 1_000 && others.len() > 10_000, "{} of {}", meta.len(), others.len());
        let mut places: Vec<At> = Vec::new();
        if all {
            let tenth = others.len() / 10;
            places.extend(meta.iter().cloned());
            places.extend((0..tenth).map(|_| others[draw.below(others.len())].clone()));
        } else {
            places.extend((0..SHORT_FLIPS / 4).map(|_| meta[draw.below(meta.len())].clone()));
            places.extend((0..SHORT_FLIPS / 4).map(|_| others[draw.below(others.len())].clone()));
        }
        let flips: Vec<_> = places.into_iter().map(|place| (place, draw.below(8) as u8)).collect();
        let counts = flip_each(&good, &contents, &flips);
        println!("reopened {reopened}: {} bytes of metadata, {} others: {counts:?}", meta.len(), others.len());
        assert_eq!(counts["silent"], 0, "seed {seed}, reopened {reopened}: {counts:?}");
        assert_eq!(counts.values().sum::<usize>(), flips.len());
    }
}

/// The layout that the choice of bytes rests on: every segment of a real file reads as messages up to where its bytes end.
#[test]
fn the_meta_data_of_a_real_file_are_found() {
    let (node, _) = written(120, false);
    let db = fs::read(node.config().dir.join("log/db")).unwrap();
    let used = db.iter().rposition(|byte| *byte != 0).unwrap();
    let segment = used / SEGMENT_BYTES;
    let is_meta = meta_of(db.chunks(SEGMENT_BYTES).nth(segment).unwrap());
    let last = is_meta.iter().rposition(Option::is_some).unwrap();
    assert!(last >= used % SEGMENT_BYTES, "messages end at {last}, bytes at {}", used % SEGMENT_BYTES);
}
