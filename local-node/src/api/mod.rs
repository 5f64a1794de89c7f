//! The local API: parse, call, answer. One file per resource; every refusal is a problem with a code.

mod authorize;
mod blobs;
mod certificate;
mod clients;
mod command;
mod costs;
mod deliveries;
mod demo_link;
mod draft;
mod events;
mod export;
mod health;
mod invoices;
mod live;
mod local_keys;
mod metrics;
mod notifications;
mod openapi;
mod precondition;
mod queue;
mod receipts;
mod receptions;
mod record;
mod refusal;
mod rows;
mod sales;
mod sales_list;
mod saved_forms;
mod screens;
mod session;
mod start_page;
mod status;
mod stream;
#[cfg(test)]
mod tests;
mod till;
mod user_names;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post, put};
use comptoir_http_edge::{BodyBudget, Edge, Timeouts};
use comptoir_proto::paths;

use crate::node::Node;

/// Bytes of one JSON body. A list that fits one batch of the log has a megabyte of records; a larger body could only be refused
/// later, after it had been held in memory.
const JSON_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Memory for the bodies of requests that are being read, in KiB. When it is used up, a client retries after a second.
pub const BODIES_KIB: usize = 64 * 1024;

/// Every route of a node.
pub fn router(node: Arc<Node>) -> Router {
    router_with(node, Timeouts::default())
}

/// The same with other timeouts for bodies.
pub fn router_with(node: Arc<Node>, timeouts: Timeouts) -> Router {
    let screens = Arc::new(live::Screens::default());
    let routes = Router::new()
        .route(paths::EVENTS, post(events::record).get(events::list))
        .route(paths::EVENTS_EXPORT, get(export::bundle))
        .route(paths::EVENT, get(events::one))
        .route(paths::EVENT_PRINT, post(receipts::print))
        .route(paths::TILL, get(till::state))
        .route(paths::TILL_OPEN, post(till::open))
        .route(paths::TILL_CASH, post(till::move_cash))
        .route(paths::TILL_CLOSE, post(till::close))
        .route(paths::TILL_PRINT, post(till::print))
        .route(paths::TILL_CLOSINGS, get(till::closings))
        .route(paths::SALES, post(sales::sale).get(sales_list::list))
        .route(paths::SALE, get(sales_list::one))
        .route(paths::REFUNDS, post(sales::refund))
        .route(paths::RECEPTIONS, post(receptions::receive).get(receptions::list))
        .route(paths::RECEPTION_CANCEL, post(receptions::cancel))
        .route(paths::PURCHASE_ORDERS, get(rows::purchase_orders))
        .route(paths::INVOICES, post(invoices::create).get(rows::invoices))
        .route(paths::INVOICE_CANCEL, post(invoices::cancel))
        .route(paths::DELIVERY_VALIDATE, post(deliveries::validate))
        .route(paths::CLIENTS, post(clients::create).get(rows::clients))
        .route(paths::CLIENT, get(rows::client).patch(clients::update).put(clients::update).delete(clients::delete))
        .route(paths::PRODUCTS, get(rows::products))
        .route(paths::DELIVERIES, get(rows::deliveries))
        .route(paths::STOCK, get(rows::stock))
        .route(paths::ENTITIES, get(rows::entities_of))
        .route(paths::ENTITY, get(rows::entity))
        .route(paths::SAVED_FORMS, get(saved_forms::list))
        .route(paths::SAVED_FORM, get(saved_forms::one).put(saved_forms::save).delete(saved_forms::delete))
        .route(paths::SAVED_FORM_SUBMIT, post(saved_forms::submit))
        .route(paths::NOTIFICATIONS, get(notifications::list))
        .route(paths::NOTIFICATION_SEEN, post(notifications::seen))
        .route(paths::BLOB, get(blobs::get).put(blobs::put))
        .route(paths::USER_NAMES, get(user_names::list))
        .route(paths::QUEUE, get(queue::queue))
        .route(paths::QUEUE_EVENTS, get(queue::events))
        .route(paths::QUEUE_RETRY, post(queue::retry))
        .route(paths::STREAM, get(move |permitted, headers| live::live(permitted, headers, screens)))
        .route(paths::STATUS, get(status::status))
        .route(paths::DEMO_LINK, get(demo_link::show).put(demo_link::set))
        .route(paths::LOCAL_KEYS, get(local_keys::list).post(local_keys::create))
        .route(paths::LOCAL_KEY, delete(local_keys::revoke))
        .route(paths::RECEIPT, get(receipts::receipt))
        .route(paths::RECEIPT_QR, get(receipts::qr))
        .route(paths::SESSION, post(session::begin).get(session::show).delete(session::end))
        .route(paths::SESSION_PIN, put(session::set_pin))
        .route(paths::SESSION_LOCK, post(session::lock))
        .route(paths::SESSION_UNLOCK, post(session::unlock))
        .route(paths::HEALTHZ, get(health::healthz))
        .route(paths::READYZ, get(health::readyz))
        .route(paths::CA, get(certificate::page))
        .route(paths::CA_FILE, get(certificate::file))
        .route(paths::METRICS, get(metrics::metrics))
        .route(paths::SCREENS, get(screens::page))
        .route(paths::SCREENS_ASSET, get(screens::asset))
        .route(paths::START_PAGE, get(start_page::start_page))
        .merge(openapi::routes())
        .route_layer(from_fn_with_state(node.clone(), authorize::authorize));
    let edge = Edge::default().with_timeouts(timeouts).with_budget(BodyBudget::of_kib(BODIES_KIB));
    edge.with_hosts(node.hosts().clone()).wrap(routes).with_state(node)
}
