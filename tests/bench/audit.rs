//! P6: `audit verify` at chain level, against reading the file and one BLAKE3 pass over the same bytes.

use std::fs::File;
use std::io::{BufWriter, Read as _};
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use comptoir_audit::{BundleFile, Level, Source, verify};
use comptoir_core::position::Seq;
use comptoir_proto::bundle_v1::{EpochStart, NodeBundleWriter};
use comptoir_proto::sync_v1::parse_chain;
use comptoir_test_support::SealedLog;
use comptoir_test_support::events::Sale;
use serde_json::json;
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::measure::{Line, interleaved, rate};

const EVENTS: u64 = 1_000_000;

/// The line of P6.
pub(crate) fn lines(_: &Runtime, folder: &Path) -> anyhow::Result<Vec<Line>> {
    let path = folder.join("node.bundle");
    write_bundle(&path)?;
    let what = format!("audit verify of {EVENTS} events, chain level : one BLAKE3 pass");
    let line = interleaved(
        "P6",
        what,
        600,
        5,
        || {
            let started = Instant::now();
            let file = BundleFile::new(&path);
            let report = verify(&[&file as &dyn Source], &Level::Chain.into(), &mut |_| {})?;
            anyhow::ensure!(report.first_break.is_none(), "{:?}", report.first_break);
            Ok(rate(EVENTS, started))
        },
        || {
            let started = Instant::now();
            let mut file = File::open(&path)?;
            let mut hasher = blake3::Hasher::new();
            let mut buffer = vec![0u8; 1024 * 1024];
            loop {
                match file.read(&mut buffer)? {
                    0 => break,
                    n => hasher.update(&buffer[..n]),
                };
            }
            anyhow::ensure!(hasher.finalize() != blake3::Hash::from_bytes([0; 32]));
            Ok(rate(EVENTS, started))
        },
    )?;
    Ok(vec![line])
}

fn write_bundle(path: &Path) -> anyhow::Result<()> {
    let ids = |number: u128| Uuid::from_u128(number).to_string();
    let issued = json!({"TENANT_ID": ids(1), "SITE_ID": ids(2), "NODE_ID": ids(3)});
    let mut node = SealedLog::issued(&issued);
    let mut writer = NodeBundleWriter::start(BufWriter::new(File::create(path)?), node.tenant, node.node)?;
    let mut started = false;
    let mut sale = Sale::online_retail("85123A", "T-1");
    sale.lines[0].description = Some("WHITE HANGING HEART T-LIGHT HOLDER".to_owned());
    let mut written = 0;
    while written < EVENTS {
        while (node.records.len() as u64) < (EVENTS - written).min(10_000) {
            node.record("T-1", &sale);
        }
        let batch = node.take_push();
        if !started {
            let chain = parse_chain(&batch.previous_chain).context("a chain has 64 hex digits")?;
            writer.epoch(EpochStart { epoch: batch.epoch.into(), after: Seq::ZERO, chain })?;
            started = true;
        }
        for sealed in &batch.records {
            let (record, chain) = sealed.bytes().context("what was sealed here reads")?;
            writer.record(&record, chain)?;
            written += 1;
        }
    }
    writer.finish()?;
    Ok(())
}
