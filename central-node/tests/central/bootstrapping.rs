//! The first load: complete, in order, resumed where it was cut, and bounded.

use std::collections::BTreeMap;
use std::io::Write as _;

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use comptoir_proto::pull_v1::{BOOTSTRAP_TYPE, BootstrapLine, PullCursor, RowKey};
use comptoir_test_support::events::InvoiceCreation;
use comptoir_test_support::{SealedLog, TestCentral};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::pulling::pull;

const CUTS: usize = 50;

/// A response body, read in pieces and counted.
struct Stream {
    body: axum::body::BodyDataStream,
    zstd: zstd::stream::write::Decoder<'static, Vec<u8>>,
    bytes: usize,
}

async fn ask(server: &TestCentral, node: &SealedLog, after: Option<&str>) -> axum::response::Response {
    let after = after.map(|after| format!("?after={after}")).unwrap_or_default();
    let request = Request::get(format!("/api/v1/sync/bootstrap{after}"))
        .header(header::AUTHORIZATION, format!("Bearer {}", node.key));
    server.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn open(server: &TestCentral, node: &SealedLog, after: Option<&str>) -> Stream {
    let response = ask(server, node, after).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], BOOTSTRAP_TYPE);
    let zstd = zstd::stream::write::Decoder::new(Vec::new()).unwrap();
    Stream { body: response.into_body().into_data_stream(), zstd, bytes: 0 }
}

impl Stream {
    /// The lines of the next block, up to `bytes_max` of the whole stream; `None` at the end and at the cut.
    async fn next(&mut self, bytes_max: usize) -> Option<Vec<BootstrapLine>> {
        let left = bytes_max.checked_sub(self.bytes).filter(|left| *left > 0)?;
        let mut block: Bytes = self.body.next().await?.unwrap();
        block.truncate(left);
        self.bytes += block.len();
        self.zstd.write_all(&block).unwrap();
        self.zstd.flush().unwrap();
        let raw = self.zstd.get_mut();
        let end = raw.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let whole: Vec<u8> = raw.drain(..end).collect();
        Some(whole.split_inclusive(|byte| *byte == b'\n').map(|line| serde_json::from_slice(line).unwrap()).collect())
    }
}

/// A node's copy during a load.
#[derive(Default)]
struct Load {
    rows: BTreeMap<RowKey, Value>,
    mark: Option<String>,
    end: Option<PullCursor>,
    heads: Vec<u64>,
    announced: Option<u64>,
    bytes: usize,
}

impl Load {
    /// Reads a stream to its end or to `bytes_max`. Rows after the last mark are lost, as on a node whose connection is cut.
    async fn take(&mut self, mut stream: Stream, bytes_max: usize) {
        let mut unmarked = Vec::new();
        while let Some(lines) = stream.next(bytes_max).await {
            for line in lines {
                match line {
                    BootstrapLine::Start { head, rows, .. } => {
                        self.heads.push(head);
                        self.announced = self.announced.or(rows);
                    }
                    BootstrapLine::Row(change) => unmarked.push(change),
                    BootstrapLine::Mark(mark) => {
                        assert!(unmarked.len() <= 200, "{} rows without a mark", unmarked.len());
                        self.keep(&mut unmarked);
                        self.mark = Some(mark);
                    }
                    BootstrapLine::End { cursor } => {
                        self.keep(&mut unmarked);
                        self.end = Some(cursor.parse().unwrap());
                    }
                }
            }
        }
        self.bytes += stream.bytes;
    }

    fn keep(&mut self, unmarked: &mut Vec<comptoir_proto::pull_v1::RowChange>) {
        for change in unmarked.drain(..) {
            let last = self.rows.last_key_value().map(|(key, _)| key);
            assert!(last.is_none_or(|last| *last < change.key), "{last:?} before {:?}", change.key);
            self.rows.insert(change.key, serde_json::from_str(change.row.unwrap().get()).unwrap());
        }
    }
}

