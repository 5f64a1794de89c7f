//! Holds the log to its promise through kills and power cuts, one after another on one database. After each crash a reader that
//! shares no code with the log reads every acknowledged record.
//!
//! | variable | meaning |
//! |---|---|
//! | `COMPTOIR_CRASHES` | kills, power cuts of the log and power cuts of the control; 20 without it |
//! | `COMPTOIR_CRASH_SEED` | repeats a run's choices, not its timing; drawn and printed without it |
//! | `COMPTOIR_CRASH_RIG=replay` | uses no loop mounts |
//!
//! A power cut shuts down an ext4 file system in a loop mount without flushing its journal; every second one happens under
//! load. An acknowledgement counts if it was received before the cut was requested. The control is a plain file in the same
//! rig: if it loses data, the rig is at fault. Where loop mounts are refused, strace records the writer's system calls, and a
//! replay drops, reorders and tears the unsynced ones; the run reports that on standard error.

mod central_full_disk;
mod ext4;
mod full_disk;
mod load;
mod replay;
mod strace;
mod summary;
mod writer;

use std::path::Path;

use anyhow::Context as _;
use comptoir_tests::crash_ledger::Random;
use load::Load;
use summary::{Summary, announce};
use writer::{Ending, Program};

/// The log with everything that makes it durable.
const LOG: Program = Program { path: env!("CARGO_BIN_EXE_crash-log"), name: "the log" };
/// sled as released.
const BARE_SLED: Program = Program { path: env!("CARGO_BIN_EXE_crash-bare-sled"), name: "bare sled" };
/// The control: what a correct file system keeps.
const PLAIN_FILE: Program = Program { path: env!("CARGO_BIN_EXE_crash-plain-file"), name: "the control, a plain file" };

/// The most events that one round acknowledges.
const EVENTS_MAX: u64 = 1_500;
/// After this many crashes the next ones start with an empty disk, since each check reads everything that earlier rounds wrote.
const KILLS_PER_LOG: u64 = 200;
const CUTS_PER_DISK: u64 = 50;

fn rounds() -> u64 {
    std::env::var("COMPTOIR_CRASHES").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20)
}

/// A new seed for each run, printed in its output.
fn random(test: &str) -> Random {
    let given = std::env::var("COMPTOIR_CRASH_SEED").ok().and_then(|seed| seed.parse().ok());
    let drawn = || u64::from_le_bytes(std::array::from_fn(|at| uuid::Uuid::new_v4().as_bytes()[at]));
    let seed: u64 = given.unwrap_or_else(drawn);
    announce(&format!("{test}: COMPTOIR_CRASH_SEED={seed}"));
    // Spread, so that neighbouring seeds differ; never 0.
    Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
}

#[test]
fn every_acknowledged_record_survives_kill_9() -> anyhow::Result<()> {
    let mut random = random("kill -9");
    let folder = tempfile::tempdir()?;
    let mut summary = Summary::new(&LOG, "kill -9");
    let mut ledger = writer::Ledger::create(&folder.path().join("ledger"))?;
    let data = folder.path().join("data");
    std::fs::create_dir(&data)?;
    for round in 0..rounds() {
        if round > 0 && round.is_multiple_of(KILLS_PER_LOG) {
            ledger.forget()?;
            std::fs::remove_dir_all(&data)?;
            std::fs::create_dir(&data)?;
        }
        let mut running = LOG.start(&data, round, &ledger)?;
        running.burst(&mut random, EVENTS_MAX, &ledger)?;
        running.kill(&mut ledger)?;
        summary.count(&LOG.check(&data, &ledger)?, &ledger, false);
    }
    summary.print();
    summary.assert_nothing_lost();
    Ok(())
}

#[test]
fn every_acknowledged_record_survives_a_power_cut() -> anyhow::Result<()> {
    let mut random = random("power cuts");
    let summary = cut_power(&LOG, rounds(), Loaded::EverySecond, &mut random)?;
    summary.print();
    summary.assert_nothing_lost();
    Ok(())
}

