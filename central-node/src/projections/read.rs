//! Reads rows of the log: checks each against its seal, and parses its payload. This is most of a projection's work, so a
//! page is read on several threads, outside the async ones.

use std::num::NonZeroUsize;

use comptoir_core::decision::Verdict;
use comptoir_core::event::Event;
use comptoir_core::fact::{Fact, ParsedEvent};
use comptoir_core::id::EventId;
use comptoir_core::position::Position;
use comptoir_proto::payload;
use comptoir_proto::stored_v1::StoredDecision;

use crate::event_store::{LogRow, SealError};

/// Threads that read one page. More would take processor time from sales.
const THREADS_MAX: usize = 4;
/// Fewer events than this are not worth a thread.
const EVENTS_PER_THREAD_MIN: usize = 64;

/// A record of the log, read as far as possible.
#[derive(Debug)]
pub(crate) struct ReadEntry {
    pub(crate) position: Position,
    /// The entity's type and id; `None` if the record never decoded.
    pub(crate) entity: Option<(String, String)>,
    /// The event's action; `None` in the same case.
    pub(crate) action: Option<String>,
    /// Why the row differs from its seal. `decision` is then an error, so the row has no effects.
    pub(crate) unsealed: Option<SealError>,
    /// The stored decision, or why the row cannot be used.
    pub(crate) decision: Result<StoredDecision, String>,
    /// The parsed event, or why it cannot be read.
    pub(crate) known: Result<ParsedEvent, String>,
}

/// The part of an entry that a filter sees, all of it sealed.
#[derive(Clone, Copy)]
pub(crate) struct FilteredEntry<'a> {
    pub(crate) verdict: Verdict,
    pub(crate) action: Option<&'a str>,
    /// `None` if the record does not decode.
    pub(crate) event: Option<&'a Event>,
}

impl ReadEntry {
    /// Reads one row; `None` if the filter rejects it. A row that differs from its seal is always read.
    pub(crate) fn of(row: &LogRow, wanted: &impl Fn(FilteredEntry<'_>) -> bool) -> Option<ReadEntry> {
        let (decision, event, unsealed) = match row.sealed() {
            Ok(sealed) => (Ok(sealed.decision), sealed.event, None),
            Err(error) => (Err(error.to_string()), row.event(), Some(error)),
        };
        // If the record is damaged, the copies name the entity: its later events wait behind this one.
        let (entity, action) = match &event {
            Ok(event) if row.has_event(&decision) => {
                let content = &event.content;
                let entity = (content.entity_type.to_string(), content.entity_id.to_string());
                (Some(entity), Some(content.action.to_string()))
            }
            _ => (row.copied_entity(), row.copied_action().map(str::to_owned)),
        };
        if let Ok(decision) = &decision {
            let verdict = decision.judgement.verdict;
            let filtered = FilteredEntry { verdict, action: action.as_deref(), event: event.as_ref().ok() };
            if !wanted(filtered) {
                return None;
            }
        }
        let verdict = verdict_of(&decision);
        let known = event.map_err(|error| format!("the record: {error}")).and_then(|event| {
            // An event decided by its content was validated against its schema; a quarantined event may have failed that
            // validation.
            let known = match verdict {
                Some(Verdict::Accepted | Verdict::Superseded | Verdict::Conflict) => payload::parse_valid(event),
                Some(Verdict::Rejected | Verdict::Quarantined | Verdict::Duplicate) | None => payload::parse(event),
            };
            known.map_err(|(_, error)| format!("the payload: {error}"))
        });
        Some(ReadEntry { position: row.position, entity, action, unsealed, decision, known })
    }

    /// The verdict, if the decision can be used.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        verdict_of(&self.decision)
    }

    /// The id of the event that this one releases from quarantine.
    pub(crate) fn releases(&self) -> Option<EventId> {
        match self.known.as_ref().ok()?.fact {
            Fact::QuarantineReleased { event } => Some(event),
            _ => None,
        }
    }
}

fn verdict_of(decision: &Result<StoredDecision, String>) -> Option<Verdict> {
    decision.as_ref().ok().map(|decision| decision.judgement.verdict)
}

/// The quarantined events of some rows.
pub(crate) fn quarantined(rows: &[LogRow]) -> Vec<ReadEntry> {
    let is_quarantined = |entry: FilteredEntry<'_>| entry.verdict == Verdict::Quarantined;
    rows.iter().filter_map(|row| ReadEntry::of(row, &is_quarantined)).collect()
}

/// Reads the rows of a page that pass a filter, in order.
pub(crate) async fn read_page(
    rows: Vec<LogRow>,
    wanted: impl Fn(FilteredEntry<'_>) -> bool + Send + Sync + 'static,
) -> Result<Vec<ReadEntry>, tokio::task::JoinError> {
    tokio::task::spawn_blocking(move || read_on_threads(&rows, &wanted)).await
}

fn read_on_threads(rows: &[LogRow], wanted: &(impl Fn(FilteredEntry<'_>) -> bool + Sync)) -> Vec<ReadEntry> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = (rows.len() / EVENTS_PER_THREAD_MIN).clamp(1, cores.min(THREADS_MAX));
    let part = rows.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let parts: Vec<_> = rows
            .chunks(part)
            .map(|rows| {
                scope.spawn(move || rows.iter().filter_map(|row| ReadEntry::of(row, wanted)).collect::<Vec<_>>())
            })
            .collect();
        let joined = parts.into_iter().map(|part| part.join());
        // A panic in a reader thread continues here, as if this thread had read the row.
        joined.flat_map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}
