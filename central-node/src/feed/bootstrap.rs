//! The bootstrap of a node: every row of its scope in key order, as a zstd stream of lines. The head is read first and sent
//! last; changes made meanwhile come by pull.
//!
//! Each page is a short transaction, read while the previous one is written; a slow reader holds a few blocks of bytes and
//! nothing in the database. A block ends with a mark and can be decompressed without the next one, so that an interruption
//! loses less than a block. A stream that resumes after a mark keeps the head of the first.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use comptoir_core::id::TenantId;
use comptoir_core::position::Position;
use comptoir_proto::pull_v1::{BootstrapLine, Proof, PullCursor, RowChange, RowKey, RowKind, RulebookInForce};
use deadpool_postgres::Transaction;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::changes::{cut, entities_in_order, load};
use super::cursor::{FeedError, NodeCaller, check_not_ahead, check_same_past, snapshot};
use super::keys::{KINDS, in_order};
use super::rulebook::in_force_unless;
use super::services::Feed;
use super::token::Token;
use crate::database::{StoreError, natural};
use crate::event_store::{TenantHead, tenant_head};
use crate::state_store::Versions;

/// Rows read at a time.
const PAGE_ROWS: usize = 4_000;
/// The most rows between two marks: a promise of the protocol.
const MARK_ROWS: usize = 200;
/// The target size of a compressed block: an interruption loses half a block on average.
const BLOCK_BYTES: usize = 8 * 1024;
/// The limit before compression, however well the rows compress.
const RAW_BYTES: std::ops::RangeInclusive<usize> = 4 * 1024..=512 * 1024;
/// Blocks that wait for the reader.
const BLOCKS_WAITING: usize = 4;
/// A reader that accepts nothing for this long is disconnected.
const READER_PATIENCE: Duration = Duration::from_secs(60);
/// The encoder's memory depends on its window: 1 MiB compresses rows as well as the default.
const WINDOW_LOG: u32 = 20;

/// Starts a bootstrap from the beginning or after a mark, and returns its compressed blocks. They end with an error if the
/// bootstrap is interrupted: the reader resumes after the last mark. The caller has checked that the mark belongs to this
/// central and scope.
pub(crate) async fn bootstrap(
    feed: &Arc<Feed>,
    caller: NodeCaller,
    mark: Option<Token>,
) -> Result<mpsc::Receiver<Result<Bytes, std::io::Error>>, FeedError> {
    let slot = feed.slots.begin()?;
    let start = note_start(feed, caller, mark.as_ref()).await?;
    let (blocks, stream) = mpsc::channel(BLOCKS_WAITING);
    let mut writer = Writer::new(blocks)?;
    let feed = Arc::clone(feed);
    tokio::spawn(async move {
        let _slot = slot;
        let mut stopping = feed.stopping.clone();
        let written = tokio::select! {
            written = write_stream(&feed, caller, start, mark.map(|mark| mark.last), &mut writer) => written,
            _ = stopping.wait_for(|stopping| *stopping) => Err(StreamError::Stopping),
        };
        match written {
            Ok(()) | Err(StreamError::ReaderGone) => {}
            Err(error) => {
                tracing::warn!(node.id = %caller.node, %error, "a first load broke off");
                let _ = writer.blocks.try_send(Err(std::io::Error::other(error)));
            }
        }
    });
    Ok(stream)
}

