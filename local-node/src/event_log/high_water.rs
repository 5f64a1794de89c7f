//! The high-water mark: the end of the log, stored outside the store. A store that lost its tail, or was restored from an old
//! copy, looks intact from inside; only this file shows the loss.
//!
//! Two slots, 4,096 bytes apart so that no sector holds both, are written in turn, each followed by fdatasync: one of them is
//! always intact. The mark lags by at most [`LAG`] while the log is written and by [`QUIET`] afterwards. It never leads, because
//! it is written after the flush of the records it names. It is also written when the log closes itself after a failure: a drive
//! that acknowledged a flush without doing it is detected at the next start.
//!
//! ```text
//! magic "CPHW" | counter u64 | boot u64 | epoch number u32 | epoch id 16 | seq u64 | chain 32 | acked u64
//!     | blake3 of all before 32
//! ```

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use comptoir_core::chain::ChainHash;
use comptoir_core::position::{Epoch, Seq};
use uuid::Uuid;

/// Maximum lag of the mark while the log is being written.
pub(crate) const LAG: Duration = Duration::from_secs(1);
/// Lag of the mark once writing stops. Its sync then delays no append.
pub(crate) const QUIET: Duration = Duration::from_millis(100);
const MAGIC: [u8; 4] = *b"CPHW";
const SLOT_BYTES: usize = 120;
const SLOT_DISTANCE: u64 = 4096;

/// The content of a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HighWaterMark {
    /// Number of times the log had been opened.
    pub(crate) boot: u64,
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
    pub(crate) chain: ChainHash,
    /// Central's decisions were stored up to this record of the epoch.
    pub(crate) acked: Seq,
}

pub(crate) struct HighWater {
    file: File,
    counter: u64,
}

impl HighWater {
    /// Opens or creates the file and reads the newer intact slot; `None` if no slot is intact.
    pub(crate) fn open(path: &Path) -> io::Result<(HighWater, Option<HighWaterMark>)> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let newest = [0, 1].into_iter().filter_map(|slot| read(&file, slot)).max_by_key(|(counter, _)| *counter);
        let counter = newest.map_or(0, |(counter, _)| counter);
        // The mark must not need new blocks: it is also written when the disk is full or failing.
        let length = file.metadata()?.len();
        if length < 2 * SLOT_DISTANCE {
            file.write_all_at(&vec![0; usize::try_from(2 * SLOT_DISTANCE - length).unwrap_or(0)], length)?;
            file.sync_all()?;
        }
        Ok((HighWater { file, counter }, newest.map(|(_, mark)| mark)))
    }

    /// Writes the mark over the older slot; durable when it returns.
    pub(crate) fn write(&mut self, mark: HighWaterMark) -> io::Result<()> {
        let counter = self.counter + 1;
        self.file.write_all_at(&encode(counter, mark), counter % 2 * SLOT_DISTANCE)?;
        self.file.sync_data()?;
        self.counter = counter;
        Ok(())
    }
}

fn encode(counter: u64, mark: HighWaterMark) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SLOT_BYTES);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&counter.to_le_bytes());
    bytes.extend_from_slice(&mark.boot.to_le_bytes());
    bytes.extend_from_slice(&mark.epoch.number.to_le_bytes());
    bytes.extend_from_slice(mark.epoch.id.as_bytes());
    bytes.extend_from_slice(&mark.seq.0.to_le_bytes());
    bytes.extend_from_slice(&mark.chain.0);
    bytes.extend_from_slice(&mark.acked.0.to_le_bytes());
    let checksum = blake3::hash(&bytes);
    bytes.extend_from_slice(checksum.as_bytes());
    bytes
}

fn read(file: &File, slot: u64) -> Option<(u64, HighWaterMark)> {
    let mut bytes = [0; SLOT_BYTES];
    file.read_exact_at(&mut bytes, slot * SLOT_DISTANCE).ok()?;
    let (magic, rest) = bytes.split_first_chunk()?;
    let (counter, rest) = rest.split_first_chunk()?;
    let (boot, rest) = rest.split_first_chunk()?;
    let (number, rest) = rest.split_first_chunk()?;
    let (id, rest) = rest.split_first_chunk()?;
    let (seq, rest) = rest.split_first_chunk()?;
    let (chain, rest) = rest.split_first_chunk()?;
    let (acked, checksum) = rest.split_first_chunk()?;
    let whole = *magic == MAGIC && checksum == blake3::hash(&bytes[..SLOT_BYTES - 32]).as_bytes();
    let epoch = Epoch { number: u32::from_le_bytes(*number), id: Uuid::from_bytes(*id) };
    let seq = Seq(u64::from_le_bytes(*seq));
    let acked = Seq(u64::from_le_bytes(*acked));
    let mark = HighWaterMark { boot: u64::from_le_bytes(*boot), epoch, seq, chain: ChainHash(*chain), acked };
    whole.then_some((u64::from_le_bytes(*counter), mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(seq: u64) -> HighWaterMark {
        let epoch = Epoch { number: 2, id: Uuid::from_bytes([8; 16]) };
        HighWaterMark { boot: 3, epoch, seq: Seq(seq), chain: ChainHash([seq as u8; 32]), acked: Seq(seq / 2) }
    }

    #[test]
    fn the_newest_whole_slot_is_read_and_a_torn_write_leaves_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("high-water");
        let (mut file, none) = HighWater::open(&path).unwrap();
        assert_eq!(none, None);
        for seq in 1..=3 {
            file.write(mark(seq)).unwrap();
        }
        let (file, newest) = HighWater::open(&path).unwrap();
        assert_eq!(newest, Some(mark(3)));

        // The power is cut in the middle of writing the fourth: half of its slot is the new one.
        let torn = &encode(4, mark(4))[..60];
        file.file.write_all_at(torn, 0).unwrap();
        let (mut file, newest) = HighWater::open(&path).unwrap();
        assert_eq!(newest, Some(mark(3)));
        file.write(mark(5)).unwrap();
        assert_eq!(HighWater::open(&path).unwrap().1, Some(mark(5)));
    }

    #[test]
    fn a_file_without_a_whole_slot_has_no_mark() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("high-water");
        HighWater::open(&path).unwrap().0.write(mark(1)).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        // The first mark is in the second slot; the other was never written.
        bytes[4096 + 60] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(HighWater::open(&path).unwrap().1, None);
    }
}
