//! The sync agent: sends the log to central and stores central's decisions.
//!
//! It has no queue: what is due follows from the log's marks, `acked` and `durable`. A batch counts when central has answered 200
//! with a result for each of its records, the answer matches what was sent, and the results are durable here; only then does
//! `acked` rise. A kill at any instruction costs one more request, which central answers from its stored decisions.
//!
//! No event is dropped, skipped or changed; no sale waits for central; no seq is used twice.
//!
//! Reading order: what is due (`outbox`), one push and its answer (`push`), pauses (`backoff`), the reaction to each failure
//! (`reaction`), the loop (`agent`), and what it does when both sides disagree (`agent::incidents`). Its visible state is
//! [`SyncState`].

mod agent;
mod backoff;
mod certificate;
pub mod identify;
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
mod tls_fault;
pub mod transport;
mod user_refresh;

pub(crate) use agent::Agent;
pub(crate) use certificate::{CertificateRenewal, CertificateStore};
pub(crate) use notes::AgentNotes;
pub(crate) use puller::Puller;
pub(crate) use recount::recount;
pub use state::{ClockOffset, NodeCertificate, Phase, PullState, SyncIssue, SyncState};
pub use tls_fault::TlsFault;
pub(crate) use user_refresh::UserRefresh;