/// Why a stream ended before its end.
#[derive(Debug, thiserror::Error)]
enum StreamError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a line could not be written: {0}")]
    Line(#[from] serde_json::Error),
    #[error("the stream could not be compressed: {0}")]
    Zstd(#[from] std::io::Error),
    #[error("central stops")]
    Stopping,
    #[error("the reader is gone")]
    ReaderGone,
}

/// The content of a stream's first line.
struct StreamStart {
    /// The head with which this bootstrap ends.
    head: Position,
    /// The proof of the rows sent so far.
    proof: Proof,
    /// The number of rows; only in the first line of a new stream.
    rows: Option<u64>,
    rulebook: Option<RulebookInForce>,
}

async fn note_start(feed: &Feed, caller: NodeCaller, token: Option<&Token>) -> Result<StreamStart, FeedError> {
    let mut connection = feed.database.service().await?;
    let tx = snapshot(&mut connection, caller.tenant).await?;
    let head = head_of(&tx, caller.tenant).await?;
    let (_, rulebook) = in_force_unless(&tx, caller.tenant, None).await?;
    if let Some(token) = token {
        check_not_ahead(token.head, head.head)?;
        check_same_past(&tx, caller.tenant, &token.proof, &head).await?;
        return Ok(StreamStart { head: token.head, proof: token.proof.clone(), rows: None, rulebook });
    }
    let versions = Versions::active(&tx, caller.tenant).await?;
    let statement = tx.prepare_cached(include_str!("rows_in_scope.sql")).await.map_err(StoreError::from)?;
    let (tenant, site) = (caller.tenant.uuid(), caller.scope.site_column());
    let parameters: [&(dyn ToSql + Sync); 6] =
        [&tenant, &versions.entities, &versions.deliveries, &versions.invoices, &versions.stock, &site];
    let row = tx.query_one(&statement, &parameters).await.map_err(StoreError::from)?;
    let rows = natural(row.try_get(0).map_err(StoreError::from)?)?;
    let proof = Proof::new(head.head, head.decision_chain);
    Ok(StreamStart { head: head.head, proof, rows: Some(rows), rulebook })
}

async fn head_of(tx: &Transaction<'_>, tenant: TenantId) -> Result<TenantHead, StoreError> {
    tenant_head(tx, tenant).await?.ok_or_else(|| StoreError::Damaged(format!("tenant {tenant} has no head")))
}

async fn write_stream(
    feed: &Arc<Feed>,
    caller: NodeCaller,
    StreamStart { head, mut proof, rows, rulebook }: StreamStart,
    mut last: Option<RowKey>,
    writer: &mut Writer,
) -> Result<(), StreamError> {
    let (incarnation, scope) = (feed.incarnation, caller.scope.name());
    let rules_since = rulebook.as_ref().map(|rulebook| rulebook.position);
    writer.line(&BootstrapLine::Start { incarnation, scope: scope.clone(), head: head.0, rows, rulebook })?;
    let first = (last.as_ref().map_or(KINDS[0], |key| key.kind), last.clone());
    let mut pages = PageReader::begin(feed, caller, first);
    while let Some(BootstrapPage { rows, proof: of_page, .. }) = pages.next().await? {
        proof = of_page;
        for change in rows {
            last = Some(change.key.clone());
            writer.line(&BootstrapLine::Row(change))?;
            writer.rows += 1;
            if writer.is_full() || writer.rows >= MARK_ROWS {
                writer.mark(incarnation, &scope, head, last.as_ref(), &proof)?;
            }
            if writer.is_full() {
                writer.flush().await?;
            }
        }
    }
    let (position, rulebook, proof) = (head.0, rules_since, Some(proof));
    let cursor = PullCursor { incarnation, scope, position, after: None, complete_through: None, rulebook, proof };
    writer.line(&BootstrapLine::End { cursor: cursor.to_string() })?;
    writer.finish().await
}

/// The start of a page: a kind, and the key after which it begins.
type PageStart = (RowKind, Option<RowKey>);

/// A page of rows of one kind.
struct BootstrapPage {
    rows: Vec<RowChange>,
    /// `None` on the last page.
    next: Option<PageStart>,
    /// The proof of the snapshot that the page was read in.
    proof: Proof,
}

/// Reads the pages of a bootstrap, each while the previous one is written. Stops reading when dropped.
struct PageReader {
    feed: Arc<Feed>,
    caller: NodeCaller,
    reading: JoinSet<Result<BootstrapPage, StoreError>>,
}

impl PageReader {
    fn begin(feed: &Arc<Feed>, caller: NodeCaller, first: PageStart) -> PageReader {
        let mut pages = PageReader { feed: Arc::clone(feed), caller, reading: JoinSet::new() };
        pages.read(first);
        pages
    }

    fn read(&mut self, place: PageStart) {
        let (feed, caller) = (Arc::clone(&self.feed), self.caller);
        self.reading.spawn(async move { bootstrap_page(&feed, caller, place).await });
    }

    async fn next(&mut self) -> Result<Option<BootstrapPage>, StoreError> {
        let Some(read) = self.reading.join_next().await else { return Ok(None) };
        let mut page = read.map_err(|error| StoreError::Unavailable(error.to_string()))??;
        if let Some(next) = page.next.take() {
            self.read(next);
        }
        Ok(Some(page))
    }
}

async fn bootstrap_page(
    feed: &Feed,
    caller: NodeCaller,
    (kind, after): PageStart,
) -> Result<BootstrapPage, StoreError> {
    let mut connection = feed.database.service().await?;
    let tx = snapshot(&mut connection, caller.tenant).await?;
    let head = head_of(&tx, caller.tenant).await?;
    let versions = Versions::active(&tx, caller.tenant).await?;
    let rows = rows(&tx, caller, &versions, kind, after.as_ref()).await?;
    let end = rows.last().map(|last| last.key.clone());
    let next_kind = || KINDS.into_iter().find(|next| *next > kind);
    let next = end.map(|end| (kind, Some(end))).or_else(|| next_kind().map(|kind| (kind, None)));
    Ok(BootstrapPage { rows, next, proof: Proof::new(head.head, head.decision_chain) })
}

/// One page of the rows of one kind after a key; empty at the end. Entities, the most numerous, are read by one query.
async fn rows(
    tx: &Transaction<'_>,
    NodeCaller { tenant, scope, .. }: NodeCaller,
    versions: &Versions,
    kind: RowKind,
    after: Option<&RowKey>,
) -> Result<Vec<RowChange>, StoreError> {
    if kind == RowKind::Entity {
        return entities_in_order(tx, tenant, versions.entities, scope, after, PAGE_ROWS).await;
    }
    let mut listed = in_order(tx, tenant, versions, scope, (kind, after), PAGE_ROWS).await?;
    cut(&mut listed, PAGE_ROWS);
    load(tx, tenant, versions, scope, &listed).await
}

/// Writes lines as compressed blocks.
struct Writer {
    /// Lines not yet compressed. They are passed to the encoder together, since each call costs as much as some lines.
    text: Vec<u8>,
    zstd: zstd::stream::write::Encoder<'static, Vec<u8>>,
    blocks: mpsc::Sender<Result<Bytes, std::io::Error>>,
    /// Bytes to write between two flushes.
    raw_goal: usize,
    /// Rows since the last mark.
    rows: usize,
}

impl Writer {
    fn new(blocks: mpsc::Sender<Result<Bytes, std::io::Error>>) -> Result<Writer, std::io::Error> {
        let mut zstd = zstd::stream::write::Encoder::new(Vec::new(), zstd::DEFAULT_COMPRESSION_LEVEL)?;
        zstd.window_log(WINDOW_LOG)?;
        Ok(Writer { text: Vec::new(), zstd, blocks, raw_goal: BLOCK_BYTES * 4, rows: 0 })
    }

    fn line(&mut self, line: &BootstrapLine) -> Result<(), StreamError> {
        serde_json::to_writer(&mut self.text, line)?;
        self.text.push(b'\n');
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.text.len() >= self.raw_goal
    }

    fn mark(
        &mut self,
        incarnation: Uuid,
        scope: &str,
        head: Position,
        last: Option<&RowKey>,
        proof: &Proof,
    ) -> Result<(), StreamError> {
        self.rows = 0;
        let Some(last) = last.cloned() else { return Ok(()) };
        let (scope, proof) = (scope.to_owned(), proof.clone());
        let token = Token { incarnation, scope, head, last, proof };
        self.line(&BootstrapLine::Mark(token.to_string()))
    }

    /// Ends a block: everything written so far can be decompressed without what follows.
    async fn flush(&mut self) -> Result<(), StreamError> {
        self.zstd.write_all(&self.text)?;
        self.zstd.flush()?;
        let block = std::mem::take(self.zstd.get_mut());
        // Sizes the next block for the target, assuming that the next rows compress equally well.
        let goal = self.text.len().saturating_mul(BLOCK_BYTES) / block.len().max(1);
        self.raw_goal = goal.clamp(*RAW_BYTES.start(), *RAW_BYTES.end());
        self.text.clear();
        send(&self.blocks, block).await
    }

    async fn finish(&mut self) -> Result<(), StreamError> {
        self.zstd.write_all(&self.text)?;
        self.zstd.do_finish()?;
        let block = std::mem::take(self.zstd.get_mut());
        send(&self.blocks, block).await
    }
}

async fn send(blocks: &mpsc::Sender<Result<Bytes, std::io::Error>>, block: Vec<u8>) -> Result<(), StreamError> {
    let sent = tokio::time::timeout(READER_PATIENCE, blocks.send(Ok(block.into()))).await;
    match sent {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(StreamError::ReaderGone),
    }
}
