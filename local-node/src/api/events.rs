use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use comptoir_core::id::{EventId, Name};
use comptoir_core::position::Seq;
use comptoir_http_edge::{
    Media, PAGE_ROWS, PathParams, ProblemResponse, RequestBody, idempotency_key, invalid_parameter, page_limit,
    read_query,
};
use comptoir_proto::api_v1::{EventDto, EventPage};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use comptoir_proto::stored_v1;
use comptoir_proto::sync_v1::StoredResult;
use schemars::JsonSchema;
use serde::Deserialize;

use super::authorize::Permitted;
use super::record::record_json;
use super::{JSON_BYTES_MAX, costs, refusal, stream};
use crate::blocking::blocking;
use crate::event_log::{Log, ReadError, Sealed};
use crate::node::Node;

/// A page of large records ends early.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// `POST /api/v1/events`: one draft, a list, or a stream.
pub(super) async fn record(
    permitted: Permitted,
    headers: HeaderMap,
    body: RequestBody,
) -> Result<Response, ProblemResponse> {
    let key = idempotency_key(&headers)?;
    match body.media()? {
        Media::Json => {
            let body = body.json(JSON_BYTES_MAX).await?;
            Ok(Json(record_json(&permitted, key, body).await?).into_response())
        }
        Media::Ndjson => Ok(stream::answer(permitted, key.map(str::to_owned), body.lines()?)),
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    /// `next` of the page before.
    after: Option<String>,
    /// Without `after`: start at the last that many events.
    #[schemars(with = "Option<words::PositionNumber>")]
    last: Option<String>,
    /// Maximum number of rows of the page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
}

/// `GET /api/v1/events?after&limit`, or the last that many events.
pub(super) async fn list(State(node): State<Arc<Node>>, uri: Uri) -> Result<Json<EventPage>, ProblemResponse> {
    let page: EventsQuery = read_query(&uri)?;
    let after = page.after.as_deref().map(EventsCursor::parse).transpose()?;
    let (last, limit) = (page.last.as_deref().map(last).transpose()?, page_limit(page.limit, PAGE_ROWS)?);
    let (log, sending) = (node.log().clone(), node.sync_progress().sending);
    let read = move || {
        let after = match (after, last) {
            (Some(after), _) => after,
            (None, Some(last)) => EventsCursor::before_last(&log, last)?,
            (None, None) => EventsCursor::default(),
        };
        read_page(&log, after, limit, sending)
    };
    Ok(Json(blocking(read).await?))
}

/// `GET /api/v1/events/{id}`.
pub(super) async fn one(
    State(node): State<Arc<Node>>,
    permitted: Permitted,
    PathParams(id): PathParams<String>,
) -> Result<Json<EventDto>, ProblemResponse> {
    let id: EventId = id.parse().map_err(|_| invalid_parameter("id", &id, "an event is named by its UUID"))?;
    let log = node.log().clone();
    let found = blocking(move || log.find(id)).await?;
    let Some(found) = found else {
        if let Some(problem) = refusal::damaged(node.log()) {
            return Err(problem.into());
        }
        return Err(Problem::new(ErrorCode::NotFound, format!("this node's log has no event {id}")).into());
    };
    let sending = if found.epoch == node.log().head().epoch.number { node.sync_progress().sending } else { None };
    let event = shown(&found.sealed, found.decision.as_deref(), sending)?;
    if let Ok(entity_type) = Name::new(&event.entity_type) {
        permitted.check_read(&entity_type)?;
    }
    Ok(Json(costs::shown_to(permitted.caller(), event)))
}

/// A number in the range of central's positions, so that both servers refuse the same values.
fn last(text: &str) -> Result<u64, Problem> {
    let last = text.parse().ok().filter(|last| i64::try_from(*last).is_ok());
    last.ok_or_else(|| invalid_parameter("last", text, "a number of events"))
}

/// A position in the log: after the record of that epoch and seq.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct EventsCursor {
    epoch: u32,
    seq: u64,
}

