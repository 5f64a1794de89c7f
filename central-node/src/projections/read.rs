//! From stored bytes to what they say. Reading payloads is most of a projection's work, so a page is read on several threads, away from the
//! async ones.

use std::num::NonZeroUsize;

use comptoir_core::decision::Verdict;
use comptoir_core::fact::{Fact, ParsedEvent};
use comptoir_core::id::EventId;
use comptoir_core::position::Position;
use comptoir_proto::stored_v1::StoredDecision;

use super::log::StoredEntry;

/// Threads that read one page. More would take the machine from those who sell.
const THREADS_MAX: usize = 4;
/// Fewer events than this are not worth a thread.
const EVENTS_PER_THREAD_MIN: usize = 64;

/// A record of the log, read as far as it could be.
#[derive(Debug)]
pub(crate) struct ReadEntry {
    /// Its place in the tenant's order.
    pub(crate) position: Position,
    /// Type and id of its entity, where the record could be read at ingest.
    pub(crate) entity: Option<(String, String)>,
    /// What happened, where the record could be read at ingest.
    pub(crate) action: Option<String>,
    /// What was decided, or why that does not read.
    pub(crate) decision: Result<StoredDecision, String>,
    /// What happened, or why that does not read.
    pub(crate) known: Result<ParsedEvent, String>,
}

impl ReadEntry {
    /// Reads one record.
    pub(crate) fn of(stored: &StoredEntry) -> ReadEntry {
        let decision = stored.decision();
        ReadEntry {
            position: stored.position,
            entity: stored.entity(),
            action: stored.action().map(str::to_owned),
            known: stored.known(verdict_of(&decision)),
            decision,
        }
    }

    /// The verdict, where the decision reads.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        verdict_of(&self.decision)
    }

    /// The event that it releases from quarantine.
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

/// Reads the records of a page, in their order.
pub(crate) async fn read_page(events: Vec<StoredEntry>) -> Result<Vec<ReadEntry>, tokio::task::JoinError> {
    tokio::task::spawn_blocking(move || read_on_threads(&events)).await
}

fn read_on_threads(events: &[StoredEntry]) -> Vec<ReadEntry> {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = (events.len() / EVENTS_PER_THREAD_MIN).clamp(1, cores.min(THREADS_MAX));
    let part = events.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let parts: Vec<_> = events
            .chunks(part)
            .map(|events| scope.spawn(move || events.iter().map(ReadEntry::of).collect::<Vec<_>>()))
            .collect();
        let joined = parts.into_iter().map(|part| part.join());
        // A panic in a reader goes on here, as if it had read on this thread.
        joined.flat_map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}
