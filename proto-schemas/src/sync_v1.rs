//! The push protocol, version 1. `docs/spec/sync.md` specifies it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use comptoir_core::chain::ChainHash;
use comptoir_core::decision::{Code, Resolution, Verdict};
use comptoir_core::id::{EventId, Name, NodeId};
use comptoir_core::limits::{CLOCK_MARKS_MAX, PUSH_RECORDS_MAX};
use comptoir_core::money;
use comptoir_core::position::{Epoch, Position};
use comptoir_core::rules::PriorDecision;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

/// The request header in which a node's agent names its process, by an id that is new at each start.
pub const NODE_PROCESS: &str = "comptoir-process";

use crate::clock_change::ClockMarkDto;
use crate::instant;
use crate::limited::at_most;
use crate::openapi::words;

/// `POST /api/v1/sync/push`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PushRequest {
    /// Names this attempt in both logs; it decides nothing.
    pub batch_id: Uuid,
    /// The sending node; must be the credential's.
    pub node: Uuid,
    /// The epoch of every record in it.
    pub epoch: EpochDto,
    /// Seq of the first record; the others follow without a hole.
    pub first_seq: u64,
    /// Chain before the first record, hex.
    #[schemars(with = "words::Hash")]
    pub previous_chain: String,
    /// One or more records.
    #[serde(deserialize_with = "at_most::<PUSH_RECORDS_MAX, _, _>")]
    pub records: Vec<SealedRecord>,
    /// The node's clock when it sent this: central measures the offset by it.
    #[schemars(with = "words::Instant")]
    pub node_time: String,
    /// Changes of the node's clock, as sealed in its log: from the machine's last start before the first of these records until
    /// now.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "at_most::<CLOCK_MARKS_MAX, _, _>")]
    pub clock: Vec<ClockMarkDto>,
    /// Records whose given time was ahead of the node's clock when the node recorded them.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "at_most::<PUSH_RECORDS_MAX, _, _>")]
    pub taken_in: Vec<RecordIntake>,
}

/// `GET /api/v1/sync/identity`: the node that the calling key was issued for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SyncIdentity {
    /// The tenant.
    pub tenant: Uuid,
    /// The shop.
    pub site: Uuid,
    /// The node.
    pub node: Uuid,
}

/// The time at which a node recorded a record whose given time was in the future.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordIntake {
    /// Seq of the record.
    pub seq: u64,
    /// By the node's clock.
    #[schemars(with = "words::Instant")]
    pub at: String,
}

/// An epoch on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Epoch")]
pub struct EpochDto {
    /// Number, from 1.
    pub number: u32,
    /// Random UUID.
    pub id: Uuid,
}

impl From<Epoch> for EpochDto {
    fn from(epoch: Epoch) -> Self {
        EpochDto { number: epoch.number, id: epoch.id }
    }
}

impl From<EpochDto> for Epoch {
    fn from(epoch: EpochDto) -> Self {
        Epoch { number: epoch.number, id: epoch.id }
    }
}

/// A record's bytes and the chain after it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SealedRecord {
    /// Base64 of the bytes, standard alphabet, padded.
    #[schemars(with = "words::Base64")]
    pub record: String,
    /// The chain in hex.
    #[schemars(with = "words::Hash")]
    pub chain: String,
    /// Central's earlier decision about the record, sent to a central that was restored from an older copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior_decision: Option<PriorResult>,
}

/// The attested part of an earlier result.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriorResult {
    /// As in the result.
    #[schemars(with = "words::VerdictWord")]
    pub verdict: String,
    /// As in the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::DecisionCode>")]
    pub code: Option<String>,
    /// As in the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// As in the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::mobile_v1::Resolution>")]
    pub resolution: Option<Value>,
    /// Central's attestation, as in the result.
    #[schemars(with = "words::Attestation")]
    pub attestation: String,
}

impl PriorResult {
    /// The prior decision and its attestation; `None` if any part does not read.
    pub fn read(&self) -> Option<(PriorDecision, [u8; 16])> {
        let mut attestation = [0; 16];
        hex::decode_to_slice(&self.attestation, &mut attestation).ok()?;
        let prior =
            prior_decision(&self.verdict, self.code.as_deref(), self.reference.as_ref(), self.resolution.as_ref());
        Some((prior?, attestation))
    }
}

