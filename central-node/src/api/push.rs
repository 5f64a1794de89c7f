//! `POST /api/v1/sync/push`: reads the request before taking any lock, submits it to `ingest/queue.rs`, and responds.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use comptoir_core::clock::{ClockHistory, ClockMark};
use comptoir_core::decision::Verdict;
use comptoir_core::id::NodeId;
use comptoir_core::limits::{CLOCK_MARKS_MAX, PUSH_BODY_BYTES_MAX, PUSH_BYTES_MAX, PUSH_RECORDS_MAX, RECORD_BYTES_MAX};
use comptoir_core::position::{Epoch, Seq};
use comptoir_core::rules::PriorDecision;
use comptoir_core::time::Timestamp;
use comptoir_http_edge::{ProblemResponse, RequestBody};
use comptoir_proto::clock_change::ClockMarkDto;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::instant;
use comptoir_proto::problem::Problem;
use comptoir_proto::sync_v1::{PushRequest, PushResponse, RecordIntake, SealedRecord, parse_chain};

use super::auth::credential;
use super::caller::CallerHeaders;
use super::error::summary;
use super::security_events::note_node_process;
use crate::central::Central;
use crate::identity::{Access, Credential};
use crate::ingest::{
    Attestation, AttestationKey, AttestedEvent, NotedRefusal, PreparedPush, PreparedRecord, Pushed, RecordPosition,
    head_dto, note, opening, prepare,
};
use crate::sync_log::{Direction, SyncCounts, SyncSession};

/// Appends a node's records, and returns the decision about each.
pub(super) async fn push(
    State(central): State<Arc<Central>>,
    headers: CallerHeaders,
    body: RequestBody,
) -> Result<Response, ProblemResponse> {
    let credential = credential(&headers);
    note_node_process(&central, &credential, &headers);
    let mut sync = credential.node().map(|node| {
        SyncSession::of_node((central.database(), central.clock()), credential.tenant, node, Direction::Up)
    });
    let pushed = receive_push(&central, &credential, body, &mut sync).await;
    if let Some(sync) = sync {
        sync.end_in_background(pushed.as_ref().map(counts).map_err(summary));
    }
    match pushed {
        Ok(response) => Ok(written(&central, response).await?),
        Err(problem) => {
            let node = credential.node().map(|node| node.to_string()).unwrap_or_default();
            tracing::info!(tenant.id = %credential.tenant, node.id = node, code = problem.code, detail = problem.detail, "push refused");
            let refused = NotedRefusal { credential: &credential, code: &problem.code, detail: &problem.detail };
            note(central.database(), central.ingest_queue(), central.clock(), refused).await;
            Err(problem.into())
        }
    }
}

/// The response of a push, written by a background thread: it can be a megabyte of JSON, which would delay other requests.
async fn written(central: &Central, response: PushResponse) -> Result<Response, Problem> {
    let written = central.background().spawn_blocking(move || Json(response).into_response()).await;
    written.map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))
}

async fn receive_push(
    central: &Arc<Central>,
    credential: &Credential,
    body: RequestBody,
    sync: &mut Option<SyncSession>,
) -> Result<PushResponse, Problem> {
    let Access::Node { node, .. } = credential.access else {
        return Err(Problem::new(ErrorCode::Forbidden, "only a node's key may push a log"));
    };
    let now = central.clock().now();
    let (bytes, reserved) = body.json(PUSH_BODY_BYTES_MAX).await?.into_parts();
    let (owner, key) = (credential.clone(), central.attestation_key().clone());
    let push = central.background().spawn_blocking(move || read_push(&owner, node, &bytes, now, &key)).await;
    let push = push.map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))??;
    if let Some(sync) = sync {
        sync.clock_offset_micros = Some(push.clock_offset_micros);
    }
    let attested: Vec<Option<AttestedEvent>> = push.records.iter().map(AttestedEvent::of).collect();
    let Pushed { mut results, head } = central.ingest_queue().submit(credential.tenant, push).await?;
    drop(reserved);
    let key = central.attestation_key().clone();
    let attest = move || {
        for (result, event) in results.iter_mut().zip(&attested) {
            event.iter().for_each(|event| key.attest(event, result));
        }
        results
    };
    let results = central.background().spawn_blocking(attest).await;
    let results = results.map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    let head = head_dto(&head);
    Ok(PushResponse {
        results,
        signed_head: central.signed_head(credential.tenant, node, &head),
        head,
        server_time: instant::format(central.clock().now()),
        incarnation: central.incarnation(),
    })
}

