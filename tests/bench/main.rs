//! `make bench`: the project's targets, as ratios measured in one run. Durability, chain, schema checks, rules and strict read
//! models are always on. No time is asserted: a missed limit is printed and reported.
//!
//! `bench P1 P3` runs only those lines. `COMPTOIR_LOAD_ROWS` sets the number of rows for P8's first load; the default is
//! 200,000.

mod append;
mod audit;
mod connection;
mod first_load;
mod load;
mod local_api;
mod measure;
mod plain_file;
mod process;
mod push;
mod quiet_nodes;
mod report_reader;
mod reports;
mod sqlite_outbox;
mod visible;

use std::time::Duration;

/// Measures the lines of one id.
type Measure = fn(&tokio::runtime::Runtime, &std::path::Path) -> anyhow::Result<Vec<measure::Line>>;

/// The allocator of the shipped binary. Every peer uses it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The 99th percentile of a round is its second highest value.
const SEEN: visible::Size = visible::Size { events: 200, rounds: 7 };
/// One minute each. A round takes two and a half minutes with its preparation, so there are fewer rounds.
const QUIET: quiet_nodes::Size =
    quiet_nodes::Size { nodes: 1_000, wait_seconds: 30, pulls: 2, idle: Duration::from_secs(60), rounds: 3 };
/// 100,000 sales first, then 120,000 per round.
const BUSY: reports::Size = reports::Size {
    connections: 200,
    nodes: 4,
    batch: 5_000,
    batches_before: 5,
    batches: 6,
    reports: 100,
    reads_in_process: false,
    rounds: 3,
};

fn load_rows() -> u64 {
    std::env::var("COMPTOIR_LOAD_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(200_000)
}

fn main() -> anyhow::Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let [reader, args @ ..] = wanted.as_slice()
        && reader == reports::READER
    {
        return report_reader::read_reports(&runtime, args);
    }
    let lines: [(&str, Measure); 9] = [
        ("P1", append::lines),
        ("P2", local_api::lines),
        ("P3", push::lines),
        ("P5", push::rebuild_line),
        ("P6", audit::lines),
        ("P8", |runtime, _| first_load::lines(runtime, load_rows(), 5)),
        ("P9", |runtime, folder| visible::lines(runtime, folder, &SEEN)),
        ("P11", |runtime, _| quiet_nodes::lines(runtime, &QUIET)),
        ("P13", |runtime, _| reports::lines(runtime, &BUSY)),
    ];
    println!("machine: {}", load());
    let mut missed = 0;
    for (id, measure) in lines {
        if wanted.is_empty() || wanted.iter().any(|name| name == id) {
            let folder = tempfile::Builder::new().prefix("comptoir-bench-").tempdir()?;
            for line in measure(&runtime, folder.path())? {
                println!("{line}");
                missed += usize::from(!line.reached());
            }
        }
    }
    println!("machine: {}", load());
    println!("{missed} limits missed");
    Ok(())
}

/// The load of the machine, which tells a busy machine from a quiet one.
fn load() -> String {
    let averages = std::fs::read_to_string("/proc/loadavg").map(|text| format!("load average {}", text.trim()));
    averages.unwrap_or_else(|error| format!("unknown load ({error})"))
}
