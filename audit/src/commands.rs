//! The commands of `comptoir-audit` and `comptoir audit`: arguments, output, exit codes.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use comptoir_core::chain::ChainHash;
use comptoir_messages::Language;
use comptoir_proto::receipt_code::ReceiptCode;
use comptoir_proto::sync_v1::parse_chain;

use crate::compare::compare;
use crate::exit;
use crate::finding::{Level, Options, Report};
use crate::receipt::{ReceiptFinding, find_receipt, receipt_code};
use crate::replay::{DecisionDifference, replay};
use crate::source::{AuditError, BundleFile, Source};
use crate::verify::verify;

/// The auditor's commands, the same for `comptoir-audit` and `comptoir audit`.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Recompute every link of a log from its bundle, and name the first break
    Verify(VerifyArgs),
    /// Compare a node's log with central's: identical records, and records that only one side holds
    Compare(CompareArgs),
    /// Apply a tenant's whole log to an empty state, and show the read models that result
    Replay(ReplayArgs),
    /// Say whether a log has the record that a printed receipt names
    Show(ShowArgs),
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comptoir audit verify shop.bundle
  comptoir audit verify january.bundle february.bundle --level chain --json
  comptoir audit verify shop.bundle --known-head 9f2c...

Ends with 0 if everything holds, 1 if a break was found, 2 if there is no answer.")]
pub struct VerifyArgs {
    /// Bundles of one log, in order
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// chain: every link, header and place. content: also every body, payload and decision
    #[arg(long, value_enum, default_value_t = Level::Content)]
    pub level: Level,
    /// A chain that was recorded earlier in another place, and that the log must contain
    #[arg(long, value_name = "HEX", value_parser = chain)]
    pub known_head: Vec<ChainHash>,
}

/// Arguments of `compare`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comptoir audit compare shop.bundle central.bundle
  comptoir audit compare shop.bundle central.bundle --json

