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

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::http::Uri;
use comptoir_core::id::TenantId;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::central::Central;
use device::Contract;
use sync_log::{Direction, SyncSession};

/// The routes of both contracts, and of the log of synchronisations.
pub(crate) fn router() -> Router<Arc<Central>> {
    Router::new().merge(mobile::router()).merge(desktop::router()).merge(sync_log::router())
}

/// Reads a query string; the type says which parameters there are.
fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    match Query::<T>::try_from_uri(uri) {
        Ok(Query(query)) => Ok(query),
        Err(error) => Err(Problem::new(ErrorCode::InvalidParameter, error.body_text())),
    }
}

/// Reads a body. One that does not read is a synchronisation that failed: it is logged where as much as the client's name can be read.
async fn body<T: DeserializeOwned>(
    central: &Central,
    tenant: TenantId,
    bytes: &[u8],
    contract: Contract,
    direction: Direction,
) -> Result<T, Problem> {
    let error = match serde_json::from_slice(bytes) {
        Ok(request) => return Ok(request),
        Err(error) => error,
    };
    let problem = Problem::new(ErrorCode::MalformedBody, error.to_string());
    if let Some(client) = client_in(bytes, contract) {
        SyncSession::of_client(central, tenant, &client, contract, direction).end(central, Err(&problem)).await;
    }
    Err(problem)
}

fn client_in(bytes: &[u8], contract: Contract) -> Option<String> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_slice(bytes).ok()?;
    serde_json::from_str(fields.get(contract.name_field())?.get()).ok()
}
