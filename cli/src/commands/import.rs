//! `comptoir import`: arguments and output of [`crate::import`].

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::failure::Failure;
use crate::import::{self, Options, Summary};
use crate::output::{Output, Shown};
use crate::remote::RemoteArgs;

/// Arguments of `import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comptoir import online_retail.csv.gz --map docs/examples/online-retail.toml
  comptoir import rows.csv --map my.toml --url http://127.0.0.1:7401 --report rejected.csv
  comptoir import rows.csv --map my.toml --only InvoiceDate=2010-12-01

An interrupted import resumes when the same command is run again; nothing is recorded twice.
Ends with 3 if some rows were not imported, 4 if the node did not answer. docs/examples explains mappings.")]
pub struct ImportArgs {
    /// The table: CSV or similar, optionally compressed with gzip
    file: PathBuf,
    /// The mapping (TOML) from rows to events
    #[arg(long, value_name = "MAPPING")]
    map: PathBuf,
    #[command(flatten)]
    remote: RemoteArgs,
    /// Import only rows whose COLUMN begins with TEXT
    #[arg(long, value_name = "COLUMN=TEXT", value_parser = column_and_text)]
    only: Option<(String, String)>,
    /// Write every row that was not imported, with its line and the reason, to a CSV file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Requests in flight; always 1 for a mapping that sorts
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    in_flight: u8,
    /// Give up after this many seconds without an answer
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    give_up_after: u64,
}

fn column_and_text(text: &str) -> Result<(String, String), String> {
    let wrong = "give COLUMN=TEXT, such as InvoiceDate=2010-12-01";
    let (column, start) = text.split_once('=').ok_or(wrong)?;
    Ok((column.to_owned(), start.to_owned()))
}

/// Imports a table, prints the summary, and fails if some rows were not imported.
pub async fn import_table(args: &ImportArgs, output: Output) -> Result<(), Failure> {
    let summary = import::import_file(&Options {
        file: args.file.clone(),
        mapping: args.map.clone(),
        url: args.remote.url.clone(),
        token: args.remote.credential(),
        only: args.only.clone(),
        report: args.report.clone(),
        in_flight: usize::from(args.in_flight),
        give_up_after: Duration::from_secs(args.give_up_after),
        show_progress: output.shows_progress(),
    })
    .await?;
    output.print(&summary)?;
    if summary.is_clean() { Ok(()) } else { Err(Failure::RowsNotTaken(not_taken(&summary))) }
}

fn not_taken(summary: &Summary) -> String {
    let Summary { bad_rows, bad_events, refused, .. } = summary;
    format!("{bad_rows} rows cannot be read ({bad_events} events not sent), {refused} events refused")
}

impl Shown for Summary {
    fn text(&self) -> String {
        let Summary { rows, recorded, known_before, .. } = self;
        let mut lines =
            vec![format!("{recorded} events recorded, {known_before} of them known before, from {rows} rows")];
        for (what, reasons) in [("without an event", &self.skipped), ("rows left out", &self.left_out)] {
            lines.extend(reasons.iter().map(|(reason, count)| format!("{count} {what}: {reason}")));
        }
        lines.join("\n")
    }
}