fn prior_decision(
    verdict: &str,
    code: Option<&str>,
    reference: Option<&String>,
    resolution: Option<&Value>,
) -> Option<PriorDecision> {
    let read = |value: &Value| resolution_from_json(value.to_string().as_bytes()).ok_or(());
    Some(PriorDecision {
        verdict: Verdict::parse(verdict)?,
        code: code.map(|code| Code::parse(code).ok_or(())).transpose().ok()?,
        reference: reference.cloned(),
        resolution: resolution.map(read).transpose().ok()?,
    })
}

impl SealedRecord {
    /// Wraps bytes for the wire.
    pub fn new(record: &[u8], chain: ChainHash) -> SealedRecord {
        SealedRecord { record: BASE64.encode(record), chain: chain.to_string(), prior_decision: None }
    }

    /// The bytes and the chain; `None` if they are malformed.
    pub fn bytes(&self) -> Option<(Vec<u8>, ChainHash)> {
        Some((BASE64.decode(&self.record).ok()?, parse_chain(&self.chain)?))
    }
}

/// The answer to a push, built from stored decisions.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PushResponse {
    /// One per record, in order.
    pub results: Vec<RecordResult>,
    /// The node's log as central holds it now.
    pub head: HeadDto,
    /// Central's signed statement of that.
    pub signed_head: SignedHead,
    /// Central's clock.
    #[schemars(with = "words::Instant")]
    pub server_time: String,
    /// Central's incarnation; a replaced central has another one.
    pub incarnation: Uuid,
}

/// What was decided about one record.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RecordResult {
    /// The event.
    pub event_id: Uuid,
    /// Its seq in the node's epoch.
    pub seq: u64,
    /// `ACCEPTED`, `SUPERSEDED`, `CONFLICT`, `REJECTED`, `QUARANTINED` or `DUPLICATE`.
    #[schemars(with = "words::VerdictWord")]
    pub verdict: String,
    /// Why, where it is not plainly accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::DecisionCode>")]
    pub code: Option<String>,
    /// Remarks such as `STOCK_SHORTAGE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<words::FlagWord>")]
    pub flags: Vec<String>,
    /// Its position in the tenant's order.
    pub position: u64,
    /// An invoice's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What the node has to do about the event: `{action, data}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::mobile_v1::Resolution>")]
    pub resolution: Option<Value>,
    /// Words for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Central's attestation of an order-dependent decision: a node stores it and sends it with the record to a restored central.
    /// 16 bytes in hex that only central can make or verify.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Attestation>")]
    pub attestation: Option<String>,
}

/// A result as a node stores it, and as its bundle has it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StoredResult {
    /// As central gave it.
    #[serde(flatten)]
    pub result: RecordResult,
    /// When the node received it, by its clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sync_at: Option<String>,
}

impl RecordResult {
    /// The prior decision, if it reads.
    pub fn as_prior_decision(&self) -> Option<PriorDecision> {
        prior_decision(&self.verdict, self.code.as_deref(), self.reference.as_ref(), self.resolution.as_ref())
    }

    /// The part to send to a restored central; `None` without an attestation.
    pub fn to_prior_result(&self) -> Option<PriorResult> {
        let RecordResult { verdict, code, reference, resolution, attestation, .. } = self.clone();
        Some(PriorResult { verdict, code, reference, resolution, attestation: attestation? })
    }
}

/// A node's log as central holds it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Head")]
pub struct HeadDto {
    /// The node's latest epoch.
    pub epoch: EpochDto,
    /// Its last record; 0 when there is none.
    pub seq: u64,
    /// The chain after it, hex.
    #[schemars(with = "words::Hash")]
    pub chain: String,
}

/// Central's signed statement that it holds a node's log up to a seq.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SignedHead {
    /// The signed text, line by line: see [`signed_head_text`].
    pub text: String,
    /// Ed25519 over the text's bytes, base64.
    #[schemars(with = "words::Base64")]
    pub signature: String,
    /// Central's public key, hex.
    #[schemars(with = "words::Hash")]
    pub public_key: String,
}

