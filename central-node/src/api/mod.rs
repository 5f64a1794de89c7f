//! All of central's HTTP. Routes only parse, call and respond; `error.rs` maps every error to its problem document.

mod audit_entries;
mod auth;
mod blobs;
mod bootstrap;
mod caller;
mod certificates;
mod commands;
mod conflicts;
mod damage;
mod desktop;
mod device_request;
mod devices;
mod drafts;
mod driver;
mod edits;
mod error;
mod event_rows;
mod events;
mod export;
mod forks;
mod health;
mod metrics;
mod mobile;
mod node_users;
mod nodes;
mod office;
mod openapi;
mod page_of_sites;
mod permissions;
mod pull;
mod push;
mod quarantine;
mod read_models;
mod receipts;
mod report_query;
mod reports;
mod respond;
mod security_events;
mod sessions;
mod setup_page;
mod start_page;
mod store_check;
mod stream;
mod sync_log;
mod sync_status;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use comptoir_http_edge::{BodyBudget, Edge, Timeouts};
use comptoir_proto::paths;

use crate::central::Central;

/// Memory for the bodies of requests that are being read or waiting, in KiB. When it is used up, a client retries after a
/// second.
pub const BODIES_KIB: usize = 96 * 1024;

/// Every route of central.
pub(crate) fn router(central: Arc<Central>, timeouts: Timeouts) -> Router {
    let edge = Edge::default().with_timeouts(timeouts).with_budget(BodyBudget::of_kib(BODIES_KIB));
    let edge = edge.with_hosts(central.hosts().clone());
    let routes = routes()
        .route_layer(from_fn_with_state(Arc::clone(&central), permissions::check))
        .layer(from_fn_with_state(Arc::clone(&central), damage::record_damage));
    edge.wrap(routes).with_state(central)
}

fn routes() -> Router<Arc<Central>> {
    Router::new()
        .route(paths::SYNC_PUSH, post(push::push))
        .route(paths::SYNC_STATUS, get(sync_status::status))
        .route(paths::RECEIPT, get(receipts::receipt))
        .route(paths::SYNC_IDENTITY, get(sync_status::identity))
        .route(paths::SYNC_PULL, get(pull::pull))
        .route(paths::SYNC_BOOTSTRAP, get(bootstrap::bootstrap))
        .route(paths::SYNC_USERS, get(node_users::users))
        .route(paths::SYNC_WIPED, post(node_users::wiped))
        .route(paths::NODES, get(nodes::list))
        .route(paths::NODE_REVOKE, post(nodes::revoke))
        .route(paths::FORKS, get(forks::list))
        .route(paths::NODE_CERTIFICATE, post(certificates::issue))
        .route(paths::CA, get(certificates::page))
        .route(paths::CA_FILE, get(certificates::file))
        .route(paths::METRICS, get(metrics::metrics))
        .route(paths::SYNC_LOG, get(sync_log::list))
        .route(paths::EVENTS, get(events::list).post(events::append))
        .route(paths::EVENTS_EXPORT, get(export::export))
        .route(paths::EVENT, get(events::one))
        .route(paths::STORE_CHECK, get(store_check::standing))
        .route(paths::AUDIT_ENTRIES, get(audit_entries::list))
        .route(paths::SECURITY_EVENTS, get(security_events::list))
        .route(paths::QUARANTINE, get(quarantine::list))
        .route(paths::QUARANTINE_RELEASE, post(quarantine::release))
        .route(paths::HEALTHZ, get(health::healthz))
        .route(paths::READYZ, get(health::readyz))
        .route(paths::SCREENS, get(start_page::start_page))
        .route(paths::START_PAGE, get(start_page::start_page))
        .merge(blobs::router())
        .merge(commands::router())
        .merge(conflicts::router())
        .merge(desktop::router())
        .merge(devices::router())
        .merge(driver::router())
        .merge(edits::router())
        .merge(mobile::router())
        .merge(office::router())
        .merge(openapi::routes())
        .merge(read_models::router())
        .merge(reports::router())
        .merge(sessions::router())
        .merge(setup_page::router())
        .merge(users::router())
}
