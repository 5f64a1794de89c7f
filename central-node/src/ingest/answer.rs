//! Builds answers from stored decisions, so that a retry after a year gets the same answer.

use comptoir_core::chain::ChainHash;
use comptoir_core::decision::{Code, Flag};
use comptoir_core::id::Name;
use comptoir_core::position::Seq;
use comptoir_proto::api_v1::{Appended, Decided};
use comptoir_proto::stored_v1::{self, StoredDecision};
use comptoir_proto::sync_v1::{HeadDto, RecordResult, resolution_value};

use crate::database::StoreError;
use crate::event_store::NodeHead;

/// The outcome of a push: its records were appended now or earlier.
#[derive(Debug)]
pub(crate) struct Pushed {
    /// One per record, in order; fewer if the rest must wait for the restore window to close.
    pub(crate) results: Vec<RecordResult>,
    /// The head of the push's epoch after the commit.
    pub(crate) head: NodeHead,
}

/// The decision about one event of a device.
#[derive(Debug)]
pub(crate) struct DeviceResult {
    /// The same as for a pushed record.
    pub(crate) result: RecordResult,
    /// The entity's id at central.
    pub(crate) entity_id: Name,
}

/// The result of the record at a seq.
pub(crate) fn record_result(decision: &StoredDecision, seq: Seq) -> RecordResult {
    let judgement = &decision.judgement;
    RecordResult {
        event_id: decision.event_id.uuid(),
        seq: seq.0,
        verdict: judgement.verdict.as_str().to_owned(),
        code: judgement.code.map(|code| Code::as_str(code).to_owned()),
        flags: judgement.flags.iter().map(|flag| Flag::as_str(*flag).to_owned()).collect(),
        position: decision.position.0,
        reference: judgement.reference.clone(),
        resolution: judgement.resolution.as_ref().map(resolution_value),
        detail: judgement.detail.clone(),
        attestation: None,
    }
}

/// [`record_result`] from a decision's stored bytes.
pub(crate) fn stored_result(decision: &[u8], seq: Seq) -> Result<RecordResult, StoreError> {
    let decision = stored_v1::decode_decision(decision)
        .map_err(|error| StoreError::Damaged(format!("the decision of seq {seq}: {error}")))?;
    Ok(record_result(&decision, seq))
}

/// The answer to one draft.
pub(crate) fn decided(result: RecordResult, chain: ChainHash, duplicate: bool) -> Decided {
    let appended = Appended { event_id: result.event_id, seq: result.seq, chain: chain.to_string(), duplicate };
    Decided { appended, decision: result }
}

/// A node's head as it is sent.
pub(crate) fn head_dto(head: &NodeHead) -> HeadDto {
    HeadDto { epoch: head.epoch.into(), seq: head.last_seq.0, chain: head.last_chain.to_string() }
}
