//! Power cuts without a loop mount: the writer's system calls are recorded, and the disk that a power cut may leave is computed
//! from them. Synced writes are there. Each unsynced write may be there, be missing, or be there in part.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use comptoir_tests::crash_ledger::{ACK_BYTES, OPENED, Random};

use crate::strace::{self, Call, Deed};
use crate::summary::Summary;
use crate::writer::{Ending, Ledger, Program};

/// The unit that a drive writes atomically.
const SECTOR_BYTES: usize = 512;

/// The replay counterpart of `cut_ext4`.
pub(crate) fn cut(program: &Program, rounds: u64, random: &mut Random, folder: &Path) -> anyhow::Result<Summary> {
    let mut summary = Summary::new(program, "power cuts (recorded writes replayed, the unsynced ones dropped)");
    let mut ledger = Ledger::create(&folder.join("ledger"))?;
    let data = fs::canonicalize(folder)?.join("data");
    fs::create_dir(&data)?;
    for round in 0..rounds {
        let before = Disk::load(&data)?;
        let trace = folder.join("trace");
        let mut running = program.start_recorded(&data, round, &ledger, &trace)?;
        // Recording slows every call down, so a burst has fewer events.
        running.burst(random, 1_000, &ledger)?;
        running.end_recorded()?;
        let calls = strace::read(&fs::read_to_string(&trace)?);
        let lines = calls.last().map_or(0, |call| call.began) as u64;
        let cut = usize::try_from(random.below(lines + 1))?;
        let (received, late) = acknowledged(&calls, cut);
        ledger.add_round(received, &late, opened(&calls, cut))?;
        before.after_power_cut(&data, &calls, cut, random).store(&data)?;
        let ending = program.check(&data, &ledger)?;
        summary.count(&ending, &ledger, false);
        if !ending.is_clean() {
            ledger.forget()?;
            if let Ending::Unusable(_) = ending {
                Disk::default().store(&data)?;
            }
        }
    }
    Ok(summary)
}

/// What the harness had received when the power went, and what the writer acknowledged later. Here the border is exact: the cut
/// is chosen in the recording, and no later sync is replayed.
fn acknowledged(calls: &[Call], cut: usize) -> (Vec<u8>, Vec<u8>) {
    let (mut received, mut before_cut) = (Vec::new(), 0);
    for call in calls {
        if let Deed::Acknowledge { bytes } = &call.deed {
            received.extend_from_slice(bytes);
            if call.ended.is_some_and(|ended| ended <= cut) {
                before_cut = received.len();
            }
        }
    }
    // The recording may end in the middle of an acknowledgement.
    let late = received.split_off(before_cut / ACK_BYTES * ACK_BYTES);
    (received, late)
}

/// Whether the writer had opened its store when the power went.
fn opened(calls: &[Call], cut: usize) -> bool {
    calls.iter().any(|call| {
        let is_opened = matches!(&call.deed, Deed::Write { bytes, .. } if bytes == OPENED.as_bytes());
        is_opened && call.ended.is_some_and(|ended| ended <= cut)
    })
}

/// The file behind each name; a directory is a name without a file.
type Names = BTreeMap<PathBuf, Option<usize>>;

#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Disk {
    names: Names,
    files: Vec<Vec<u8>>,
}

/// A change to one file's bytes.
enum Change<'a> {
    Write { at: usize, bytes: &'a [u8] },
    Length(usize),
}

impl Disk {
    fn load(root: &Path) -> anyhow::Result<Disk> {
        let mut disk = Disk::default();
        disk.load_under(root)?;
        Ok(disk)
    }

    fn load_under(&mut self, folder: &Path) -> anyhow::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                self.names.insert(path.clone(), None);
                self.load_under(&path)?;
            } else {
                self.files.push(fs::read(&path)?);
                self.names.insert(path, Some(self.files.len() - 1));
            }
        }
        Ok(())
    }

    fn store(&self, root: &Path) -> anyhow::Result<()> {
        fs::remove_dir_all(root)?;
        fs::create_dir(root)?;
        // In path order a directory comes before its entries.
        for (path, file) in &self.names {
            match file {
                None => fs::create_dir_all(path)?,
                Some(file) => fs::write(path, &self.files[*file]).with_context(|| path.display().to_string())?,
            }
        }
        Ok(())
    }

    /// The disk after a power cut at a line of the recording.
    fn after_power_cut(mut self, root: &Path, calls: &[Call], cut: usize, random: &mut Random) -> Disk {
        let calls: Vec<&Call> = calls.iter().filter(|call| call.began <= cut).collect();
        let synced = |sync: &Call, began: usize| sync.began > began && sync.ended.is_some_and(|ended| ended <= cut);
        let names_kept = Self::names_kept(&calls, cut, random);
        // What the running system saw: which process writes to which file does not depend on what survives.
        let mut seen = self.names.clone();
        let mut ends: HashMap<usize, usize> = HashMap::new();
        for (nth, call) in calls.iter().enumerate() {
            if !touches(root, &call.deed) {
                continue;
            }
            self.open_new(&mut seen, call);
            if let Some((file, change)) = self.change(&seen, &mut ends, &call.deed) {
                let durable = call.ended.is_some_and(|ended| {
                    calls[nth..].iter().any(|sync| {
                        let same = matches!(&sync.deed, Deed::Sync { path, .. } if file_at(&seen, path) == Some(file));
                        same && synced(sync, ended)
                    })
                });
                apply(&mut self.files[file], change, durable, random);
            }
            rename(&mut seen, &call.deed);
            if nth < names_kept {
                if let Deed::Open { path, .. } = &call.deed {
                    self.names.insert(path.clone(), file_at(&seen, path));
                }
                rename(&mut self.names, &call.deed);
            }
        }
        self
    }

    /// Names survive as the journal holds them: in order, with everything before any fsync.
    fn names_kept(calls: &[&Call], cut: usize, random: &mut Random) -> usize {
        let synced = |call: &&Call| {
            matches!(call.deed, Deed::Sync { names: true, .. }) && call.ended.is_some_and(|ended| ended <= cut)
        };
        let sure = calls.iter().rposition(synced).unwrap_or(0);
        sure + random.below((calls.len() - sure) as u64 + 1) as usize
    }

    /// A newly created file starts empty.
    fn open_new(&mut self, seen: &mut Names, call: &Call) {
        if let Deed::Open { path, .. } = &call.deed {
            let files = &mut self.files;
            seen.entry(path.clone()).or_insert_with(|| {
                files.push(Vec::new());
                Some(files.len() - 1)
            });
        }
    }

    /// The file that a call changes, and the change. Bytes without an offset are appended.
    fn change<'a>(
        &self,
        seen: &Names,
        ends: &mut HashMap<usize, usize>,
        deed: &'a Deed,
    ) -> Option<(usize, Change<'a>)> {
        match deed {
            Deed::Open { path, emptied } => {
                let file = file_at(seen, path)?;
                ends.insert(file, 0);
                emptied.then_some((file, Change::Length(0)))
            }
            Deed::Write { path, offset, bytes } => {
                let file = file_at(seen, path)?;
                let end = ends.entry(file).or_default();
                let at = offset.map_or(*end, |offset| offset as usize);
                *end = at + bytes.len();
                Some((file, Change::Write { at, bytes }))
            }
            Deed::Truncate { path, length } => Some((file_at(seen, path)?, Change::Length(*length as usize))),
            Deed::Sync { .. } | Deed::Rename { .. } | Deed::Remove { .. } | Deed::MakeDir { .. } => None,
            Deed::Acknowledge { .. } => None,
        }
    }
}

