//! A node that central took out of use: it records and shows nothing any more, sends what is unsent, and then destroys its data
//! and proves it.
//!
//! ```text
//! REVOKED.json              central said so; from then on the node refuses everything, also after a restart
//! TOMBSTONE.json            the proof, signed with the log's key. Written, durably, before the first file is deleted: from then
//!                           on no start opens anything here, and each start continues the deletion
//! TOMBSTONE.acknowledged    central has the proof
//! ```

mod destroy;
mod duty;
mod revocation;
#[cfg(test)]
mod tests;
mod tombstone;

pub use destroy::{continue_destruction, destroy_data, unsent_records};
pub(crate) use duty::{Retirement, conclude};
pub(crate) use revocation::Revocation;
pub use tombstone::{TOMBSTONE_FILE, Tombstone};
