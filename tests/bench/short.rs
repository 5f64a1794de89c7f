//! Short forms of the `make bench` lines that need whole processes: each must measure what it claims. No time is asserted.

mod connection;
mod first_load;
mod measure;
mod process;
mod quiet_nodes;
mod reports;
mod visible;

use std::time::Duration;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads can be started")
}

#[test]
fn pulls_of_quiet_nodes_are_held_while_central_and_postgres_are_measured() -> anyhow::Result<()> {
    let size = quiet_nodes::Size { nodes: 20, wait_seconds: 1, pulls: 2, idle: Duration::ZERO, rounds: 1 };
    let lines = quiet_nodes::lines(&runtime(), &size)?;
    lines.iter().for_each(|line| println!("{line}"));
    assert!(lines[0].ours < lines[1].ours, "Postgres was not measured");
    assert!(lines[2].ours > 1_024, "a central of less than a megabyte");
    Ok(())
}

#[test]
fn an_append_on_one_node_becomes_visible_on_another() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let lines = visible::lines(&runtime(), folder.path(), &visible::Size { events: 8, rounds: 1 })?;
    lines.iter().for_each(|line| println!("{line}"));
    assert!(lines[0].ours <= lines[1].ours && lines[0].peer <= lines[1].peer, "p50 is over p99");
    Ok(())
}

#[test]
fn a_first_load_has_every_row_and_an_end_line() -> anyhow::Result<()> {
    first_load::lines(&runtime(), 2_500, 1)?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

#[test]
fn reports_under_load_are_right_and_complete() -> anyhow::Result<()> {
    let size = reports::Size {
        connections: 8,
        nodes: 2,
        batch: 500,
        batches_before: 1,
        batches: 3,
        reports: 2,
        reads_in_process: true,
        rounds: 1,
    };
    reports::lines(&runtime(), &size)?.iter().for_each(|line| println!("{line}"));
    Ok(())
}