Both files are verified first. Ends with 0 if they agree, 1 if they contradict each other or one is broken, 2 if there is no answer.")]
pub struct CompareArgs {
    /// Bundle of a node's log
    pub node: PathBuf,
    /// Bundle of its tenant's log, from central
    pub central: PathBuf,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comptoir audit replay central.bundle
  comptoir audit replay january.bundle february.bundle --redecide
  comptoir audit replay central.bundle --redecide --json > replay.ndjson

The files are verified first. With --json each difference is a line of its own, and the last line is the result.
Two replays of one log have the same digest.
Ends with 0 if there is no difference, 1 if there is one or the log is broken, 2 if there is no answer.")]
pub struct ReplayArgs {
    /// Bundles of a tenant's log from central, in order from the first position
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Decide each record again from the state at its position, and show every stored decision that differs
    #[arg(long)]
    pub redecide: bool,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comptoir audit show https://central.example/r/AQGf... shop.bundle
  comptoir audit show AQGf... central.bundle --json

The files are verified first. Ends with 0 if the log has exactly this record, 1 if it has not or is broken, 2 if there is no answer.")]
pub struct ShowArgs {
    /// The receipt: the address in its QR code, or the last part of it
    #[arg(value_parser = code)]
    pub receipt: ReceiptCode,
    /// Bundles of one log, in order
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
}

fn code(text: &str) -> Result<ReceiptCode, String> {
    receipt_code(text).map_err(|error| error.to_string())
}

fn chain(text: &str) -> Result<ChainHash, String> {
    parse_chain(text).ok_or_else(|| "a chain has 64 hex digits".to_owned())
}

/// How to print.
#[derive(Clone, Copy, Debug)]
pub struct PrintOptions {
    /// One line of JSON instead of text.
    pub json: bool,
    /// The language of the text.
    pub language: Language,
    /// Whether to show the progress of a long file on stderr.
    pub progress: bool,
}

/// Why a command has no answer. Its exit code is [`exit::UNREADABLE`].
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The files give no answer.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The result could not be printed.
    #[error("the output: {0}")]
    Print(#[from] io::Error),
}

/// Runs a command and returns its exit code.
pub fn run_audit(command: &AuditCommand, printing: PrintOptions) -> Result<u8, Failed> {
    match command {
        AuditCommand::Verify(args) => {
            let options = Options { level: args.level, known_heads: args.known_head.clone() };
            Ok(printing.report(&verify_files(&args.files, &options, printing)?)?)
        }
        AuditCommand::Compare(args) => compare_files(args, printing),
        AuditCommand::Replay(args) => replay_files(args, printing),
        AuditCommand::Show(args) => show_receipt(args, printing),
    }
}

fn verify_files(files: &[PathBuf], options: &Options, printing: PrintOptions) -> Result<Report, AuditError> {
    let files: Vec<BundleFile> = files.iter().map(BundleFile::new).collect();
    let sources: Vec<&dyn Source> = files.iter().map(|file| file as &dyn Source).collect();
    let total = sources.iter().filter_map(|source| source.bytes()).sum::<u64>();
    let report = verify(&sources, options, &mut |bytes| printing.progress(bytes, total));
    printing.progress_ends();
    report
}

/// Both logs are verified first: a broken log would make every comparison meaningless.
fn compare_files(args: &CompareArgs, printing: PrintOptions) -> Result<u8, Failed> {
    for file in [&args.node, &args.central] {
        let report = verify_files(std::slice::from_ref(file), &Options::from(Level::Chain), printing)?;
        if report.first_break.is_some() {
            return Ok(printing.report(&report)?);
        }
    }
    let found = compare(&BundleFile::new(&args.node), &BundleFile::new(&args.central))?;
    let text = if printing.json { found.to_json().to_string() } else { found.to_text(printing.language) };
    print(&text)?;
    Ok(if found.contradicts() { exit::BROKEN } else { exit::INTACT })
}

/// The log is verified first: a replay does not compute links.
fn replay_files(args: &ReplayArgs, printing: PrintOptions) -> Result<u8, Failed> {
    let report = verify_files(&args.files, &Options::from(Level::Content), printing)?;
    if report.first_break.is_some() {
        return Ok(printing.report(&report)?);
    }
    let files: Vec<BundleFile> = args.files.iter().map(BundleFile::new).collect();
    let sources: Vec<&dyn Source> = files.iter().map(|file| file as &dyn Source).collect();
    let total = sources.iter().filter_map(|source| source.bytes()).sum::<u64>();
    let mut printed = Ok(());
    let mut on_difference = |difference: &DecisionDifference| {
        printing.progress_ends();
        let text = match printing.json {
            true => difference.to_json().to_string(),
            false => difference.to_text(printing.language),
        };
        if printed.is_ok() {
            printed = print(&text);
        }
    };
    let replay = replay(&sources, args.redecide, &mut on_difference, &mut |bytes| printing.progress(bytes, total));
    printing.progress_ends();
    let replay = replay?;
    printed?;
    print(&if printing.json { replay.to_json().to_string() } else { replay.to_text(printing.language) })?;
    Ok(if replay.differences > 0 { exit::BROKEN } else { exit::INTACT })
}

/// The log is verified first: who can change a record can change the chain next to it.
fn show_receipt(args: &ShowArgs, printing: PrintOptions) -> Result<u8, Failed> {
    let report = verify_files(&args.files, &Options::from(Level::Chain), printing)?;
    if report.first_break.is_some() {
        return Ok(printing.report(&report)?);
    }
    let files: Vec<BundleFile> = args.files.iter().map(BundleFile::new).collect();
    let sources: Vec<&dyn Source> = files.iter().map(|file| file as &dyn Source).collect();
    let found = find_receipt(&sources, &args.receipt)?;
    print(&if printing.json { found.to_json().to_string() } else { found.to_text(printing.language) })?;
    Ok(if matches!(found, ReceiptFinding::Recorded(_)) { exit::INTACT } else { exit::BROKEN })
}

impl PrintOptions {
    fn report(self, report: &Report) -> io::Result<u8> {
        print(&if self.json { report.to_json().to_string() } else { report.to_text(self.language) })?;
        Ok(if report.first_break.is_some() { exit::BROKEN } else { exit::INTACT })
    }

    fn progress(self, bytes: u64, total: u64) {
        if self.progress {
            let percent = (u128::from(bytes) * 100).checked_div(u128::from(total)).unwrap_or(0).min(100);
            // Progress is a courtesy: an error on the way to the terminal changes no finding.
            let _ = write!(io::stderr().lock(), "\r{percent:3} %  {} / {} MB", bytes / 1_000_000, total / 1_000_000);
        }
    }

    fn progress_ends(self) {
        if self.progress {
            let _ = write!(io::stderr().lock(), "\r\x1b[2K");
        }
    }
}

fn print(text: &str) -> io::Result<()> {
    match writeln!(io::stdout().lock(), "{text}") {
        // The reader closed the pipe, as in `| head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}
