//! Phones and desktops whose contracts were written by others: `/api/sync/*`, field by field as their documents have it.
//!
//! They keep no chain, so central keeps a log for each ([`device`]) and seals their events on arrival, through the same queue and the same
//! turn as a node's push. Going down they name a time where a node names a position; [`time_cursor`] makes one of the other.

mod changes;
mod desktop;
mod device;
pub(crate) mod mobile;
mod offset;
mod seal;
pub(crate) mod sync_log;
mod time_cursor;

use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::http::Uri;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use serde::de::DeserializeOwned;

use crate::central::Central;

/// The routes of both contracts, and of the log of synchronisations.
pub(crate) fn router() -> Router<Arc<Central>> {
    Router::new().merge(mobile::router()).merge(desktop::router()).merge(sync_log::router())
}

/// Reads a query string; the type says which parameters there are.
fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    match Query::<T>::try_from_uri(uri) {
        Ok(Query(query)) => Ok(query),
        Err(error) => Err(Problem::new(ErrorCode::BadParameter, error.body_text())),
    }
}