impl EventsCursor {
    fn parse(text: &str) -> Result<EventsCursor, Problem> {
        let parts = text.split_once('.').and_then(|(epoch, seq)| {
            Some(EventsCursor { epoch: epoch.parse().ok()?, seq: seq.parse().ok().filter(|seq| *seq < u64::MAX)? })
        });
        parts.ok_or_else(|| invalid_parameter("after", text, "give the `next` of the page before"))
    }

    /// The position before the last that many records of the log, or before its first.
    fn before_last(log: &Log, mut last: u64) -> Result<EventsCursor, ReadError> {
        for epoch in log.epochs().into_iter().rev().map(|epoch| epoch.number) {
            let end = log.last(epoch).0;
            if last <= end {
                return Ok(EventsCursor { epoch, seq: end - last });
            }
            last -= end;
        }
        Ok(EventsCursor::default())
    }

    fn text(self) -> String {
        format!("{}.{}", self.epoch, self.seq)
    }
}

/// Records after a cursor, across the ends of epochs.
fn read_page(
    log: &Log,
    after: EventsCursor,
    limit: usize,
    sending: SeqsInFlight,
) -> Result<EventPage, ProblemResponse> {
    let mut events = Vec::new();
    let (mut at, mut bytes) = (after, 0);
    for epoch in log.epochs().into_iter().map(|epoch| epoch.number).filter(|number| *number >= after.epoch) {
        let acked = log.acked(epoch)?;
        let mut from = if epoch == after.epoch { Seq(after.seq).next() } else { Seq(1) };
        while events.len() < limit && bytes < PAGE_BYTES {
            let sealed = log.read(epoch, from, limit - events.len(), PAGE_BYTES)?;
            let Some(last) = sealed.last() else { break };
            from = last.seq.next();
            at = EventsCursor { epoch, seq: last.seq.0 };
            for sealed in sealed {
                bytes += sealed.record.len();
                let open = epoch == log.head().epoch.number;
                let decision = match (sealed.seq <= acked, open) {
                    (true, _) => log.decision(epoch, sealed.seq)?,
                    (false, true) => None,
                    (false, false) => decision_of_resealed(log, &sealed)?,
                };
                let sending = if open { sending } else { None };
                events.push(shown(&sealed, decision.as_deref(), sending)?);
            }
        }
    }
    let head = log.head();
    let more = (at.epoch, at.seq) < (head.epoch.number, head.marks.durable.0);
    Ok(EventPage { events, next: at.text(), more })
}

/// Central's decision about a record of an older epoch that was sealed again: the decision is stored with its new record.
fn decision_of_resealed(log: &Log, sealed: &Sealed) -> Result<Option<Vec<u8>>, ReadError> {
    let Ok(header) = stored_v1::header(&sealed.record) else { return Ok(None) };
    Ok(log.find(header.event_id)?.and_then(|found| found.decision))
}

/// The records that are on their way to central, first and last.
pub(super) type SeqsInFlight = Option<(Seq, Seq)>;

pub(super) fn shown(
    sealed: &Sealed,
    decision: Option<&[u8]>,
    sending: SeqsInFlight,
) -> Result<EventDto, ProblemResponse> {
    let unreadable = |error: stored_v1::DecodeError| {
        ProblemResponse::from(Problem::new(ErrorCode::Internal, format!("a record of the log does not read: {error}")))
    };
    let event = stored_v1::decode(&sealed.record).map_err(unreadable)?;
    let is_synced = Some(decision.is_some());
    let stored: Option<StoredResult> = decision.and_then(|bytes| serde_json::from_slice(bytes).ok());
    let (decision, last_sync_at) = stored.map_or((None, None), |stored| (Some(stored.result), stored.last_sync_at));
    let status = match &decision {
        Some(result) => match result.verdict.as_str() {
            "CONFLICT" | "REJECTED" => "FAILED",
            _ => "ACKED",
        },
        None if sending.is_some_and(|(first, last)| (first..=last).contains(&sealed.seq)) => "SENDING",
        None => "PENDING",
    };
    let status = Some(status.to_owned());
    Ok(EventDto { decision, status, is_synced, last_sync_at, ..EventDto::new(&event, sealed.chain) })
}
