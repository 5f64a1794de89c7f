//! `make bench`: what the project must reach, as ratios measured in one run. Durability, chain, schema checks, rules and strict read
//! models are on, always. Nothing here asserts a time: a missed limit is printed, and reported.
//!
//! `bench P1 P3` runs those lines only.

mod append;
mod audit;
mod load;
mod local_api;
mod measure;
mod plain_file;
mod push;
mod sqlite_outbox;

use std::process::Command;

/// What measures the lines of one id.
type Measure = fn(&tokio::runtime::Runtime, &std::path::Path) -> anyhow::Result<Vec<measure::Line>>;

/// The binary's own, so that what is measured is what is shipped; every peer has it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let lines: [(&str, Measure); 5] = [
        ("P1", append::lines),
        ("P2", local_api::lines),
        ("P3", push::lines),
        ("P5", push::rebuild_line),
        ("P6", audit::lines),
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

/// The load of the machine, so that a reader can tell a busy one.
fn load() -> String {
    let uptime =
        Command::new("uptime").output().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    uptime.unwrap_or_else(|error| format!("unknown load ({error})"))
}
