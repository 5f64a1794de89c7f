//! The central node: ingest, event store on Postgres, projections, reporting.
//!
//! `ingest -> event_store <- projections <- reporting`, and identity beside them. The library knows nothing of the command line and
//! opens no port: [`Central::start`], [`router`], [`Central::shutdown`].

mod api;
mod background;
mod blobs;
mod central;
mod clock;
mod commit_signal;
mod config;
mod conflicts;
pub mod database;
mod devices;
mod event_store;
mod feed;
pub mod identity;
mod ingest;
pub mod private_postgres;
pub mod projections;
mod reporting;
pub mod restart;
pub mod restore;
pub mod restore_window;
mod state_store;
pub mod store_check;
mod store_health;
mod tenant;

use std::sync::Arc;

pub use central::{Central, CentralError};
pub use clock::Clock;
pub use config::{CentralConfig, DatabaseConfig};
pub use ingest::{ImportOutcome, ImportedRecords};

/// Every route of central.
pub fn router(central: Arc<Central>) -> axum::Router {
    let routes = api::router()
        .merge(reporting::router())
        .merge(conflicts::router())
        .merge(blobs::router())
        .merge(devices::router())
        .merge(feed::router());
    api::with_problem_responses(routes).with_state(central)
}