fn touches(root: &Path, deed: &Deed) -> bool {
    match deed {
        Deed::Open { path, .. }
        | Deed::Write { path, .. }
        | Deed::Truncate { path, .. }
        | Deed::Sync { path, .. }
        | Deed::Rename { from: path, .. }
        | Deed::Remove { path }
        | Deed::MakeDir { path } => path.starts_with(root),
        Deed::Acknowledge { .. } => false,
    }
}

fn file_at(names: &Names, path: &Path) -> Option<usize> {
    names.get(path).copied().flatten()
}

/// Applies a call's change to names.
fn rename(names: &mut Names, deed: &Deed) {
    match deed {
        Deed::Rename { from, to } => {
            let moved: Vec<_> = names.extract_if(.., |path, _| path.starts_with(from)).collect();
            for (path, file) in moved {
                let rest = path.strip_prefix(from).map(Path::to_owned).unwrap_or_default();
                names.insert(if rest.as_os_str().is_empty() { to.clone() } else { to.join(rest) }, file);
            }
        }
        Deed::Remove { path } => drop(names.remove(path)),
        Deed::MakeDir { path } => drop(names.insert(path.clone(), None)),
        Deed::Open { .. }
        | Deed::Write { .. }
        | Deed::Truncate { .. }
        | Deed::Sync { .. }
        | Deed::Acknowledge { .. } => {}
    }
}

/// Applies a durable change. A change that is not durable may be missing, or be there up to some sector.
fn apply(file: &mut Vec<u8>, change: Change<'_>, durable: bool, random: &mut Random) {
    let kept = if durable { 2 } else { random.below(3) };
    match change {
        _ if kept == 0 => {}
        Change::Length(length) => file.resize(length, 0),
        Change::Write { at, bytes } => {
            let whole = bytes.len();
            let sectors = (whole / SECTOR_BYTES) as u64;
            let length = if kept == 1 { random.below(sectors + 1) as usize * SECTOR_BYTES } else { whole };
            if length > 0 {
                file.resize(file.len().max(at + length), 0);
                file[at..at + length].copy_from_slice(&bytes[..length]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(line: usize, deed: Deed) -> Call {
        Call { began: line, ended: Some(line), deed }
    }

    fn write(name: &str, offset: u64, bytes: &[u8]) -> Deed {
        Deed::Write { path: name.into(), offset: Some(offset), bytes: bytes.to_vec() }
    }

    #[test]
    fn synced_writes_survive_whether_or_not_unsynced_ones_do() {
        let open = |name: &str| Deed::Open { path: name.into(), emptied: false };
        let sync = |name: &str, names| Deed::Sync { path: name.into(), names };
        let calls = [
            call(0, open("/d/new")),
            call(1, write("/d/new", 0, &[1; 1024])),
            call(2, sync("/d/new", false)),
            call(3, Deed::Rename { from: "/d/new".into(), to: "/d/db".into() }),
            call(4, sync("/d", true)),
            call(5, write("/d/db", 512, &[2; 1024])),
            call(6, open("/d/other")),
        ];
        let mut outcomes = std::collections::HashSet::new();
        for seed in 1..200 {
            let disk = Disk::default().after_power_cut(Path::new("/d"), &calls, 6, &mut Random(seed * 7919));
            let db = &disk.files[file_at(&disk.names, Path::new("/d/db")).expect("the name was synced")];
            assert_eq!(db[..512], [1; 512]);
            assert!(db[512..1024] == [1; 512] || db[512..1024] == [2; 512]);
            outcomes.insert((db.len(), db[512], disk.names.len()));
        }
        assert!(outcomes.len() >= 5, "unsynced writes are dropped, torn and kept: {outcomes:?}");
    }
}
