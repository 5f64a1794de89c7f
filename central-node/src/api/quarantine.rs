//! The list of quarantined events, and their release. A release is a new event, written by central's node, that makes the
//! quarantined event take effect.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use comptoir_core::access::AccessOperation;
use comptoir_core::event::{Content, Draft};
use comptoir_core::fact::Fact;
use comptoir_core::id::{EventId, Name, SiteId};
use comptoir_core::limits::LIST_BODY_BYTES_MAX;
use comptoir_http_edge::{PathParams, ProblemResponse, RequestBody};
use comptoir_proto::api_v1::{Decided, EventDto, EventPage};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::auth::{acting_user, admin};
use super::caller::CallerHeaders;
use super::drafts::submit;
use super::event_rows::event_dto;
use super::events::{EventsQuery, stored_event};
use crate::central::Central;
use crate::database;
use crate::event_store;
use crate::identity::Credential;
use crate::ingest::DraftBatch;
use crate::state_store::Versions;

/// A request to release a quarantined event.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReleaseRequest")]
pub(super) struct ReleaseDto {
    /// The id of the release event. A retry with the same id is the same release.
    id: Option<Uuid>,
    /// The user who releases the event.
    #[schemars(with = "Option<words::Name>")]
    user: Option<String>,
    #[schemars(length(max = 500))]
    reason: Option<String>,
}

/// The events that wait for a person, oldest first.
pub(super) async fn list(
    State(central): State<Arc<Central>>,
    uri: Uri,
    headers: CallerHeaders,
) -> Result<Json<EventPage>, ProblemResponse> {
    let credential = admin(&headers)?;
    let query = EventsQuery::read(&uri)?;
    let limit = query.limit()?;
    let mut connection = central.database().service().await?;
    let tx = database::begin(&mut connection, credential.tenant).await?;
    let version = Versions::active(&tx, credential.tenant).await?.quarantine;
    let sites = credential.sites_for(AccessOperation::ReleaseQuarantine);
    // One row more than the page shows whether another page follows.
    let asked = (query.after(), i64::try_from(limit + 1).unwrap_or(i64::MAX));
    let mut rows = event_store::quarantined(&tx, credential.tenant, version, sites.ids().as_deref(), asked).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().map_or(query.after(), |row| row.position).to_string();
    let events = rows.iter().map(event_dto).collect::<Result<_, _>>()?;
    Ok(Json(EventPage { events, next, more }))
}

/// Releases a quarantined event. The answer has the decision about the release: REJECTED if the event was not quarantined,
/// was released before, or still cannot take effect.
pub(super) async fn release(
    State(central): State<Arc<Central>>,
    PathParams(event): PathParams<String>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Json<Decided>, ProblemResponse> {
    let credential = admin(&headers)?;
    let missing = || Problem::new(ErrorCode::NotFound, format!("there is no event {event}"));
    let event: EventId = event.parse().map_err(|_| missing())?;
    if credential.user().is_some()
        && !may_release(&credential, &stored_event(&central, credential.tenant, event).await?)
    {
        return Err(missing().into());
    }
    let body = body.json_or_nothing(LIST_BODY_BYTES_MAX).await?;
    let body = if body.trim_ascii().is_empty() { b"{}".as_slice() } else { &body };
    let bad = |detail: String| Problem::new(ErrorCode::MalformedBody, detail);
    let release: ReleaseDto = serde_json::from_slice(body).map_err(|error| bad(error.to_string()))?;
    let payload = match &release.reason {
        Some(reason) => json!({ "event_id": event.to_string(), "reason": reason }),
        None => json!({ "event_id": event.to_string() }),
    };
    let name = |text: &str| Name::new(text).map_err(|error| bad(error.to_string()));
    let draft = Draft {
        id: release.id.map_or_else(|| EventId::new(Uuid::now_v7()), EventId::new),
        occurred_at: None,
        content: Content {
            user: acting_user(&credential, release.user.as_deref().map(name).transpose()?)?,
            causation: Some(event),
            ..Content::new(
                name("QUARANTINE")?,
                name(&event.to_string())?,
                name("QUARANTINE_RELEASED")?,
                payload.to_string().into_bytes(),
            )
        },
    };
    {
        let mut connection = central.database().service().await?;
        let tx = database::begin(&mut connection, credential.tenant).await?;
        event_store::by_event_id(&tx, credential.tenant, event).await?.ok_or_else(missing)?;
    }
    let content = &draft.content;
    let read = comptoir_proto::payload::read_fact(&content.entity_type, &content.action, 1, &content.payload);
    read.map_err(|error| Problem::new(ErrorCode::InvalidPayload, error.to_string()).at("/reason"))?;
    let drafts = DraftBatch {
        drafts: vec![(draft, Fact::QuarantineReleased { event })],
        atomic: true,
        by_central: true,
        opens_epoch: false,
    };
    let mut outcomes = submit(&central, credential.tenant, drafts).await?;
    match outcomes.pop() {
        Some(Ok(decided)) => Ok(Json(decided)),
        Some(Err(problem)) => Err(problem.into()),
        None => Err(Problem::new(ErrorCode::Internal, "a release was not answered").into()),
    }
}

/// A person releases events of the person's sites.
fn may_release(credential: &Credential, event: &EventDto) -> bool {
    credential.sites_for(AccessOperation::ReleaseQuarantine).shows(event.site.map(SiteId::new))
}
