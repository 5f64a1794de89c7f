//! P8: a node's first load from the shipped binary, read and decompressed, against COPY OUT of the same rows. Each row was
//! created by its own pushed event.

use std::io::Write as _;
use std::time::Instant;

use anyhow::ensure;
use comptoir_central::database::NAME;
use comptoir_central::private_postgres::{ADMIN_ROLE, connection_string_of};
use comptoir_core::limits::PUSH_RECORDS_MAX;
use comptoir_proto::paths;
use comptoir_test_support::SealedLog;
use comptoir_test_support::{RunningTenant, text};
use futures_util::{StreamExt as _, pin_mut};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

use crate::measure::{Line, interleaved, rate};

/// The line of P8.
pub(crate) fn lines(runtime: &Runtime, rows: u64, rounds: usize) -> anyhow::Result<Vec<Line>> {
    let school = runtime.block_on(School::open(rows))?;
    // The first load warms every cache.
    runtime.block_on(school.load())?;
    let line = interleaved(
        "P8",
        format!("first load of {rows} rows : COPY OUT"),
        400,
        rounds,
        || runtime.block_on(school.load()),
        || runtime.block_on(school.copy_out()),
    )?;
    Ok(vec![line])
}

/// A school with one row per pupil.
struct School {
    company: RunningTenant,
    postgres: Client,
    key: String,
    rows: u64,
}

impl School {
    async fn open(rows: u64) -> anyhow::Result<School> {
        let company = RunningTenant::new("Europe/Paris", "EUR");
        let issued = company.issue_node(&company.site("LYC"), "registrar");
        let key = text(&issued["SYNC_API_KEY"]);
        let started = Instant::now();
        push_pupils(&company, &issued, &key, rows).await?;
        println!("P8  {rows} rows were pushed by one node into an empty central, {} a second", rate(rows, started));
        let url = connection_string_of(&company.path("central"), ADMIN_ROLE, NAME)?;
        let (postgres, connection) = tokio_postgres::connect(&url, NoTls).await?;
        tokio::spawn(connection);
        postgres.batch_execute("vacuum analyze entity").await?;
        Ok(School { company, postgres, key, rows })
    }

    /// Rows per second, from the request until the last line was read.
    async fn load(&self) -> anyhow::Result<u64> {
        let url = format!("{}{}", self.company.central.url, paths::SYNC_BOOTSTRAP);
        let mut zstd = zstd::stream::write::Decoder::new(Counted::default())?;
        let started = Instant::now();
        let answer = self.company.http.get(url).bearer_auth(&self.key).send().await?.error_for_status()?;
        let mut stream = answer.bytes_stream();
        while let Some(piece) = stream.next().await {
            zstd.write_all(&piece?)?;
        }
        zstd.flush()?;
        let a_second = rate(self.rows, started);
        let Counted { rows, last_line } = zstd.into_inner();
        ensure!(rows == self.rows, "{rows} rows of {}", self.rows);
        ensure!(last_line.starts_with(br#"{"end":"#), "{}", String::from_utf8_lossy(&last_line));
        Ok(a_second)
    }

    /// The same rows by COPY OUT, in rows per second.
    async fn copy_out(&self) -> anyhow::Result<u64> {
        let tenant = &self.company.tenant;
        let sql = format!("copy (select * from entity where tenant_id = '{tenant}') to stdout (format binary)");
        let started = Instant::now();
        let stream = self.postgres.copy_out(&sql).await?;
        pin_mut!(stream);
        while let Some(piece) = stream.next().await {
            piece?;
        }
        Ok(rate(self.rows, started))
    }
}

/// Counts the rows and keeps the last line.
#[derive(Default)]
struct Counted {
    rows: u64,
    last_line: Vec<u8>,
}

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.last_line.ends_with(b"\n") {
                self.last_line.clear();
            }
            self.last_line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.rows += u64::from(self.last_line.starts_with(br#"{"row":"#));
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn push_pupils(company: &RunningTenant, issued: &Value, key: &str, rows: u64) -> anyhow::Result<()> {
    let url = format!("{}{}", company.central.url, paths::SYNC_PUSH);
    let mut node = SealedLog::issued(issued);
    let mut made = 0;
    while made < rows {
        while made < rows && node.records.len() < PUSH_RECORDS_MAX {
            made += 1;
            let fields =
                json!({"name": format!("Élève {made}"), "class": format!("6e {}", made % 7), "note": note(made)});
            node.seal("STUDENT", &format!("eleve-{made:08}"), "CREATE", &fields);
        }
        let answer = company.http.post(&url).bearer_auth(key).json(&node.take_push()).send().await?;
        let status = answer.status();
        let body: Value = answer.json().await?;
        ensure!(status.is_success(), "{body}");
        let odd = body["results"].as_array().into_iter().flatten().find(|result| result["verdict"] != "ACCEPTED");
        ensure!(odd.is_none(), "{odd:?}");
    }
    Ok(())
}

/// Two incompressible words.
fn note(number: u64) -> String {
    blake3::hash(&number.to_le_bytes()).to_hex().to_string()
}
