//! Checks the answer to a push. An answer counts only if it matches the batch, record by record.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use comptoir_core::chain::ChainHash;
use comptoir_core::decision::Verdict;
use comptoir_core::id::NodeId;
use comptoir_core::position::{Epoch, Seq};
use comptoir_core::time::Timestamp;
use comptoir_proto::problem::Problem;
use comptoir_proto::sync_v1::{
    HeadDto, PushResponse, RecordResult, SignedHead, StoredResult, SyncStatus, parse_chain, signed_head_text,
};
use comptoir_proto::{instant, stored_v1};
use ed25519_dalek::{Signature, VerifyingKey};

use super::outbox::{PushBatch, Sent};
use super::transport::{HttpAnswer, Unanswered};
use crate::event_log::{EpochHead, Identity};

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum PushFailure {
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
    #[error("central answered {status}{}", problem.as_ref().map(|problem| format!(" {}: {}", problem.code, problem.detail)).unwrap_or_default())]
    Refused { status: u16, problem: Option<Box<Problem>>, retry_after: Option<Duration> },
    /// A status 200 whose body does not match this batch.
    #[error("central's answer does not fit: {0}")]
    Misfit(String),
}

impl PushFailure {
    /// A status other than 200.
    pub(crate) fn refused(answer: &HttpAnswer) -> PushFailure {
        let problem = serde_json::from_slice::<Problem>(&answer.body).ok();
        let in_problem = problem.as_ref().and_then(|problem| problem.retry_after).map(Duration::from_secs);
        PushFailure::Refused {
            status: answer.status,
            retry_after: answer.retry_after.or(in_problem),
            problem: problem.map(Box::new),
        }
    }
}

/// An answer that was checked.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Pushed {
    /// Results of the batch's first records, in order, each with the bytes to store; at least one.
    pub(crate) results: Vec<(RecordResult, Vec<u8>)>,
    /// The last record with a result.
    pub(crate) up_to: Seq,
    pub(crate) central: CentralStatus,
}

/// Central's status of this node, which every answer contains.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct CentralStatus {
    /// The node's log as central holds it; `None` before its first push.
    pub(crate) head: Option<EpochHead>,
    pub(crate) server_time: String,
    pub(crate) incarnation: uuid::Uuid,
    /// `None` if the answer has none or its signature does not verify.
    pub(crate) signed_head: Option<SignedHead>,
}

/// Checks the answer to a batch; `now` is the time of its arrival.
pub(crate) fn read_push(
    identity: Identity,
    batch: &PushBatch,
    answer: &HttpAnswer,
    now: Timestamp,
) -> Result<Pushed, PushFailure> {
    if answer.status != 200 {
        return Err(PushFailure::refused(answer));
    }
    let response: PushResponse =
        serde_json::from_slice(&answer.body).map_err(|error| PushFailure::Misfit(error.to_string()))?;
    check_results(batch, &response.results)?;
    let head = read_head(&response.head)?;
    check_head(batch, &response.results, head)?;
    let signed_head = Some(response.signed_head).filter(|signed_head| {
        let holds = signed_head_verifies(identity, &response.head, response.incarnation, signed_head);
        if !holds {
            tracing::warn!(batch.id = %batch.id, "Central's signed head does not verify; its results are stored without it");
        }
        holds
    });
    let up_to = Seq(batch.first().0 + response.results.len() as u64 - 1);
    let last_sync_at = Some(instant::format(now));
    let stored = |result: RecordResult| {
        let timed = StoredResult { result, last_sync_at: last_sync_at.clone() };
        let bytes = serde_json::to_vec(&timed).map_err(|error| PushFailure::Misfit(error.to_string()))?;
        Ok((timed.result, bytes))
    };
    Ok(Pushed {
        results: response.results.into_iter().map(stored).collect::<Result<_, PushFailure>>()?,
        up_to,
        central: CentralStatus {
            head: Some(head),
            server_time: response.server_time,
            incarnation: response.incarnation,
            signed_head,
        },
    })
}

