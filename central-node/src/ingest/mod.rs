//! Ingest: receive (HTTP) -> prepare (read, before any lock) -> queue (merge) -> turn (one transaction: accept, judge, write) -> answer.

mod accept;
mod answer;
mod by_hand;
mod device;
mod drafts;
mod ground;
mod judge;
mod plan;
mod prepare;
mod queue;
pub(crate) mod receive;
mod refusals;
mod stamp;
mod turn;

pub(crate) use answer::{Answer, head_dto, result};
pub use by_hand::{Brought, Taken};
pub(crate) use device::{DeviceDecided, DeviceDraft, DeviceDrafts, GivenId, Reading, server_id};
pub(crate) use drafts::Drafts;
pub(crate) use queue::Queues;
pub(crate) use stamp::StampKey;
pub(crate) use turn::{Caution, Job, TurnError, run};
