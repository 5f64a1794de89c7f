//! `POST /api/sync/push`: each event of a batch is handled alone. A damaged or invalid event fails, and the others continue.
//! The same batch, whole or in part, gets the same answers again, since an event counts once.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use comptoir_core::limits::{PUSH_BODY_BYTES_MAX, PUSH_RECORDS_MAX};
use comptoir_core::time::Timestamp;
use comptoir_http_edge::{ProblemResponse, RequestBody};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::mobile_v1::{PushRequest, PushResponse};
use comptoir_proto::problem::Problem;
use comptoir_proto::security_v1::SecurityKind;

use super::event::{self, ParsedDraft};
use super::outcome::failure;
use crate::api::auth::credential;
use crate::api::caller::CallerHeaders;
use crate::api::device_request::{body as read_body, date, session};
use crate::api::error::summary;
use crate::central::Central;
use crate::devices::device::{Contract, Device};
use crate::devices::mobile::checksum_failures::{self, FailureKey};
use crate::devices::mobile::first_validator;
use crate::devices::{offset, seal, time_cursor};
use crate::identity::Credential;
use crate::ingest::{IdReused, SecurityEvent, record_security_event};
use crate::sync_log::{Direction, SyncCounts, SyncSession};

pub(super) async fn push(
    State(central): State<Arc<Central>>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Json<PushResponse>, ProblemResponse> {
    let credential = credential(&headers);
    let bytes = body.json(PUSH_BODY_BYTES_MAX).await?;
    let request: PushRequest = read_body(&central, credential.tenant, &bytes, Contract::Mobile, Direction::Up).await?;
    let mut sync = session(&central, credential.tenant, &request.device_id, Contract::Mobile, Direction::Up);
    sync.batch_id = Some(request.batch_id.clone());
    let taken = ingest_events(&central, &credential, &headers, request, &mut sync).await;
    sync.end(taken.as_ref().map(|(_, counts)| *counts).map_err(summary)).await;
    Ok(Json(taken?.0))
}

async fn ingest_events(
    central: &Central,
    credential: &Credential,
    headers: &CallerHeaders,
    request: PushRequest,
    sync: &mut SyncSession,
) -> Result<(PushResponse, SyncCounts), Problem> {
    let count = request.events.len();
    if count > PUSH_RECORDS_MAX {
        let detail = format!("a push has at most {PUSH_RECORDS_MAX} events, got more");
        return Err(Problem::new(ErrorCode::TooLarge, detail).at("/events"));
    }
    let device = central.devices().contact(credential, &request.device_id, Contract::Mobile).await?;
    sync.is_of(device.node);
    let currency = central.devices().currency(device.tenant).await?;
    let reader = device.clone();
    let read = tokio::task::spawn_blocking(move || {
        let events = request.events.iter().enumerate();
        events.map(|(index, text)| event::read(&reader, currency, index, text)).collect::<Vec<_>>()
    });
    let mut read = read.await.map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    let now = central.clock().now();
    refuse_for_good(central, &device, &mut read, now).await?;
    record_wrong_checksums(central, credential, &device, &read).await;
    let stamps = read.iter().filter_map(|read| Some(read.draft.as_ref().ok()?.occurred_at));
    sync.clock_offset_micros = offset::of_request(date(headers), now, stamps);
    let drafts = read.iter().filter_map(|read| read.draft.as_ref().ok().cloned()).collect();
    let offset = sync.clock_offset_micros.unwrap_or(0);
    let outcomes = seal::submit(central.devices(), &device, drafts, offset).await?;
    let mut outcomes = outcomes.into_iter();
    let mut response = PushResponse {
        success: true,
        acked_event_ids: Vec::new(),
        failed_events: Vec::new(),
        server_time: time_cursor::in_milliseconds(now),
    };
    let mut counts = SyncCounts { events: count, ..SyncCounts::default() };
    for ParsedDraft { event_id, draft, .. } in read {
        let outcome = match draft {
            Ok(_) => match outcomes.next() {
                Some(outcome) => {
                    if let Err(reused) = &outcome {
                        record_altered(central, &device, &event_id, reused).await;
                    }
                    outcome.map_err(Problem::from)
                }
                None => Err(Problem::new(ErrorCode::Internal, "an event was not answered")),
            },
            Err(problem) => Err(problem),
        };
        match failure(outcome, &event_id, &mut counts) {
            Some(failed) => response.failed_events.push(failed),
            None => response.acked_event_ids.push(event_id),
        }
    }
    response.success = response.failed_events.is_empty();
    first_validator::name_who_was_first(central.database(), credential.tenant, &mut response.failed_events).await?;
    Ok((response, counts))
}

/// Records a security event for each payload that does not fit its checksum; the same bytes again are the same cause.
async fn record_wrong_checksums(central: &Central, credential: &Credential, device: &Device, read: &[ParsedDraft]) {
    let services = (central.database(), central.ingest_queue(), central.clock());
    for ParsedDraft { event_id, checksum_failure, .. } in read {
        let Some(failure) = checksum_failure else { continue };
        let cause = SecurityEvent::cause(device.tenant, &[&hex::encode(failure)]);
        let event = SecurityEvent::new(SecurityKind::WrongChecksum, cause, ("EVENT", event_id)).in_log(device.node);
        record_security_event(services, credential.tenant, event).await;
    }
}

/// Records that an event came with the id of another one: the phone, or somebody, changed it after it was sent.
async fn record_altered(central: &Central, device: &Device, event_id: &str, reused: &IdReused) {
    let services = (central.database(), central.ingest_queue(), central.clock());
    let event = SecurityEvent::new(SecurityKind::AlteredRecord, reused.0, ("EVENT", event_id)).in_log(device.node);
    let event = event.with("code", ErrorCode::EventIdReused.as_str()).with("detail", reused.to_string());
    record_security_event(services, device.tenant, event).await;
}

/// A payload that does not fit its checksum a second time is damaged on the phone.
async fn refuse_for_good(
    central: &Central,
    device: &Device,
    read: &mut [ParsedDraft],
    now: Timestamp,
) -> Result<(), Problem> {
    let failures: Vec<FailureKey> = read.iter().filter_map(|read| read.checksum_failure).collect();
    let known = checksum_failures::remember(central.database(), device, &failures, now).await?;
    let damaged = read.iter_mut().filter(|read| read.checksum_failure.is_some());
    for (read, known) in damaged.zip(known) {
        if let (Err(problem), true) = (&mut read.draft, known) {
            problem.retryable = false;
        }
    }
    Ok(())
}
