//! `GET /api/v1/security-events`: what looks like fraud or an attack, for an administrator.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use comptoir_core::id::NodeId;
use comptoir_http_edge::{ProblemResponse, page_limit, read_query};
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use comptoir_proto::security_v1::{SecurityEventPage, SecurityKind};
use comptoir_proto::sync_v1::NODE_PROCESS;
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use super::auth::admin;
use super::caller::CallerHeaders;
use super::events::position;
use super::report_query::bad;
use crate::central::Central;
use crate::identity::user_device::device_node;
use crate::identity::{Credential, NodeProcess};
use crate::ingest::{SecurityEvent, record_security_event};
use crate::reporting::security_events::{SecurityQuestion, security_events};

/// Which events; filters are combined.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecurityEventsQuery {
    /// Only this kind.
    kind: Option<SecurityKind>,
    /// Only those that concern this node.
    node: Option<Uuid>,
    /// Only those that concern the phone or desktop of this name.
    device: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    #[schemars(with = "words::PositionNumber")]
    after: u64,
    /// Events of a page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
}

pub(super) async fn list(
    State(central): State<Arc<Central>>,
    uri: Uri,
    headers: CallerHeaders,
) -> Result<Json<SecurityEventPage>, ProblemResponse> {
    let tenant = admin(&headers)?.tenant;
    let query: SecurityEventsQuery = read_query(&uri)?;
    let node = match (query.node, query.device) {
        (Some(_), Some(device)) => {
            let problem: Problem = bad("device", &device, "either a node or a device");
            return Err(problem.into());
        }
        (node, device) => node.map(NodeId::new).or_else(|| device.map(|name| device_node(tenant, &name))),
    };
    let question = SecurityQuestion {
        kind: query.kind,
        node,
        after: position("after", query.after)?,
        limit: page_limit(query.limit, 100).map_err(|problem| problem.at("limit"))?,
    };
    Ok(Json(security_events(central.database(), tenant, &question).await?))
}

/// Records a security event in a task of its own, so that no answer waits for it.
pub(super) fn record_in_background(central: &Arc<Central>, credential: &Credential, event: SecurityEvent) {
    let (central, tenant) = (Arc::clone(central), credential.tenant);
    tokio::spawn(async move {
        let services = (central.database(), central.ingest_queue(), central.clock());
        record_security_event(services, tenant, event).await;
    });
}

/// Notes which process of a node uses its key: two at the same time are an alarm.
pub(super) fn note_node_process(central: &Arc<Central>, credential: &Credential, headers: &HeaderMap) {
    let process = headers.get(NODE_PROCESS).and_then(|value| Uuid::parse_str(value.to_str().ok()?).ok());
    let Some(two) = central.key_uses().note_process(&credential.key_id, process) else { return };
    let words = |process: NodeProcess| process.map_or_else(|| "another program".to_owned(), |id| id.to_string());
    let mut pair = [words(two.returned), words(two.other)];
    pair.sort();
    let [first, second] = &pair;
    let cause = SecurityEvent::cause(credential.tenant, &[&credential.key_id, first, second]);
    let event = SecurityEvent::new(SecurityKind::KeyUsedTwice, cause, ("KEY", &credential.key_id))
        .with("process", first.as_str())
        .with("other_process", second.as_str());
    let event = match credential.node() {
        Some(node) => event.in_log(node),
        None => event,
    };
    record_in_background(central, credential, event);
}