/// The counts for the sync log.
fn counts(response: &PushResponse) -> SyncCounts {
    let of = |verdict: Verdict| response.results.iter().filter(|result| result.verdict == verdict.as_str()).count();
    SyncCounts { events: response.results.len(), conflicts: of(Verdict::Conflict), failed: of(Verdict::Rejected) }
}

/// Reads a push request; the schema of every payload is checked here, before any lock.
fn read_push(
    credential: &Credential,
    node: NodeId,
    bytes: &[u8],
    now: Timestamp,
    key: &AttestationKey,
) -> Result<PreparedPush, Problem> {
    let bad = |detail: String| Problem::new(ErrorCode::MalformedBody, detail);
    let request: PushRequest = serde_json::from_slice(bytes).map_err(|error| bad(error.to_string()))?;
    if request.node != node.uuid() {
        let detail = format!("the credential is of node {node}, the request names node {}", request.node);
        return Err(Problem::new(ErrorCode::WrongNode, detail).at("/node"));
    }
    let epoch = Epoch::from(request.epoch);
    if epoch.number == 0 || i32::try_from(epoch.number).is_err() {
        return Err(bad(format!("{} is no epoch number", epoch.number)).at("/epoch/number"));
    }
    if request.first_seq == 0 || request.first_seq > i64::MAX as u64 - PUSH_RECORDS_MAX as u64 {
        return Err(bad(format!("{} is no sequence number", request.first_seq)).at("/first_seq"));
    }
    let first_seq = Seq(request.first_seq);
    let previous = parse_chain(&request.previous_chain)
        .ok_or_else(|| bad(format!("{:?} is no chain hash", request.previous_chain)).at("/previous_chain"))?;
    let node_time = instant::parse(&request.node_time)
        .ok_or_else(|| bad(format!("{:?} is no RFC 3339 instant", request.node_time)).at("/node_time"))?;
    let sent = decode_records(&request)?;
    let first = RecordPosition { tenant: credential.tenant, node, epoch, seq: first_seq };
    let (prior, taken_in, marks) = (prior_decisions(&request)?, taken_in(&request)?, clock_marks(&request)?);
    let mut records = prepare(first, previous, sent)?;
    for (index, decision, attestation) in prior {
        set_prior_decision(&mut records[index], decision, attestation, key);
    }
    for (index, at) in taken_in {
        records[index].taken_in = Some(at);
    }
    let opening = records.first().and_then(opening);
    let clock_offset_micros = node_time.0.saturating_sub(now.0);
    let clock = ClockHistory::new(&marks, Some(clock_offset_micros), now);
    Ok(PreparedPush { node, epoch, first_seq, previous, records, opening, clock_offset_micros, clock })
}

/// The clock marks in the node's log, in log order.
fn clock_marks(request: &PushRequest) -> Result<Vec<ClockMark>, Problem> {
    if request.clock.len() > CLOCK_MARKS_MAX {
        let detail = format!("a push names at most {CLOCK_MARKS_MAX} changes of the clock, got more");
        return Err(Problem::new(ErrorCode::TooLarge, detail).at("/clock"));
    }
    let read = |(index, mark): (usize, &ClockMarkDto)| {
        let detail = || format!("{:?} or {:?} is no RFC 3339 instant", mark.change.clock, mark.change.compared_with);
        mark.read().ok_or_else(|| Problem::new(ErrorCode::MalformedBody, detail()).at(format!("/clock/{index}")))
    };
    request.clock.iter().enumerate().map(read).collect()
}

