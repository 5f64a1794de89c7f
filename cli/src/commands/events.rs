//! `comptoir events`: reads and exports the log of a node or of central.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use comptoir_core::limits::PAGE_ROWS_MAX;
use comptoir_proto::bundle_v1::{BundleError, BundleReader, Frame};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::paths;
use reqwest::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::causes::with_causes;
use crate::failure::Failure;
use crate::output::{Output, Shown};
use crate::remote::{Remote, RemoteArgs};

/// Pause between two requests of `tail --follow`.
const POLL_EVERY: Duration = Duration::from_secs(1);

/// The commands of `events`.
#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// Show the last events
    Tail(TailArgs),
    /// Show one event with central's decision
    Show(ShowArgs),
    /// Export the log to a bundle, which an auditor can verify without a server
    Export(ExportArgs),
}

/// Arguments of `events tail`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comptoir events tail -n 5
  comptoir events tail --follow --json | jq .payload
  comptoir events tail --after CURSOR")]
pub struct TailArgs {
    #[command(flatten)]
    remote: RemoteArgs,
    /// Number of last events to show
    #[arg(short = 'n', long, default_value_t = 20)]
    lines: usize,
    /// Show all events after a cursor of the API instead
    #[arg(long, value_name = "CURSOR", conflicts_with = "lines")]
    after: Option<String>,
    /// Wait for new events and show them as they arrive
    #[arg(short, long)]
    follow: bool,
}