/// Loads everything: the last mark and the final cursor.
pub(crate) async fn load(server: &TestCentral, node: &SealedLog) -> (String, PullCursor) {
    let mut load = Load::default();
    load.take(open(server, node, None).await, usize::MAX).await;
    (load.mark.unwrap(), load.end.unwrap())
}

#[tokio::test]
async fn a_load_returns_the_rows_of_a_full_pull_and_its_cursor_continues_there() {
    let server = TestCentral::new().await;
    let (company, other) = (server.company().await, server.company().await);
    let (mut node, mut stranger) = (company.node().await, other.node().await);
    for writer in [&mut node, &mut stranger] {
        for number in 0..3 {
            writer.seal("CLIENT", &format!("c.{number} é"), "CREATE", &json!({ "name": "Durand" }));
            writer.record(&format!("i-{number}"), &InvoiceCreation::default());
            writer.sell(&format!("s-{number}"));
        }
        writer.seal("CLIENT", "c.2 é", "DELETE", &json!({}));
        writer.push_all(&server).await;
    }
    let sql = "insert into stock_item (tenant_id, version, site_id, product, position, backordered, consumed_quantity, consumed_cost, lots,
                                       first_position)
               select tenant_id, version, '00000000-0000-0000-0000-000000000000', product, 2, 0, 0, 0, '[]', 2 from stock_item";
    server.admin().await.execute(sql, &[]).await.unwrap();
    let mut load = Load::default();
    load.take(open(&server, &node, None).await, usize::MAX).await;
    let pulled = pull(&server, &node, None, 5_000).await;
    let rows: BTreeMap<RowKey, Value> = pulled
        .changes
        .iter()
        .map(|change| (change.key.clone(), serde_json::from_str(change.row.as_ref().unwrap().get()).unwrap()))
        .collect();
    assert_eq!(load.rows.len(), 8, "{:?}", load.rows);
    assert_eq!(load.announced, Some(8), "{:?}", load.rows);
    assert_eq!(load.rows, rows);
    let end = load.end.unwrap();
    assert_eq!(pulled.cursor, end.to_string());
    node.seal("CLIENT", "c-9", "CREATE", &json!({ "name": "Petit" }));
    node.push(&server, node.seq.0, node.seq.0).await;
    let next = pull(&server, &node, Some(&end.to_string()), 5_000).await;
    assert_eq!(next.changes.iter().map(|change| change.key.entity_id.as_str()).collect::<Vec<_>>(), ["c-9"]);
}

#[tokio::test]
async fn a_mark_of_another_central_or_scope_is_gone_and_an_unreadable_one_invalid() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.seal("CLIENT", "c-1", "CREATE", &json!({ "name": "Durand" }));
    node.push_all(&server).await;
    let (here, scope) = (server.central.incarnation().simple(), format!("1-{}", company.site.uuid().simple()));
    let mut whole = Load::default();
    whole.take(open(&server, &node, None).await, usize::MAX).await;
    let proof = whole.end.and_then(|end| end.proof).expect("a load ends with its proof");
    let key = format!("e.00000000000000000000000000000000.Q0xJRU5U.Yy0x.{}.{}", proof.position, proof.chain);
    let another = uuid::Uuid::new_v4().simple();
    for (mark, status) in [
        (format!("b1.{here}.{scope}.3.{key}"), 200),
        (format!("b1.{another}.{scope}.3.{key}"), 410),
        (format!("b1.{here}.1-none.3.{key}"), 410),
        (format!("b1.{here}.{scope}.999.{key}"), 410),
        ("b1.what".to_owned(), 400),
    ] {
        assert_eq!(ask(&server, &node, Some(&mark)).await.status().as_u16(), status, "{mark}");
    }
}