/// The signed text: six lines, each ended by a line feed, so that it can be checked with a text editor and a key.
pub fn signed_head_text(tenant: Uuid, node: Uuid, head: &HeadDto, incarnation: Uuid) -> String {
    format!(
        "comptoir/signed-head/1\ntenant {tenant}\nnode {node}\nepoch {} {}\nseq {} {}\nincarnation {incarnation}\n",
        head.epoch.number, head.epoch.id, head.seq, head.chain
    )
}

/// `GET /api/v1/sync/status`: central's status of the calling node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SyncStatus {
    /// Central's head of the node; absent before its first push.
    pub head: Option<HeadDto>,
    /// Central's clock.
    #[schemars(with = "words::Instant")]
    pub server_time: String,
    /// Central's incarnation.
    pub incarnation: Uuid,
}

/// Reads a chain hash from its 64 hex digits.
pub fn parse_chain(text: &str) -> Option<ChainHash> {
    let mut bytes = [0u8; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(ChainHash(bytes))
}

/// A resolution as `{action, data}`, in the bytes that are stored.
pub fn resolution_to_json(resolution: &Resolution) -> Vec<u8> {
    resolution_value(resolution).to_string().into_bytes()
}

/// A resolution as `{action, data}`.
pub fn resolution_value(resolution: &Resolution) -> Value {
    match resolution {
        Resolution::DiscardLocal { event, user, node, at, place } => json!({
            "action": "DISCARD_LOCAL",
            "data": {
                "event_id": event.to_string(), "user": user.as_ref().map(Name::as_str), "node": node.to_string(),
                "at": instant::format(*at), "place": place,
            },
        }),
        Resolution::ServerStock { quantities } => {
            let quantities: serde_json::Map<String, Value> = quantities
                .iter()
                .map(|(product, quantity)| (product.to_string(), Value::from(money::plain(*quantity))))
                .collect();
            json!({ "action": "TAKE_SERVER_STOCK", "data": { "quantities": quantities } })
        }
        Resolution::ServerEntity { version, fields } => json!({
            "action": "CHOOSE",
            "data": { "version": version.0, "fields": crate::payload::fields_value(fields) },
        }),
    }
}

/// A resolution from its stored bytes.
pub fn resolution_from_json(bytes: &[u8]) -> Option<Resolution> {
    #[derive(Deserialize)]
    struct ResolutionText {
        action: String,
        data: BTreeMap<String, Box<RawValue>>,
    }
    // Parsed level by level: a field may nest nearly as deep as the JSON reader allows, and is some levels deeper here than where
    // it was checked.
    let ResolutionText { action, data } = serde_json::from_slice(bytes).ok()?;
    let value = |name: &str| serde_json::from_str::<Value>(data.get(name)?.get()).ok();
    let text = |name: &str| value(name)?.as_str().map(str::to_owned);
    match action.as_str() {
        "DISCARD_LOCAL" => Some(Resolution::DiscardLocal {
            event: text("event_id")?.parse::<EventId>().ok()?,
            user: text("user").map(Name::new).transpose().ok()?,
            node: text("node")?.parse::<NodeId>().ok()?,
            at: instant::parse(&text("at")?)?,
            place: text("place"),
        }),
        "TAKE_SERVER_STOCK" => {
            let quantities = value("quantities")?;
            let quantities = quantities.as_object()?.iter();
            let quantities = quantities
                .map(|(product, quantity)| Some((Name::new(product.clone()).ok()?, quantity.as_str()?.parse().ok()?)))
                .collect::<Option<_>>()?;
            Some(Resolution::ServerStock { quantities })
        }
        "CHOOSE" => Some(Resolution::ServerEntity {
            version: Position(value("version")?.as_u64()?),
            fields: crate::payload::fields_of(value("fields")?.as_object()?),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_resolution_reads_however_deep_the_fields_nest_that_it_names() {
        let fields = format!("{}1{}", "{\"a\":".repeat(127), "}".repeat(127));
        let stored = format!("{{\"action\":\"CHOOSE\",\"data\":{{\"fields\":{fields},\"version\":7}}}}");
        let read = resolution_from_json(stored.as_bytes()).expect("it was written once");
        assert_eq!(String::from_utf8(resolution_to_json(&read)).unwrap(), stored);
    }
}