/// Without this control a loss could be the harness's fault.
#[test]
fn a_plain_file_loses_nothing_under_the_same_power_cuts() -> anyhow::Result<()> {
    let mut random = random("power cuts of the control");
    let summary = cut_power(&PLAIN_FILE, rounds(), Loaded::EverySecond, &mut random)?;
    summary.print();
    assert_eq!(
        summary.lost + summary.unusable,
        0,
        "the control lost acknowledged records: the rig is at fault, not the log"
    );
    summary.assert_nothing_lost();
    Ok(())
}

/// Without this control the harness might detect nothing.
#[test]
fn bare_sled_loses_acknowledged_records_under_the_same_power_cuts() -> anyhow::Result<()> {
    assert!(calls_system_sync_file_range(&BARE_SLED)?, "bare sled was built with the patched flush");
    assert!(!calls_system_sync_file_range(&LOG)?, "the log was built without the patched flush");
    let mut random = random("power cuts of bare sled");
    let summary = cut_power(&BARE_SLED, rounds().min(40), Loaded::Never, &mut random)?;
    summary.print();
    assert!(summary.lost + summary.unusable > 0, "bare sled lost nothing: the power cuts had no effect");
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Loaded {
    /// Other threads that sync make the file system write its journal more often, which hides a missing sync: half the cuts
    /// have no load.
    EverySecond,
    Never,
}

fn cut_power(program: &Program, rounds: u64, loaded: Loaded, random: &mut Random) -> anyhow::Result<Summary> {
    let folder = tempfile::tempdir()?;
    let asked_for_replay = std::env::var("COMPTOIR_CRASH_RIG").is_ok_and(|rig| rig == "replay");
    let refusal = if asked_for_replay {
        "COMPTOIR_CRASH_RIG=replay".to_owned()
    } else {
        match ext4::Disk::create(folder.path(), "6G") {
            Ok(disk) => return cut_ext4(program, rounds, loaded, random, folder.path(), disk),
            Err(refusal) => format!("{refusal:#}"),
        }
    };
    announce(&format!(
        "{}: NO POWER CUTS on a loop mount here ({refusal}); replays recorded writes with the unsynced ones dropped, without load",
        program.name
    ));
    replay::cut(program, rounds, random, folder.path())
}

fn cut_ext4(
    program: &Program,
    rounds: u64,
    loaded: Loaded,
    random: &mut Random,
    folder: &Path,
    mut disk: ext4::Disk,
) -> anyhow::Result<Summary> {
    let mut summary = Summary::new(program, "power cuts (ext4 on a loop mount, shut down without its journal)");
    let mut ledger = writer::Ledger::create(&folder.join("ledger"))?;
    for round in 0..rounds {
        if round > 0 && round.is_multiple_of(CUTS_PER_DISK) {
            ledger.forget()?;
            disk.empty()?;
        }
        let under_load = loaded == Loaded::EverySecond && round % 2 == 1;
        let load = if under_load { Some(Load::start(disk.path())?) } else { None };
        let power = disk.power_switch()?;
        let mut running = program.start(disk.path(), round, &ledger)?;
        running.burst(random, EVENTS_MAX, &ledger)?;
        running.close_ledger();
        power.cut()?;
        running.kill(&mut ledger)?;
        drop(load);
        disk.remount()?;
        let ending = program.check(disk.path(), &ledger)?;
        summary.count(&ending, &ledger, under_load);
        if !ending.is_clean() {
            // Each loss is counted once. A database that still opens is kept; one that does not is replaced by an empty one.
            ledger.forget()?;
            if let Ending::Unusable(_) = ending {
                disk.empty()?;
            }
        }
    }
    Ok(summary)
}

/// Whether the binary takes `sync_file_range` from the C library: the symbol is undefined if the binary does not define it.
fn calls_system_sync_file_range(program: &Program) -> anyhow::Result<bool> {
    let listed = std::process::Command::new("nm").args(["-D", "--undefined-only", program.path]).output();
    let listed = listed.context("nm is part of binutils, which the linker needs too: apt-get install binutils")?;
    anyhow::ensure!(listed.status.success(), "nm: {}", String::from_utf8_lossy(&listed.stderr));
    Ok(String::from_utf8_lossy(&listed.stdout).contains(" sync_file_range"))
}
