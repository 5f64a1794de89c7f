//! `GET /api/v1/audit-entries`: what phones and nodes recorded for an audit.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use comptoir_core::position::Position;
use comptoir_core::time::Timestamp;
use comptoir_http_edge::{ProblemResponse, page_limit, read_query};
use comptoir_proto::audit_entries_v1::AuditEntryPage;
use comptoir_proto::instant;
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

use super::auth::admin;
use super::caller::CallerHeaders;
use super::events::position;
use super::report_query::bad;
use crate::central::Central;
use crate::event_store::AuditEntryFilter;
use crate::identity::user_device::device_node;
use crate::reporting::audit_entries::{self, AuditQuestion};

/// Which entries; filters are combined.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditEntriesQuery {
    /// The name of the phone that sent them.
    device: Option<String>,
    /// Who acted.
    user: Option<String>,
    /// The type of what they speak of.
    entity_type: Option<String>,
    /// The id of what they speak of.
    entity_id: Option<String>,
    /// From this time on, by the clock of their writer.
    #[schemars(with = "Option<words::Instant>")]
    from: Option<String>,
    /// Before this time.
    #[schemars(with = "Option<words::Instant>")]
    to: Option<String>,
    /// `next` of the page before.
    #[serde(default)]
    #[schemars(with = "words::PositionNumber")]
    after: u64,
    /// Entries of a page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
}

pub(super) async fn list(
    State(central): State<Arc<Central>>,
    uri: Uri,
    headers: CallerHeaders,
) -> Result<Json<AuditEntryPage>, ProblemResponse> {
    let credential = admin(&headers)?;
    let query: AuditEntriesQuery = read_query(&uri)?;
    let after: Position = position("after", query.after)?;
    let question = AuditQuestion {
        filter: AuditEntryFilter {
            node: query.device.map(|name| device_node(credential.tenant, &name)),
            from: time("from", query.from.as_deref())?,
            to: time("to", query.to.as_deref())?,
        },
        user: query.user,
        entity_type: query.entity_type,
        entity_id: query.entity_id,
        after,
        limit: page_limit(query.limit, 100).map_err(|problem| problem.at("limit"))?,
    };
    Ok(Json(audit_entries::page(central.database(), credential.tenant, &question).await?))
}

fn time(name: &'static str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    // In a query a bare `+` is a space.
    let read = |text: &str| {
        let refused = || bad(name, text, "an instant such as 2026-01-07T10:00:00Z");
        instant::parse(&text.replace(' ', "+")).ok_or_else(refused)
    };
    text.map(read).transpose()
}