/// When the node received events, by the index of their record in the push.
fn taken_in(request: &PushRequest) -> Result<Vec<(usize, Timestamp)>, Problem> {
    if request.taken_in.len() > PUSH_RECORDS_MAX {
        let detail = format!("a push names at most {PUSH_RECORDS_MAX} records, got more");
        return Err(Problem::new(ErrorCode::TooLarge, detail).at("/taken_in"));
    }
    let read = |(index, taken): (usize, &RecordIntake)| {
        let at = format!("/taken_in/{index}");
        let record = taken.seq.checked_sub(request.first_seq).and_then(|record| usize::try_from(record).ok());
        let record = record.filter(|record| *record < request.records.len()).ok_or_else(|| {
            Problem::new(ErrorCode::MalformedBody, format!("seq {} is not in this push", taken.seq)).at(at.clone())
        })?;
        let instant = instant::parse(&taken.at).ok_or_else(|| {
            Problem::new(ErrorCode::MalformedBody, format!("{:?} is no RFC 3339 instant", taken.at)).at(at.clone())
        })?;
        Ok((record, instant))
    };
    request.taken_in.iter().enumerate().map(read).collect()
}

fn decode_records(request: &PushRequest) -> Result<Vec<(Vec<u8>, comptoir_core::chain::ChainHash)>, Problem> {
    let count = request.records.len();
    if count == 0 {
        return Err(Problem::new(ErrorCode::MalformedBody, "a push has one record or more").at("/records"));
    }
    if count > PUSH_RECORDS_MAX {
        let detail = format!("a push has at most {PUSH_RECORDS_MAX} records, got more");
        return Err(Problem::new(ErrorCode::TooLarge, detail).at("/records"));
    }
    let mut total = 0;
    let decode = |(index, sealed): (usize, &SealedRecord)| {
        let at = format!("/records/{index}");
        let (record, chain) = sealed.bytes().ok_or_else(|| {
            Problem::new(ErrorCode::MalformedBody, "the record is no base64, or its chain no hash").at(at.clone())
        })?;
        total += record.len();
        if record.len() > RECORD_BYTES_MAX {
            let detail = format!("a record has at most {RECORD_BYTES_MAX} bytes, got {}", record.len());
            return Err(Problem::new(ErrorCode::TooLarge, detail).at(at));
        }
        if total > PUSH_BYTES_MAX {
            let detail = format!("the records of a push have at most {PUSH_BYTES_MAX} bytes together");
            return Err(Problem::new(ErrorCode::TooLarge, detail).at(at));
        }
        Ok((record, chain))
    };
    request.records.iter().enumerate().map(decode).collect()
}

/// Central's prior decisions as sent by the node, by the index of their record in the push.
fn prior_decisions(request: &PushRequest) -> Result<Vec<(usize, PriorDecision, Attestation)>, Problem> {
    let read = |(index, record): (usize, &SealedRecord)| {
        let decided = record.prior_decision.as_ref()?;
        let unread = || {
            let detail = "what was decided before does not read: hand it back as it was given, or not at all";
            Problem::new(ErrorCode::MalformedBody, detail).at(format!("/records/{index}/decided"))
        };
        Some(decided.read().map(|(decision, attestation)| (index, decision, attestation)).ok_or_else(unread))
    };
    request.records.iter().enumerate().filter_map(read).collect()
}

/// Sets a prior decision that central attested. A record with any other is decided as if it had none.
fn set_prior_decision(
    record: &mut PreparedRecord,
    decision: PriorDecision,
    attestation: Attestation,
    key: &AttestationKey,
) {
    if AttestedEvent::of(record).is_some_and(|event| key.verifies(&event, &decision, attestation)) {
        record.prior_decision = Some(decision);
    } else {
        tracing::warn!(event.id = %record.event_id, "central did not attest the prior decision: the event is decided again");
    }
}
