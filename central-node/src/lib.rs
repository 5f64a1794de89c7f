//! The central node: ingest, event store on Postgres, projections, reporting.
//!
//! `ingest -> event_store <- projections <- reporting`, with `devices` and `conflicts` above ingest, `feed` next to it, and
//! identity below. The library knows nothing of the command line and opens no port: [`Central::start`], [`router`],
//! [`Central::shutdown`].

pub mod accounts;
mod api;
mod background;
mod blobs;
mod central;
mod certificate_issue;
pub mod certificates;
mod clock;
mod commit_signal;
mod config;
mod conflicts;
pub mod database;
pub mod devices;
mod event_store;
mod feed;
#[doc(hidden)]
pub mod fuzzed;
pub mod identity;
mod ingest;
pub mod key_changes;
pub mod private_postgres;
pub mod projections;
mod reporting;
pub mod restart;
pub mod restore;
pub mod restore_window;
mod state_store;
pub mod store_check;
mod store_health;
mod sync_log;
mod tenant;

use std::sync::Arc;

use comptoir_core::id::TenantId;
use comptoir_http_edge::Timeouts;
use comptoir_proto::problem::Problem;

pub use api::BODIES_KIB;
pub use central::{Central, CentralError};
pub use clock::Clock;
pub use config::{CentralConfig, DatabaseConfig};
pub use ingest::{ImportOutcome, ImportedRecords};
pub use reporting::security_events::{SecurityQuestion, security_events};

/// Every route of central.
pub fn router(central: Arc<Central>) -> axum::Router {
    router_with(central, Timeouts::default())
}

/// As [`router`], with other timeouts for bodies.
pub fn router_with(central: Arc<Central>, timeouts: Timeouts) -> axum::Router {
    api::router(central, timeouts)
}

/// Imports a node's exported records through the same checks and decisions as a push.
pub async fn import_records(
    central: &Central,
    tenant: TenantId,
    imported: ImportedRecords,
) -> Result<ImportOutcome, Problem> {
    Ok(ingest::import_records(central.database(), central.ingest_queue(), central.clock(), tenant, imported).await?)
}
