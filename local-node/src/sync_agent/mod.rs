//! The sync agent: brings the log to central, and central's decisions back beside the records they speak of.
//!
//! It has no queue of its own: what is due follows from the log's marks, `acked` and `durable`. A batch counts when central has
//! answered 200 with a result for each of its records, the answer speaks of what was sent, and the results are durable here; only
//! then does `acked` rise. So a kill at any instruction costs one more request, which central answers from its stored decisions.
//!
//! What happens never here: an event is dropped, skipped or changed; selling waits for central; a seq is used twice.
//!
//! Reading order: what is due ([`outbox`](self)), one batch there and its results back (push), when again (backoff), what to do
//! about each answer (reaction), the loop (agent), and what it does when the two sides disagree (agent::incidents). What it shows
//! to others is [`SyncState`].

mod agent;
mod backoff;
mod load;
mod notes;
mod outbox;
mod puller;
mod push;
mod reaction;
mod recount;
mod state;
#[cfg(test)]
mod tests;
pub mod transport;

pub(crate) use agent::Agent;
pub(crate) use notes::AgentNotes;
pub(crate) use puller::Puller;
pub(crate) use recount::recount;
pub use state::{ClockOffset, Phase, PullState, SyncIssue, SyncState};