/// Inserts `rows` pupils with `words` incompressible words each.
async fn fill(server: &TestCentral, tenant: uuid::Uuid, rows: i64, words: i32) {
    let sql = "insert into entity (tenant_id, version, entity_type, entity_id, entity_version, deleted, fields, provenance, open_conflicts,
                                   conflicts_at)
               select $1, 1, 'STUDENT', 'eleve-' || lpad(g::text, 8, '0'), 2, false,
                      json_build_object('name', 'Élève ' || g, 'class', '6e ' || g % 7, 'note',
                                        (select string_agg(md5(g || '/' || w), '') from generate_series(1, $3::int) w)),
                      '{}', '{}', 0
               from generate_series(1, $2::bigint) g";
    let admin = server.admin().await;
    admin.execute(sql, &[&tenant, &rows, &words]).await.unwrap();
    admin.batch_execute("vacuum analyze entity").await.unwrap();
}

/// xorshift64.
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

/// `COMPTOIR_LOAD_ROWS=1000000` (`make sim-long`) runs it with a million rows.
#[tokio::test]
async fn a_load_that_is_cut_fifty_times_transfers_under_five_percent_more() {
    let rows = std::env::var("COMPTOIR_LOAD_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(20_000);
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.push_all(&server).await;
    fill(&server, company.tenant.uuid(), rows, if rows > 100_000 { 2 } else { 12 }).await;
    let mut whole = Load::default();
    whole.take(open(&server, &node, None).await, usize::MAX).await;
    assert_eq!(whole.rows.len() as i64, rows);
    assert_eq!(whole.announced, Some(rows as u64));

    let mut seed = uuid::Uuid::new_v4().as_u64_pair().0 | 1;
    println!("seed {seed}: {rows} rows are {} bytes", whole.bytes);
    let mut cut = Load::default();
    for number in 0..CUTS {
        let after = (next(&mut seed) % (whole.bytes as u64 * 8 / 5 / CUTS as u64)) as usize;
        cut.take(open(&server, &node, cut.mark.as_deref()).await, after).await;
        if number == CUTS / 2 {
            // Change a row that was sent already and one that was not.
            for id in ["eleve-00000001".to_owned(), format!("eleve-{rows:08}")] {
                let edit = node.event("STUDENT", &id, "UPDATE", &json!({ "class": "5e" }));
                let content = comptoir_core::event::Content { base_version: Some(2), ..edit.content.clone() };
                node.seal_event(comptoir_core::event::Event { content, ..edit });
            }
            node.push(&server, node.seq.0 - 1, node.seq.0).await;
        }
        if cut.end.is_some() {
            break;
        }
    }
    if cut.end.is_none() {
        cut.take(open(&server, &node, cut.mark.as_deref()).await, usize::MAX).await;
    }
    let (moved, once) = (cut.bytes, whole.bytes);
    println!(
        "{} streams moved {moved} bytes where one moves {once}: {} in a thousand",
        cut.heads.len(),
        moved * 1000 / once
    );
    assert!(cut.heads.windows(2).all(|heads| heads[0] == heads[1]), "a resumed stream keeps the first one's head");
    assert!(moved * 100 < once * 105, "{moved} bytes for {once}");
    let end = cut.end.clone().unwrap();
    let page = pull(&server, &node, Some(&end.to_string()), 5_000).await;
    for change in &page.changes {
        cut.rows.insert(change.key.clone(), serde_json::from_str(change.row.as_ref().unwrap().get()).unwrap());
    }
    assert_eq!(cut.rows.len(), whole.rows.len());
    let class = |id: &str| cut.rows.iter().find(|(key, _)| key.entity_id == id).unwrap().1["fields"]["class"].clone();
    assert_eq!(class("eleve-00000001"), json!("5e"));
    assert_eq!(class(&format!("eleve-{rows:08}")), json!("5e"));
}

#[tokio::test]
async fn concurrent_first_loads_are_bounded_and_a_closed_one_frees_its_place() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let node = company.node().await;
    node.push_all(&server).await;
    fill(&server, company.tenant.uuid(), 1_000, 12).await;
    // Each stream waits for a reader that reads nothing.
    let mut loads = Vec::new();
    for _ in 0..16 {
        loads.push(open(&server, &node, None).await);
    }
    let refused = ask(&server, &node, None).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()[header::RETRY_AFTER], "5");
    drop(loads);
    while ask(&server, &node, None).await.status() != StatusCode::OK {
        tokio::task::yield_now().await;
    }
}
