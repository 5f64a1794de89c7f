//! What is answered: from decisions as they are stored, whether they were made now or a year ago.

use comptoir_core::chain::ChainHash;
use comptoir_core::decision::{Code, Flag};
use comptoir_core::position::Seq;
use comptoir_proto::api_v1::{Appended, Decided};
use comptoir_proto::problem::Problem;
use comptoir_proto::stored_v1::{self, StoredDecision};
use comptoir_proto::sync_v1::{HeadDto, RecordResult, resolution_value};

use super::device::DeviceResult;
use crate::database::StoreError;
use crate::event_store::NodeHead;

/// The outcome of one job.
#[derive(Debug)]
pub(crate) enum JobOutcome {
    /// One result per record of a push, and the node's log as it is held now.
    Pushed {
        /// In the order of the records.
        results: Vec<RecordResult>,
        /// Of the push's epoch.
        head: NodeHead,
    },
    /// One outcome per draft.
    Drafted(Vec<Result<Decided, Problem>>),
    /// One outcome per event of a device.
    OfDevice(Vec<Result<DeviceResult, Problem>>),
    /// The whole job was refused.
    Refused(Problem),
}

impl JobOutcome {
    /// What was refused, if anything was.
    pub(crate) fn problem(&self) -> Option<&Problem> {
        match self {
            JobOutcome::Pushed { .. } => None,
            JobOutcome::Drafted(drafts) => drafts.iter().find_map(|draft| draft.as_ref().err()),
            JobOutcome::OfDevice(events) => events.iter().find_map(|event| event.as_ref().err()),
            JobOutcome::Refused(problem) => Some(problem),
        }
    }
}

/// What was decided about the record at a seq.
pub(crate) fn result(decision: &StoredDecision, seq: Seq) -> RecordResult {
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

/// The same, from the stored bytes.
pub(crate) fn stored_result(decision: &[u8], seq: Seq) -> Result<RecordResult, StoreError> {
    let decision = stored_v1::decode_decision(decision)
        .map_err(|error| StoreError::Damaged(format!("the decision of seq {seq}: {error}")))?;
    Ok(result(&decision, seq))
}

/// What the writer of a draft hears.
pub(crate) fn decided(result: RecordResult, chain: ChainHash, duplicate: bool) -> Decided {
    let appended = Appended { event_id: result.event_id, seq: result.seq, chain: chain.to_string(), duplicate };
    Decided { appended, decision: result }
}

/// A node's head on the wire.
pub(crate) fn head_dto(head: &NodeHead) -> HeadDto {
    HeadDto { epoch: head.epoch.into(), seq: head.last_seq.0, chain: head.last_chain.to_string() }
}
