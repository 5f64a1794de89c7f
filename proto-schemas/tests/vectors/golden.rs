//! Golden vectors: fields in JSON on one side, bytes in hex on the other. A vector never changes; `MANIFEST` enforces that.

use std::fs;
use std::path::{Path, PathBuf};

use comptoir_core::chain::{ChainHash, decision_genesis, genesis};
use comptoir_core::decision::{Code, Flag, Judgement, Verdict};
use comptoir_core::event::{Content, Event, TimeSource};
use comptoir_core::id::{EventId, Name, NodeId, SiteId, TenantId};
use comptoir_core::position::{Epoch, Position, Seq};
use comptoir_core::rulebook::Rule;
use comptoir_core::time::Timestamp;
use comptoir_proto::stored_v1::StoredDecision;
use comptoir_proto::sync_v1::{parse_chain, resolution_from_json, resolution_value};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// The vectors whose file names have this prefix, by name.
pub(crate) fn vectors<T: for<'de> Deserialize<'de>>(prefix: &str) -> Vec<(String, T)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder()).expect("the folder of vectors is there") {
        let path = entry.expect("it can be listed").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("vectors have plain names").to_owned();
        if name.starts_with(prefix) {
            let text = fs::read_to_string(&path).expect("a vector can be read");
            found.push((
                name,
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
            ));
        }
    }
    assert!(!found.is_empty(), "there are vectors named {prefix}*");
    found.sort_by(|(left, _), (right, _)| left.cmp(right));
    found
}

/// A record: its fields, its bytes, and the chain before and after it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RecordVector {
    /// What it is an example of.
    pub(crate) about: String,
    /// As the independent decoder prints them.
    pub(crate) fields: RecordFields,
    /// Hex, or `genesis`.
    pub(crate) previous_chain: String,
    /// Hex; absent if only the hash is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) record: Option<String>,
    #[serde(default)]
    pub(crate) record_bytes: usize,
    #[serde(default)]
    pub(crate) chain: String,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordFields {
    pub(crate) tenant: Uuid,
    pub(crate) node: Uuid,
    pub(crate) epoch: EpochFields,
    pub(crate) seq: u64,
    pub(crate) event_id: Uuid,
    pub(crate) site: Option<Uuid>,
    pub(crate) user: Option<String>,
    pub(crate) entity_type: String,
    pub(crate) entity_id: String,
    pub(crate) action: String,
    pub(crate) schema_version: u16,
    pub(crate) base_version: Option<u64>,
    pub(crate) occurred_at: i64,
    pub(crate) time_source: String,
    pub(crate) identity_position: u64,
    pub(crate) causation: Option<Uuid>,
    pub(crate) correlation: Option<Uuid>,
    pub(crate) payload: Text,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct EpochFields {
    pub(crate) number: u32,
    pub(crate) id: Uuid,
}

/// A text, or how a long one is made.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Text {
    Plain(String),
    Filled { before: String, fill: String, times: usize, after: String },
}

impl Text {
    pub(crate) fn plain(&self) -> String {
        match self {
            Text::Plain(text) => text.clone(),
            Text::Filled { before, fill, times, after } => format!("{before}{}{after}", fill.repeat(*times)),
        }
    }
}

impl RecordFields {
    /// The event of these fields.
    pub(crate) fn event(&self) -> Event {
        let name = |text: &String| Name::new(text.clone()).expect("a vector's names are names");
        Event {
            id: EventId::new(self.event_id),
            tenant: TenantId::new(self.tenant),
            node: NodeId::new(self.node),
            epoch: Epoch { number: self.epoch.number, id: self.epoch.id },
            seq: Seq(self.seq),
            occurred_at: Timestamp(self.occurred_at),
            time_source: match self.time_source.as_str() {
                "caller" => TimeSource::Caller,
                "node" => TimeSource::Node,
                other => panic!("{other} is no time source"),
            },
            identity_position: self.identity_position,
            content: Content {
                site: self.site.map(SiteId::new),
                user: self.user.as_ref().map(name),
                entity_type: name(&self.entity_type),
                entity_id: name(&self.entity_id),
                action: name(&self.action),
                payload: self.payload.plain().into_bytes(),
                base_version: self.base_version,
                causation: self.causation.map(EventId::new),
                correlation: self.correlation,
                schema_version: self.schema_version,
            },
        }
    }
}

impl RecordVector {
    /// The chain before the record.
    pub(crate) fn previous(&self) -> ChainHash {
        let event = self.fields.event();
        match self.previous_chain.as_str() {
            "genesis" => genesis(event.tenant, event.node, event.epoch),
            hex => parse_chain(hex).expect("a vector's chain is hex"),
        }
    }
}

/// A decision: its fields, its bytes, and the chain before and after it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DecisionVector {
    /// What it is an example of.
    pub(crate) about: String,
    pub(crate) fields: DecisionFields,
    /// Hex, or `genesis`.
    pub(crate) previous_chain: String,
    #[serde(default)]
    pub(crate) decision: String,
    #[serde(default)]
    pub(crate) chain: String,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecisionFields {
    pub(crate) tenant: Uuid,
    pub(crate) position: u64,
    pub(crate) record_chain: String,
    pub(crate) event_id: Uuid,
    pub(crate) verdict: String,
    pub(crate) code: Option<String>,
    pub(crate) flags: Vec<String>,
    pub(crate) rule: String,
    pub(crate) rulebook_version: u32,
    pub(crate) engine_version: u16,
    pub(crate) received_at: i64,
    pub(crate) effective_at: i64,
    pub(crate) local_year: i16,
    pub(crate) reference: Option<String>,
    pub(crate) resolution: Option<Value>,
    pub(crate) detail: Option<String>,
}

impl DecisionFields {
    /// The decision of these fields.
    pub(crate) fn decision(&self) -> StoredDecision {
        let resolution = self.resolution.as_ref().map(|resolution| {
            let read = resolution_from_json(resolution.to_string().as_bytes()).expect("a vector's resolution reads");
            assert_eq!(resolution_value(&read), *resolution);
            read
        });
        StoredDecision {
            tenant: TenantId::new(self.tenant),
            position: Position(self.position),
            record_chain: parse_chain(&self.record_chain).expect("a vector's chain is hex"),
            event_id: EventId::new(self.event_id),
            rulebook_version: self.rulebook_version,
            engine_version: self.engine_version,
            received_at: Timestamp(self.received_at),
            effective_at: Timestamp(self.effective_at),
            local_year: self.local_year,
            judgement: Judgement {
                verdict: Verdict::parse(&self.verdict).expect("a verdict"),
                code: self.code.as_deref().map(|code| Code::parse(code).expect("a code")),
                flags: self.flags.iter().map(|flag| Flag::parse(flag).expect("a flag")).collect(),
                rule: Rule::parse(&self.rule).expect("a rule"),
                reference: self.reference.clone(),
                resolution,
                detail: self.detail.clone(),
            },
        }
    }
}

impl DecisionVector {
    /// The chain before the decision.
    pub(crate) fn previous(&self) -> ChainHash {
        match self.previous_chain.as_str() {
            "genesis" => decision_genesis(TenantId::new(self.fields.tenant)),
            hex => parse_chain(hex).expect("a vector's chain is hex"),
        }
    }
}