/// Reads the answer to a status request.
pub(crate) fn read_status(answer: &HttpAnswer) -> Result<CentralStatus, PushFailure> {
    if answer.status != 200 {
        return Err(PushFailure::refused(answer));
    }
    let status: SyncStatus =
        serde_json::from_slice(&answer.body).map_err(|error| PushFailure::Misfit(error.to_string()))?;
    Ok(CentralStatus {
        head: status.head.as_ref().map(read_head).transpose()?,
        server_time: status.server_time,
        incarnation: status.incarnation,
        signed_head: None,
    })
}

/// Checks that there is one result per record, in order, from the first. There may be fewer results than records.
fn check_results(batch: &PushBatch, results: &[RecordResult]) -> Result<(), PushFailure> {
    let misfit = |text: String| Err(PushFailure::Misfit(text));
    if results.is_empty() {
        return misfit(format!("{} records were sent, and it has no result", batch.records.len()));
    }
    if results.len() > batch.records.len() {
        return misfit(format!("{} records were sent, and it has {} results", batch.records.len(), results.len()));
    }
    for (sent, result) in batch.records.iter().zip(results) {
        if result.seq != sent.seq.0 {
            return misfit(format!("seq {} was sent, and a result names seq {}", sent.seq, result.seq));
        }
        // Central names an unreadable or misplaced record by its chain, which is a valid answer.
        let is_quarantined = result.verdict == Verdict::Quarantined.as_str()
            && result.event_id == stored_v1::unreadable_event_id(sent.chain).uuid();
        if sent.event_id.is_some_and(|id| id.uuid() != result.event_id) && !is_quarantined {
            return misfit(format!("seq {}: the result names event {}", sent.seq, result.event_id));
        }
    }
    Ok(())
}

/// Checks that central's head includes what it answered for, with the same chain.
fn check_head(batch: &PushBatch, results: &[RecordResult], head: EpochHead) -> Result<(), PushFailure> {
    let misfit = |text: String| Err(PushFailure::Misfit(text));
    let answered = &batch.records[results.len() - 1];
    if head.epoch.number < batch.epoch.number {
        return misfit(format!("epoch {} was sent, and its head is in {}", batch.epoch.number, head.epoch.number));
    }
    if head.epoch != batch.epoch {
        // Central knows an epoch that this node never opened: the agent handles that, and the results are valid.
        return Ok(());
    }
    if head.seq < answered.seq {
        return misfit(format!("it has a result for seq {}, and its head is at seq {}", answered.seq, head.seq));
    }
    let same: fn(&Sent, EpochHead) -> bool = |sent, head| sent.seq == head.seq && sent.chain != head.chain;
    match batch.records.iter().find(|sent| same(sent, head)) {
        Some(sent) => misfit(format!("seq {}: our chain is {}, its head says {}", sent.seq, sent.chain, head.chain)),
        None => Ok(()),
    }
}

fn read_head(head: &HeadDto) -> Result<EpochHead, PushFailure> {
    let chain: Option<ChainHash> = parse_chain(&head.chain);
    let chain = chain.ok_or_else(|| PushFailure::Misfit(format!("{:?} is no chain hash", head.chain)))?;
    Ok(EpochHead { epoch: Epoch::from(head.epoch), seq: Seq(head.seq), chain })
}

/// Whether the signed head is of this node and head, and is signed by the key it names.
fn signed_head_verifies(identity: Identity, head: &HeadDto, incarnation: uuid::Uuid, signed_head: &SignedHead) -> bool {
    let node: NodeId = identity.node;
    if signed_head.text != signed_head_text(identity.tenant.uuid(), node.uuid(), head, incarnation) {
        return false;
    }
    let mut key = [0; 32];
    let key =
        hex::decode_to_slice(&signed_head.public_key, &mut key).ok().and_then(|()| VerifyingKey::from_bytes(&key).ok());
    let signature = BASE64.decode(&signed_head.signature).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
    key.zip(signature)
        .is_some_and(|(key, signature)| key.verify_strict(signed_head.text.as_bytes(), &signature).is_ok())
}
