//! The reader of P13 as a process of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::bail;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::reports::{READER, READER_TOKEN, Readings, readings};

/// `bench read-reports ADDRESS ROUNDS`. It stops at the end of its input.
pub(crate) fn read_reports(runtime: &Runtime, args: &[String]) -> anyhow::Result<()> {
    let [server, rounds] = args else { bail!("usage: {READER} ADDRESS ROUNDS") };
    let stopped = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&stopped);
    std::thread::spawn(move || {
        // An error ends the input too.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        stop.store(true, Ordering::Release);
    });
    let readings = readings(server.parse()?, rounds.parse()?, std::env::var(READER_TOKEN)?, stopped);
    let Readings { times, kept } = runtime.block_on(readings)?;
    println!("{}", json!({"times": times, "kept": kept}));
    Ok(())
}