/// Arguments of `events show`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  comptoir events show 0199d2a4-7c51-7b1e-9d52-0f6a3c1e8b77")]
pub struct ShowArgs {
    /// Event id
    id: Uuid,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Arguments of `events export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  comptoir events export --url http://127.0.0.1:7401 --out shop.bundle
  comptoir audit verify shop.bundle
  comptoir events export --incomplete --out rescue.bundle")]
pub struct ExportArgs {
    #[command(flatten)]
    remote: RemoteArgs,
    /// The file to write; it appears once it is complete
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Export the readable records of a damaged node's log; `audit verify` then names the missing ones
    #[arg(long)]
    incomplete: bool,
}

/// Reads or exports a log over the API.
pub async fn read_log(command: EventsCommand, output: Output) -> Result<(), Failure> {
    match command {
        EventsCommand::Tail(args) => tail(&args, output).await,
        EventsCommand::Show(args) => show(&args, output).await,
        EventsCommand::Export(args) => export(&args, output).await,
    }
}

async fn tail(args: &TailArgs, output: Output) -> Result<(), Failure> {
    let remote = Remote::new(&args.remote)?;
    let mut last = VecDeque::new();
    let mut from = match &args.after {
        Some(after) => ("after", after.clone()),
        None => ("last", args.lines.to_string()),
    };
    loop {
        let page = page(&remote, &from).await?;
        for event in page.events {
            if args.after.is_some() {
                output.print(&event)?;
                continue;
            }
            // More events may have arrived during the requests than were asked for.
            last.push_back(event);
            if last.len() > args.lines {
                last.pop_front();
            }
        }
        from = ("after", page.next);
        if !page.more {
            break;
        }
    }
    last.iter().try_for_each(|event| output.print(event))?;
    if args.follow { follow(&remote, from, output).await } else { Ok(()) }
}

/// Where a page begins: name and value of a query parameter.
type PageFrom = (&'static str, String);

/// Runs until it is interrupted.
async fn follow(remote: &Remote, mut from: PageFrom, output: Output) -> Result<(), Failure> {
    loop {
        let page = page(remote, &from).await?;
        page.events.iter().try_for_each(|event| output.print(event))?;
        from = ("after", page.next);
        if !page.more {
            tokio::time::sleep(POLL_EVERY).await;
        }
    }
}

/// A page with its events as raw JSON: a payload may be nested deeper than a parsed value may be.
#[derive(Deserialize)]
struct FetchedPage {
    events: Vec<Event>,
    next: String,
    more: bool,
}

async fn page(remote: &Remote, (name, value): &PageFrom) -> Result<FetchedPage, Failure> {
    remote.get(paths::EVENTS, &[("limit", PAGE_ROWS_MAX.to_string().as_str()), (name, value)]).await
}

async fn show(args: &ShowArgs, output: Output) -> Result<(), Failure> {
    let path = paths::EVENT.replace("{id}", &args.id.to_string());
    let event: Event = Remote::new(&args.remote)?.get(&path, &[]).await?;
    if output.is_json() { output.print(&event) } else { output.print(&FullEvent(event)) }
}

#[derive(Serialize)]
struct Exported<'a> {
    file: &'a Path,
    bytes: u64,
}

async fn export(args: &ExportArgs, output: Output) -> Result<(), Failure> {
    let out = args.out.as_path();
    let (Some(name), false) = (out.file_name(), out.is_dir()) else {
        let words = "this is a folder; name a file";
        return Err(Failure::Usage(format!("{}: {words}", out.display())));
    };
    let remote = Remote::new(&args.remote)?;
    let query: &[(&str, &str)] = if args.incomplete { &[("incomplete", "true")] } else { &[] };
    let response = remote.open(paths::EVENTS_EXPORT, query).await?;
    let mut name = name.to_owned();
    name.push(".part");
    let part = out.with_file_name(name);
    let file = File::create(&part).map_err(|error| Failure::Usage(format!("{}: {error}", out.display())))?;
    match write_bundle(&remote, response, file, &part, out).await {
        Ok(bytes) => {
            output.print(&Exported { file: out, bytes })?;
            match damage(&remote).await {
                Some(reason) if args.incomplete => Err(Failure::Found(format!("LOG_DAMAGED: {reason}"))),
                _ => Ok(()),
            }
        }
        Err(failure) => {
            // Half a log is of no use, and contains what was sold to whom. If it cannot be removed, the first failure matters
            // more.
            drop(std::fs::remove_file(&part));
            Err(failure)
        }
    }
}

/// The readable part of a bundle.
struct Extent {
    /// The last readable record, as text.
    last: String,
    /// The error after it; `None` if the bundle is readable to its end.
    broken: Option<BundleError>,
}

impl Extent {
    fn of(bundle: &Path) -> std::io::Result<Extent> {
        let mut last = "no record".to_owned();
        let broken = read_to_end(File::open(bundle)?, &mut last).err();
        Ok(Extent { last, broken })
    }
}

fn read_to_end(bundle: File, last: &mut String) -> Result<(), BundleError> {
    let mut reader = BundleReader::open(bundle)?;
    let (mut epoch, mut seq) = (0, 0u64);
    while let Some((_, frame)) = reader.next_frame()? {
        match frame {
            Frame::Epoch(start) => (epoch, seq) = (start.epoch.number, start.after.0),
            Frame::Record { .. } => {
                seq = seq.saturating_add(1);
                *last = format!("epoch {epoch}, seq {seq}");
            }
            Frame::Entry(entry) => *last = format!("position {}", entry.position),
            Frame::Answer(_) | Frame::Head(_) => {}
        }
    }
    Ok(())
}

/// The failure for a stream that ended before the log did: the last record received, the server's own report, and what to do.
async fn stream_broken(remote: &Remote, (part, bytes): (&Path, u64), cause: &str) -> Failure {
    if let Some(reason) = damage(remote).await {
        return Failure::Refused(format!(
            "LOG_DAMAGED: the export broke off, nothing was written: {reason}. --incomplete exports the readable records; \
             see docs/operating/node.md"
        ));
    }
    let last = Extent::of(part).map_or_else(|error| error.to_string(), |extent| extent.last);
    let problem = remote.readiness_problem().await;
    let report = problem.as_ref().map(|problem| format!(" The server reports {}: {}.", problem.code, problem.detail));
    let report = report.unwrap_or_default();
    let url = remote.url();
    let text = format!(
        "{url}: the stream broke off after {bytes} bytes, the last record received is {last} ({cause}).{report} Nothing of it was \
             kept. Try again; where it breaks off at the same record, the stored log is damaged: read the server's log, and run \
             `comptoir admin check` on central's machine"
    );
    let damaged = [ErrorCode::StoreDamaged, ErrorCode::LogReadOnly];
    match problem.and_then(|problem| problem.error_code()) {
        Some(code) if damaged.contains(&code) => Failure::Found(text),
        _ => Failure::Unavailable(text),
    }
}

/// Writes the answer to a temporary file, and renames it once it is complete.
async fn write_bundle(
    remote: &Remote,
    mut response: Response,
    mut file: File,
    part: &Path,
    out: &Path,
) -> Result<u64, Failure> {
    let disk = |error: std::io::Error| {
        let text = format!("{}: {error}", out.display());
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Failure::Unavailable(text),
            _ => Failure::Internal(text),
        }
    };
    let mut bytes = 0;
    loop {
        match response.chunk().await {
            Ok(Some(piece)) => {
                file.write_all(&piece).map_err(disk)?;
                bytes += piece.len() as u64;
            }
            Ok(None) => break,
            Err(error) => return Err(stream_broken(remote, (part, bytes), &with_causes(&error)).await),
        }
    }
    file.sync_all().map_err(disk)?;
    // A proxy may end a truncated answer as if it were complete.
    if let Some(error) = Extent::of(part).map_err(disk)?.broken {
        return Err(stream_broken(remote, (part, bytes), &error.to_string()).await);
    }
    std::fs::rename(part, out).map_err(disk)?;
    Ok(bytes)
}

/// Why a node's log is damaged, if the node says that it is.
async fn damage(remote: &Remote) -> Option<String> {
    let NodeState { log } = remote.get(paths::STATUS, &[]).await.ok()?;
    log.reason.filter(|_| log.state == "damaged")
}

/// The part of a node's status that is read here. Central's status has another form and fails to parse.
#[derive(Deserialize)]
struct NodeState {
    log: LogState,
}

#[derive(Deserialize)]
struct LogState {
    state: String,
    reason: Option<String>,
}

impl Shown for Exported<'_> {
    fn text(&self) -> String {
        let (file, bytes) = (self.file.display(), self.bytes);
        format!("{bytes} bytes written to {file}")
    }
}

/// One event as the API sends it.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Event(Box<RawValue>);

/// The fields that a line shows.
#[derive(Deserialize)]
struct EventLine {
    id: Uuid,
    epoch: u32,
    seq: u64,
    occurred_at: String,
    action: String,
    entity_type: String,
    entity_id: String,
    decision: Option<Decision>,
}

#[derive(Deserialize)]
struct Decision {
    verdict: String,
}

impl Shown for Event {
    fn text(&self) -> String {
        let Ok(line) = serde_json::from_str::<EventLine>(self.0.get()) else { return self.0.get().to_owned() };
        let verdict = line.decision.as_ref().map_or("-", |decision| decision.verdict.as_str());
        let EventLine { epoch, seq, occurred_at, action, entity_type, entity_id, id, .. } = &line;
        format!("{epoch}/{seq}  {occurred_at}  {verdict:<11}  {action}  {entity_type} {entity_id}  {id}")
    }
}

/// Shows one event as indented JSON.
#[derive(Serialize)]
struct FullEvent(Event);

impl Shown for FullEvent {
    fn text(&self) -> String {
        let text = self.0.0.get();
        let value = serde_json::from_str::<serde_json::Value>(text);
        value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_else(|_| text.to_owned())
    }
}
