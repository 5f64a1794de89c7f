//! Ingest writes a tenant's log: prepare (read records, before any lock) -> queue (merge jobs) -> batch (one transaction:
//! load, decide, append, save, answer). HTTP is above it in `api`; the log and the state are below it in `event_store`
//! and `state_store`.

mod accept;
mod answer;
mod attestation;
mod batch;
mod decide;
mod device;
mod drafts;
mod error;
mod file_import;
mod id_references;
mod job;
mod load;
mod order;
mod places;
mod prepare;
mod queue;
mod refusals;
mod rights;
mod security_events;
mod security_recorder;
mod signals;

pub(crate) use answer::{DeviceResult, Pushed, head_dto, record_result};
pub(crate) use attestation::{Attestation, AttestationKey, AttestedEvent};
pub(crate) use batch::{write_central_event, write_drafts};
pub(crate) use device::{DeviceDraft, DeviceDrafts, PayloadReading, server_id};
pub(crate) use drafts::DraftBatch;
pub(crate) use error::{DraftRefusal, DraftsError, IdReused, ImportError, IngestError, PushError, PushRefusal};
pub(crate) use file_import::import_records;
pub use file_import::{ImportOutcome, ImportedRecords};
pub(crate) use prepare::{PrepareError, PreparedPush, PreparedRecord, RecordPosition, opening, prepare};
pub(crate) use queue::IngestQueue;
pub(crate) use refusals::{NotedRefusal, note};
pub(crate) use security_events::SecurityEvent;
pub(crate) use security_recorder::{record_security_event, write_security_event};
