//! Reading the log: records with their decisions, by position, in pages that fit in memory.

use comptoir_core::decision::Verdict;
use comptoir_core::event::Event;
use comptoir_core::fact::ParsedEvent;
use comptoir_core::id::{EventId, TenantId};
use comptoir_core::position::Position;
use comptoir_proto::payload;
use comptoir_proto::stored_v1::{self, StoredDecision};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{ProjectionError, position_of, position_sql};
use crate::database::StoreError;

/// How much of the log is taken at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageSize {
    /// Positions that are applied and committed together, whether they are wanted or not.
    pub positions: u64,
    /// Records read at a time weigh no more than this and one record: the largest record is a quarter of a mebibyte.
    pub bytes: u32,
}

impl PageSize {
    /// For what follows the log beside those who sell.
    pub const FOLLOWED: PageSize = PageSize { positions: 4_000, bytes: 4 * 1024 * 1024 };
    /// For a rebuild, which writes each row that changed once a page: longer pages, fewer writes. A kill loses a page at most.
    pub const REBUILT: PageSize = PageSize { positions: 50_000, bytes: 8 * 1024 * 1024 };
}

/// A record and its decision, as stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredEntry {
    /// Its place in the tenant's order.
    pub(crate) position: Position,
    /// As the database sent it: a page is read on other threads, out of the bytes that came.
    row: Row,
}

/// Which events a reader wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryFilter<'a> {
    /// With these verdicts.
    pub(crate) verdicts: &'a [Verdict],
    /// Of these actions; of all where absent.
    pub(crate) actions: Option<&'a [&'a str]>,
}

/// What a page holds.
#[derive(Clone, Debug)]
pub(crate) struct LogPage {
    /// In the order of their positions.
    pub(crate) events: Vec<StoredEntry>,
    /// Up to here nothing that was wanted is missing.
    pub(crate) complete_through: Position,
}

/// The next page after a position, up to `to` at most.
pub(crate) async fn page(
    tx: &Transaction<'_>,
    tenant: TenantId,
    after: Position,
    to: Position,
    wanted: EntryFilter<'_>,
    size: PageSize,
) -> Result<LogPage, ProjectionError> {
    let last = to.min(Position(after.0.saturating_add(size.positions.max(1))));
    let bytes_max = i64::from(size.bytes);
    let verdicts: Vec<&str> = wanted.verdicts.iter().map(|verdict| verdict.as_str()).collect();
    let statement = tx.prepare_cached(include_str!("log_page.sql")).await?;
    let (from, to) = (position_sql(after), position_sql(last));
    let rows = tx.query(&statement, &[&tenant.uuid(), &from, &to, &verdicts, &wanted.actions, &bytes_max]).await?;
    let events = rows.into_iter().map(stored).collect::<Result<Vec<_>, _>>()?;
    let lengths = events.iter().map(|event| Ok(event.bytes(RECORD)?.len()));
    let bytes: usize = lengths.sum::<Result<usize, String>>().map_err(StoreError::Damaged)?;
    let full = u64::try_from(bytes).is_ok_and(|bytes| bytes >= u64::from(size.bytes));
    let complete_through = if full { events.last().map_or(last, |event| event.position) } else { last };
    Ok(LogPage { events, complete_through })
}

/// Quarantined events by their ids, for the releases that name them.
pub(crate) async fn quarantined(
    tx: &Transaction<'_>,
    tenant: TenantId,
    events: &[EventId],
) -> Result<Vec<StoredEntry>, ProjectionError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = events.iter().map(|event| event.uuid()).collect();
    let rows = tx.query(include_str!("log_by_id.sql"), &[&tenant.uuid(), &ids]).await?;
    rows.into_iter().map(stored).collect()
}

// Columns by their place: looking each name up in every row is felt over a million of them.
const POSITION: usize = 0;
const ENTITY_TYPE: usize = 1;
const ENTITY_ID: usize = 2;
const ACTION: usize = 3;
const CHAIN: usize = 4;
const DECISION: usize = 5;
const RECORD: usize = 6;

fn stored(row: Row) -> Result<StoredEntry, ProjectionError> {
    Ok(StoredEntry { position: position_of(row.try_get(POSITION)?)?, row })
}

impl StoredEntry {
    /// Type and id of its entity, where the record could be read at ingest.
    pub(crate) fn entity(&self) -> Option<(String, String)> {
        Some((self.text(ENTITY_TYPE)?.to_owned(), self.text(ENTITY_ID)?.to_owned()))
    }

    /// What happened, where the record could be read at ingest.
    pub(crate) fn action(&self) -> Option<&str> {
        self.text(ACTION)
    }

    fn text(&self, column: usize) -> Option<&str> {
        self.row.try_get(column).ok().flatten()
    }

    fn bytes(&self, column: usize) -> Result<&[u8], String> {
        self.row.try_get(column).map_err(|error| error.to_string())
    }

    /// The decision. It must speak of this record and place: a row whose parts do not belong together is damage.
    pub(crate) fn decision(&self) -> Result<StoredDecision, String> {
        let decision =
            stored_v1::decode_decision(self.bytes(DECISION)?).map_err(|error| format!("the decision: {error}"))?;
        if decision.position != self.position {
            return Err(format!("the decision speaks of position {}", decision.position));
        }
        if decision.record_chain.0.as_slice() != self.bytes(CHAIN)? {
            return Err(format!("the decision speaks of the record with chain {}", decision.record_chain));
        }
        Ok(decision)
    }

    /// The event and what its payload says. What was judged by its content had been checked against its schema; what was set apart may
    /// have been so because of that check, which is then made again.
    pub(crate) fn known(&self, verdict: Option<Verdict>) -> Result<ParsedEvent, String> {
        let event = stored_v1::decode(self.bytes(RECORD)?).map_err(|error| format!("the record: {error}"))?;
        let known = match verdict {
            Some(Verdict::Accepted | Verdict::Superseded | Verdict::Conflict) => payload::known_to_fit(event),
            Some(Verdict::Rejected | Verdict::Quarantined | Verdict::Duplicate) | None => payload::known(event),
        };
        known.map_err(|(_, error)| format!("the payload: {error}"))
    }

    /// The event alone, its payload not yet read.
    pub(crate) fn event(&self) -> Result<Event, String> {
        stored_v1::decode(self.bytes(RECORD)?).map_err(|error| error.to_string())
    }
}
