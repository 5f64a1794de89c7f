//! `comptoir audit`: what an auditor does with files alone.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use comptoir_audit::{BundleFile, Level, Options, Report, Source, verify};
use comptoir_core::chain::ChainHash;
use comptoir_proto::sync_v1::parse_chain;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::lang::say;
use crate::output::{Output, Shown};

/// What to do.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Recompute every link of a log from its bundle, and name the first break
    Verify(VerifyArgs),
}

/// Which files, and how thoroughly.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comptoir audit verify shop.bundle
  comptoir audit verify january.bundle february.bundle --level content --json
  comptoir audit verify shop.bundle --known-head 9f2c...

Ends with 0 when everything holds, 1 when a break was found, 2 when nothing can be said.")]
pub struct VerifyArgs {
    /// Bundles of one log, in order
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// chain: every link, header and place. content: also every body, payload and decision
    #[arg(long, value_enum, default_value_t = Level::Content)]
    level: Level,
    /// A chain that was written down earlier, elsewhere: it must stand in the log
    #[arg(long, value_name = "HEX", value_parser = chain)]
    known_head: Vec<ChainHash>,
}

fn chain(text: &str) -> Result<ChainHash, String> {
    parse_chain(text).ok_or_else(|| "a chain has 64 hex digits".to_owned())
}

/// Runs one of them.
pub async fn run(command: AuditCommand, output: Output) -> Result<(), Failure> {
    match command {
        AuditCommand::Verify(args) => {
            let done = tokio::task::spawn_blocking(move || verify_files(&args, output)).await;
            done.map_err(|error| Failure::Internal(format!("the audit ended badly: {error}")))?
        }
    }
}

fn verify_files(args: &VerifyArgs, output: Output) -> Result<(), Failure> {
    let files: Vec<BundleFile> = args.files.iter().map(BundleFile::new).collect();
    let sources: Vec<&dyn Source> = files.iter().map(|file| file as &dyn Source).collect();
    let bar = bar(&args.files, output);
    let options = Options { level: args.level, known_heads: args.known_head.clone() };
    let report = verify(&sources, &options, &mut |bytes| bar.set_position(bytes));
    bar.finish_and_clear();
    let report = report.map_err(|error| Failure::Usage(error.to_string()))?;
    output.print(&Verified::new(&report))?;
    match &report.first_break {
        None => Ok(()),
        Some(_) => Err(Failure::Found(say("la chaîne est rompue", "the log does not hold").to_owned())),
    }
}

fn bar(files: &[PathBuf], output: Output) -> ProgressBar {
    if !output.shows_progress() {
        return ProgressBar::hidden();
    }
    let length = files.iter().filter_map(|file| std::fs::metadata(file).ok()).map(|metadata| metadata.len()).sum();
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {bytes}  {elapsed}");
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// A report as it is printed.
#[derive(serde::Serialize)]
#[serde(transparent)]
struct Verified(Value);

impl Verified {
    fn new(report: &Report) -> Verified {
        let first_break = report.first_break.as_ref().map(|found| {
            json!({
                "defect": found.defect,
                "file": report.files.get(found.place.file),
                "byte": found.place.offset,
                "node": found.place.node.map(|node| node.to_string()),
                "epoch": found.place.epoch,
                "seq": found.place.seq,
                "position": found.place.position,
                "expected": found.expected,
                "found": found.found,
            })
        });
        Verified(json!({
            "intact": first_break.is_none(),
            "level": report.level,
            "first_break": first_break,
            "summary": report.summary,
        }))
    }
}

impl Shown for Verified {
    fn text(&self) -> String {
        let summary = &self.0["summary"];
        let held = say(
            format!("{} enregistrements, {} décisions vérifiés", summary["records"], summary["decisions"]),
            format!("{} records, {} decisions checked", summary["records"], summary["decisions"]),
        );
        let found = &self.0["first_break"];
        if found.is_null() {
            return say(format!("Intact : {held}."), format!("Intact: {held}."));
        }
        let place = ["file", "byte", "node", "epoch", "seq", "position"];
        let place = place.iter().filter(|name| !found[**name].is_null()).map(|name| format!("{name} {}", found[*name]));
        let place = place.collect::<Vec<_>>().join(", ");
        let (defect, expected, got) = (&found["defect"], &found["expected"], &found["found"]);
        say(
            format!("Première rupture {defect} : {place}\n  attendu {expected}\n  trouvé  {got}\n{held} jusque-là."),
            format!("First break {defect}: {place}\n  expected {expected}\n  found    {got}\n{held} up to there."),
        )
    }
}
