//! Shared by the routes of phones and desktops: the request's body, its row in the sync log, and the device's clock.

use axum::http::{HeaderMap, header};
use comptoir_core::id::TenantId;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::error::summary;
use crate::central::Central;
use crate::devices::device::Contract;
use crate::sync_log::{Direction, SyncSession};

/// A sync session of a client that is known only by its own name.
pub(super) fn session(
    central: &Central,
    tenant: TenantId,
    client: &str,
    contract: Contract,
    direction: Direction,
) -> SyncSession {
    SyncSession::of_client((central.database(), central.clock()), tenant, client, contract.as_str(), direction)
}

/// Reads a body. An invalid body is a failed synchronisation, which is logged if at least the client's name can be read.
pub(super) async fn body<T: DeserializeOwned>(
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
        session(central, tenant, &client, contract, direction).end(Err(summary(&problem))).await;
    }
    Err(problem)
}

fn client_in(bytes: &[u8], contract: Contract) -> Option<String> {
    /// The name of either contract's device.
    #[derive(Deserialize)]
    struct Named {
        device_id: Option<String>,
        #[serde(rename = "clientId")]
        client_id: Option<String>,
    }
    let named: Named = serde_json::from_slice(bytes).ok()?;
    match contract {
        Contract::Mobile => named.device_id,
        Contract::Desktop => named.client_id,
    }
}

/// The request's `Date`: the client's clock.
pub(super) fn date(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::DATE).and_then(|value| value.to_str().ok())
}

/// The `id` of an event that is otherwise invalid, or its index in the request.
pub(super) fn event_label(text: &RawValue, index: usize) -> String {
    let value = serde_json::from_str::<serde_json::Value>(text.get()).ok();
    let id = value.as_ref().and_then(|value| value.get("id")?.as_str()).map(str::to_owned);
    id.unwrap_or_else(|| format!("#{index}"))
}
