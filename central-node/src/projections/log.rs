//! Reading the log: records with their decisions, by position, in pages that fit in memory.

use comptoir_core::decision::Verdict;
use comptoir_core::event::Event;
use comptoir_core::fact::Known;
use comptoir_core::id::{EventId, TenantId};
use comptoir_core::position::Position;
use comptoir_proto::payload;
use comptoir_proto::stored_v1::{self, DecodeError, StoredDecision};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{ProjectionError, position_of, position_sql};

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
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stored {
    /// Its place in the tenant's order.
    pub(crate) position: Position,
    /// Type and id of its entity, where the record could be read.
    pub(crate) entity: Option<(String, String)>,
    /// What happened, where the record could be read.
    pub(crate) action: Option<String>,
    chain: Vec<u8>,
    decision: Vec<u8>,
    record: Vec<u8>,
}

/// Which events a reader wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// With these verdicts.
    pub(crate) verdicts: &'a [Verdict],
    /// Of these actions; of all where absent.
    pub(crate) actions: Option<&'a [&'a str]>,
}

/// What a page holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Page {
    /// In the order of their positions.
    pub(crate) events: Vec<Stored>,
    /// Up to here nothing that was wanted is missing.
    pub(crate) complete_to: Position,
}

/// The next page after a position, up to `to` at most.
pub(crate) async fn page(
    tx: &Transaction<'_>,
    tenant: TenantId,
    after: Position,
    to: Position,
    wanted: Wanted<'_>,
    size: PageSize,
) -> Result<Page, ProjectionError> {
    let last = to.min(Position(after.0.saturating_add(size.positions.max(1))));
    let bytes_max = i64::from(size.bytes);
    let verdicts: Vec<&str> = wanted.verdicts.iter().map(|verdict| verdict.as_str()).collect();
    let statement = tx.prepare_cached(include_str!("log_page.sql")).await?;
    let (from, to) = (position_sql(after), position_sql(last));
    let rows = tx.query(&statement, &[&tenant.uuid(), &from, &to, &verdicts, &wanted.actions, &bytes_max]).await?;
    let events = rows.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
    let bytes: usize = events.iter().map(|event| event.record.len()).sum();
    let full = u64::try_from(bytes).is_ok_and(|bytes| bytes >= u64::from(size.bytes));
    let complete_to = if full { events.last().map_or(last, |event| event.position) } else { last };
    Ok(Page { events, complete_to })
}

/// Quarantined events by their ids, for the releases that name them.
pub(crate) async fn quarantined(
    tx: &Transaction<'_>,
    tenant: TenantId,
    events: &[EventId],
) -> Result<Vec<Stored>, ProjectionError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = events.iter().map(|event| event.uuid()).collect();
    let rows = tx.query(include_str!("log_by_id.sql"), &[&tenant.uuid(), &ids]).await?;
    rows.iter().map(stored).collect()
}

fn stored(row: &Row) -> Result<Stored, ProjectionError> {
    let entity: (Option<String>, Option<String>) = (row.try_get("entity_type")?, row.try_get("entity_id")?);
    Ok(Stored {
        position: position_of(row.try_get("position")?)?,
        entity: entity.0.zip(entity.1),
        action: row.try_get("action")?,
        chain: row.try_get("chain")?,
        decision: row.try_get("decision")?,
        record: row.try_get("record")?,
    })
}

impl Stored {
    /// The decision. It must speak of this record and place: a row whose parts do not belong together is damage.
    pub(crate) fn decision(&self) -> Result<StoredDecision, String> {
        let decision = stored_v1::decode_decision(&self.decision).map_err(|error| format!("the decision: {error}"))?;
        if decision.position != self.position {
            return Err(format!("the decision speaks of position {}", decision.position));
        }
        if decision.record_chain.0.as_slice() != self.chain.as_slice() {
            return Err(format!("the decision speaks of the record with chain {}", decision.record_chain));
        }
        Ok(decision)
    }

    /// The event and what its payload says.
    pub(crate) fn known(&self) -> Result<Known, String> {
        let event = stored_v1::decode(&self.record).map_err(|error| format!("the record: {error}"))?;
        payload::known(event).map_err(|(_, error)| format!("the payload: {error}"))
    }

    /// The event alone, its payload not yet read.
    pub(crate) fn event(&self) -> Result<Event, DecodeError> {
        stored_v1::decode(&self.record)
    }
}
