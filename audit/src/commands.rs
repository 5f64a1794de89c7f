//! The commands of an auditor: parse, call, print. The same for the small binary and for `comptoir audit`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use comptoir_core::chain::ChainHash;
use comptoir_proto::sync_v1::parse_chain;

use crate::compare::compare;
use crate::exit;
use crate::finding::{Level, Options, Report};
use crate::source::{AuditError, BundleFile, Source};
use crate::verify::verify;
use crate::words::Language;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Recompute every link of a log from its bundle, and name the first break
    Verify(VerifyArgs),
    /// Lay a node's log beside central's: the same records, and who holds what alone
    Compare(CompareArgs),
}

/// Which files, and how thoroughly.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Bundles of one log, in order
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// chain: every link, header and place. content: also every body, payload and decision
    #[arg(long, value_enum, default_value_t = Level::Content)]
    pub level: Level,
    /// A chain that was written down earlier, elsewhere: it must stand in the log
    #[arg(long, value_name = "HEX", value_parser = chain)]
    pub known_head: Vec<ChainHash>,
}

/// Which two logs.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Bundle of a node's log
    pub node: PathBuf,
    /// Bundle of its tenant's log, from central
    pub central: PathBuf,
}

fn chain(text: &str) -> Result<ChainHash, String> {
    parse_chain(text).ok_or_else(|| "a chain has 64 hex digits".to_owned())
}

/// How to print.
#[derive(Clone, Copy, Debug)]
pub struct Printing {
    /// One line of JSON instead of words.
    pub json: bool,
    /// Of the words.
    pub language: Language,
    /// Whether a person watches the progress of a long file.
    pub progress: bool,
}

/// Runs a command; answers its exit code.
pub fn run(command: &Command, printing: Printing) -> io::Result<u8> {
    let done = match command {
        Command::Verify(args) => {
            let options = Options { level: args.level, known_heads: args.known_head.clone() };
            verify_files(&args.files, &options, printing).map(|report| printing.report(&report))
        }
        Command::Compare(args) => compare_files(args, printing),
    };
    done.unwrap_or_else(|error| {
        writeln!(io::stderr().lock(), "{error}")?;
        Ok(exit::UNREADABLE)
    })
}

fn verify_files(files: &[PathBuf], options: &Options, printing: Printing) -> Result<Report, AuditError> {
    let files: Vec<BundleFile> = files.iter().map(BundleFile::new).collect();
    let sources: Vec<&dyn Source> = files.iter().map(|file| file as &dyn Source).collect();
    let total = sources.iter().filter_map(|source| source.bytes()).sum::<u64>();
    let report = verify(&sources, options, &mut |bytes| printing.progress(bytes, total));
    printing.progress_ends();
    report
}

/// Two logs are worth comparing once each holds by itself.
fn compare_files(args: &CompareArgs, printing: Printing) -> Result<io::Result<u8>, AuditError> {
    for file in [&args.node, &args.central] {
        let report = verify_files(std::slice::from_ref(file), &Options::from(Level::Chain), printing)?;
        if report.first_break.is_some() {
            return Ok(printing.report(&report));
        }
    }
    let found = compare(&BundleFile::new(&args.node), &BundleFile::new(&args.central))?;
    let code = if found.contradicts() { exit::BROKEN } else { exit::INTACT };
    let text = if printing.json { found.to_json().to_string() } else { found.to_text(printing.language) };
    Ok(print(&text).map(|()| code))
}

impl Printing {
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
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}
