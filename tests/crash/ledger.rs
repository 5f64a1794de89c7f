//! The ledger records what was acknowledged, out of reach of any fault that a test injects. An event's whole content follows
//! from its number, so a reader can check every record.

use std::path::Path;
use std::str::FromStr;
use std::{fmt, fs, io};

/// One acknowledged event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ack {
    /// The assigned seq.
    pub seq: u64,
    /// The number of the event.
    pub number: u64,
    /// The first number of its list. A list is appended in one request.
    pub list: u64,
    /// The number of events in its list.
    pub of: u32,
    /// The assigned chain, or a hash of the written value.
    pub chain: [u8; 32],
}

/// Bytes of one acknowledgement in the ledger.
pub const ACK_BYTES: usize = 60;

impl Ack {
    /// The format in the pipe and in the file.
    pub fn bytes(&self) -> [u8; ACK_BYTES] {
        let mut bytes = [0; ACK_BYTES];
        bytes[..8].copy_from_slice(&self.seq.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.number.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.list.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.of.to_le_bytes());
        bytes[28..].copy_from_slice(&self.chain);
        bytes
    }

    fn read(bytes: &[u8; ACK_BYTES]) -> Ack {
        let word = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]));
        let of = u32::from_le_bytes(std::array::from_fn(|byte| bytes[24 + byte]));
        let chain = std::array::from_fn(|byte| bytes[28 + byte]);
        Ack { seq: word(0), number: word(8), list: word(16), of, chain }
    }
}

/// The complete acknowledgements of a ledger. A kill may tear the last one in the pipe; a torn one does not count.
pub fn acks(bytes: &[u8]) -> Vec<Ack> {
    bytes.as_chunks::<ACK_BYTES>().0.iter().map(Ack::read).collect()
}

/// The distance between the first event numbers of two rounds.
pub const ROUND_STEP: u64 = 1 << 32;

/// Printed to standard error once the store is open and recovered.
pub const OPENED: &str = "opened\n";

/// In a ledger's folder: the acknowledgements whose events must be found.
pub const RECEIVED_FILE: &str = "received";
/// In a ledger's folder: the acknowledgements whose events may be found.
pub const LATE_FILE: &str = "late";

/// The acknowledgements of a ledger's folder.
pub struct Acknowledged {
    /// Received before the crash. Every event must be found.
    pub received: Vec<Ack>,
    /// Received in the last round after the power cut was requested. The file system was shutting down, and current kernels
    /// return 0 from `fdatasync` then, so the event may be found or not.
    pub late: Vec<Ack>,
}

impl Acknowledged {
    /// Reads the files of a ledger's folder.
    pub fn read(folder: &Path) -> io::Result<Acknowledged> {
        let read = |file| fs::read(folder.join(file)).map(|bytes| acks(&bytes));
        Ok(Acknowledged { received: read(RECEIVED_FILE)?, late: read(LATE_FILE)? })
    }
}

/// The payload of event `number` in a list of `of` events.
pub fn payload(number: u64, list: u64, of: u32) -> Vec<u8> {
    let mut random = Random(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let length = match random.below(20) {
        0..12 => 20 + random.below(300),
        12..19 => 300 + random.below(2_000),
        // Larger than one page of the log, so it is stored in several parts.
        _ => 4_000 + random.below(12_000),
    };
    let mut fill = String::with_capacity(length as usize + 16);
    while fill.len() < length as usize {
        fill.push_str(&format!("{:016x}", random.below(u64::MAX)));
    }
    format!(r#"{{"number":{number},"list":{list},"of":{of},"fill":"{fill}"}}"#).into_bytes()
}

/// The number of events in the list that starts at a number.
pub fn list_len(number: u64) -> u32 {
    1 + Random(number | 1).below(16) as u32
}

/// A small generator: the same seed gives the same numbers on every machine.
pub struct Random(pub u64);

impl Random {
    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

/// What a reader found after a restart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// Stored records.
    pub records: u64,
    /// Acknowledged events that are missing or have other content.
    pub lost: u64,
    /// Events that are stored twice.
    pub duplicated: u64,
    /// Lists that are stored in part.
    pub torn: u64,
    /// Missing seqs before the head, and broken chain links.
    pub broken: u64,
    /// Late acknowledgements whose event is missing. Not counted as damage.
    pub late_missing: u64,
}

impl Found {
    /// Whether there is no damage.
    pub fn is_clean(&self) -> bool {
        self.lost + self.duplicated + self.torn + self.broken == 0
    }
}

/// One line, from the reader to the harness.
impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Found { records, lost, duplicated, torn, broken, late_missing } = self;
        write!(f, "found {records} {lost} {duplicated} {torn} {broken} {late_missing}")
    }
}

/// Parses that line from the reader's output.
impl FromStr for Found {
    type Err = ();

    fn from_str(output: &str) -> Result<Found, ()> {
        let line = output.lines().rev().find_map(|line| line.strip_prefix("found ")).ok_or(())?;
        let mut words = line.split(' ').map(|word| word.parse().map_err(|_| ()));
        let mut next = || words.next().ok_or(())?;
        Ok(Found {
            records: next()?,
            lost: next()?,
            duplicated: next()?,
            torn: next()?,
            broken: next()?,
            late_missing: next()?,
        })
    }
}

/// The command line of a crash program: `write DIR FIRST LEDGER` or `check DIR LEDGER`.
pub fn run_program(
    name: &str,
    write: fn(&std::path::Path, &str) -> anyhow::Result<()>,
    check: fn(&std::path::Path, &std::path::Path) -> anyhow::Result<()>,
) -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["write", dir, first, _ledger] => write(dir.as_ref(), first),
        ["check", dir, ledger] => check(dir.as_ref(), ledger.as_ref()),
        _ => Err(anyhow::anyhow!("{name} write DIR FIRST LEDGER | check DIR LEDGER")),
    };
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
