//! The control: a plain file under the same power cuts. `pwrite` and `fdatasync` for each group, then the acknowledgements. A
//! correct file system loses none of them, so a loss here is a fault of the rig. A record is the acknowledgement and the
//! payload that follows from it. An unparsable end is the group that was cut.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use comptoir_tests::crash_ledger::{self as ledger, ACK_BYTES, Ack, Acknowledged, Found, OPENED};

/// Lists of one group.
const GROUP: u64 = 8;
const FILE: &str = "plain";

fn main() -> ExitCode {
    ledger::run_program("crash-plain-file", write, check)
}

fn write(dir: &Path, first: &str) -> anyhow::Result<()> {
    let mut next: u64 = first.parse().context("FIRST is a number")?;
    let path = dir.join(FILE);
    let file = File::options().create(true).truncate(false).read(true).write(true).open(&path)?;
    File::open(dir)?.sync_all()?;
    let (records, mut end) = records(&std::fs::read(&path)?);
    let mut seq = records.len() as u64;
    file.set_len(end)?;
    file.sync_data()?;
    eprint!("{OPENED}");
    loop {
        let (mut group, mut acks) = (Vec::new(), Vec::new());
        for list in (0..GROUP).map(|nth| next + 100 * nth) {
            let of = ledger::list_len(list);
            for number in list..list + u64::from(of) {
                let payload = ledger::payload(number, list, of);
                seq += 1;
                let ack = Ack { seq, number, list, of, chain: blake3::hash(&payload).into() }.bytes();
                group.extend_from_slice(&ack);
                group.extend_from_slice(&payload);
                acks.extend_from_slice(&ack);
            }
        }
        next += 100 * GROUP;
        file.write_all_at(&group, end)?;
        file.sync_data()?;
        end += group.len() as u64;
        std::io::stdout().lock().write_all(&acks)?;
        std::io::stdout().flush()?;
    }
}

/// The complete records from the start, and where they end.
fn records(file: &[u8]) -> (Vec<Ack>, u64) {
    let (mut records, mut rest) = (Vec::new(), file);
    while let Some(ack) = rest.get(..ACK_BYTES).and_then(|bytes| ledger::acks(bytes).pop()) {
        let payload = ledger::payload(ack.number, ack.list, ack.of);
        let whole = rest[ACK_BYTES..].starts_with(&payload) && ack.chain == *blake3::hash(&payload).as_bytes();
        if !whole || ack.seq != records.len() as u64 + 1 {
            break;
        }
        records.push(ack);
        rest = &rest[ACK_BYTES + payload.len()..];
    }
    (records, (file.len() - rest.len()) as u64)
}

fn check(dir: &Path, ledger: &Path) -> anyhow::Result<()> {
    let acknowledged = Acknowledged::read(ledger)?;
    // A cut may happen before the file has its name.
    let file = match std::fs::read(dir.join(FILE)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        file => file?,
    };
    let (records, _) = records(&file);
    let there = |ack: &Ack| ack.seq.checked_sub(1).and_then(|at| records.get(at as usize)) == Some(ack);
    let missing = |acks: &[Ack]| acks.iter().filter(|ack| !there(ack)).count() as u64;
    let found = Found {
        records: records.len() as u64,
        lost: missing(&acknowledged.received),
        late_missing: missing(&acknowledged.late),
        ..Found::default()
    };
    println!("{found}");
    Ok(())
}
