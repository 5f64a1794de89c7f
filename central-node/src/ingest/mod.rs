//! Ingest: receive (HTTP) -> prepare (read, before any lock) -> queue (merge) -> turn (one transaction: accept, judge, write) -> answer.

mod accept;
mod answer;
mod attestation;
mod batch;
mod decide;
mod device;
mod drafts;
mod file_import;
mod load;
mod plan;
mod prepare;
pub(crate) mod push;
mod queue;
mod refusals;

// What a job or one of its parts is refused with.
pub(crate) use comptoir_proto::problem::{Problem as DraftRefusal, Problem as DraftsError, Problem as IdReused};

pub(crate) use answer::{JobOutcome, head_dto, result};
pub(crate) use attestation::AttestationKey;
pub(crate) use batch::{IngestError, Job, RetryHints, run_batch};
pub(crate) use device::{AssignedId, DeviceDraft, DeviceDrafts, DeviceResult, PayloadReading, server_id};
pub(crate) use drafts::DraftBatch;
pub use file_import::{ImportOutcome, ImportedRecords};
pub(crate) use queue::IngestQueue;
