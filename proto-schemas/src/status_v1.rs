//! A node's status as in `GET /api/v1/status`: its log, its queue, and its sync.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api_v1::QueueDto;
use crate::openapi::words;
use crate::pull_v1::DeviceStatus;
use crate::sync_v1::{EpochDto, SignedHead};

/// `GET /api/v1/status` at a node.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NodeStatus {
    /// The tenant.
    pub tenant: Uuid,
    /// The shop.
    pub site: Uuid,
    /// The node.
    pub node: Uuid,
    /// The node's Ed25519 public key, hex.
    #[schemars(with = "words::Hash")]
    pub public_key: String,
    /// The program's version.
    pub version: String,
    /// The node's clock.
    #[schemars(with = "words::Instant")]
    pub now: String,
    /// The log.
    pub log: LogStatus,
    /// Events that wait for central.
    pub queue: QueueDto,
    /// The line to central.
    pub sync: NodeSync,
    /// The users who may log in here without central; absent until central has sent them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<CachedUsersStatus>,
}

/// The users whom a node knows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CachedUsersStatus {
    /// Number of users.
    pub cached: u64,
    /// Position of the last change of users and rights that this node knows.
    pub identity_position: u64,
    /// Age of the last contact in which central confirmed them. The clock cannot make it younger.
    pub contact_age_seconds: u64,
    /// Whether that is longer ago than `OFFLINE_VERIFIER_HOURS`: then a PIN is not enough.
    pub password_required: bool,
}

/// A node's log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LogStatus {
    /// `open`, `damaged` (its check found something) or `failed` (a write failed): only the first takes events.
    #[schemars(with = "words::LogState")]
    pub state: String,
    /// Why it is not open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The missing records, if the log lacks some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingRecords>,
    /// The open epoch.
    pub epoch: EpochDto,
    /// Last seq that was given out.
    pub appended: u64,
    /// Last seq on disk.
    pub durable: u64,
    /// Last seq that central has decided.
    pub acked: u64,
    /// The chain after the last durable record, hex.
    #[schemars(with = "words::Hash")]
    pub chain: String,
    /// How often the log was opened.
    pub boot: u64,
    /// The check of the whole chain that runs after every start.
    pub check: LogCheck,
    /// Free bytes of its disk, if they can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_free_bytes: Option<u64>,
    /// Whether events are refused for want of room.
    pub disk_low: bool,
}

/// Records that a damaged log should have and lacks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct MissingRecords {
    /// The epoch's number.
    pub epoch: u32,
    /// Seq of the first.
    pub first: u64,
    /// Seq of the last.
    pub last: u64,
}

/// Progress of the check of the whole chain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LogCheck {
    /// `running`, `clean`, `found` or `stopped`.
    #[schemars(with = "words::CheckState")]
    pub state: String,
    /// Records that were followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// What it found: seq, expected and found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
}

/// The certificate that central issues to a node.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CertificateStatus {
    /// The names and addresses that it is for; empty before the first one.
    pub names: Vec<String>,
    /// When it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Instant>")]
    pub not_after: Option<String>,
    /// When the node asks for the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Instant>")]
    pub renew_at: Option<String>,
    /// Why the last request for one failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<SyncIssue>,
}

/// A node's line to central.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NodeSync {
    /// Whether this node sends at all.
    pub enabled: bool,
    /// `disabled`, `idle` (nothing to send), `sending`, `waiting` (until `retry_at`) or `stopped` (until a person has acted).
    #[schemars(with = "words::SyncPhase")]
    pub phase: String,
    /// Central's URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub central_url: Option<String>,
    /// When central last answered as it should.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Instant>")]
    pub last_success_at: Option<String>,
    /// The last failure since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<SyncIssue>,
    /// Failures in a row.
    pub failures: u32,
    /// When it tries again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Instant>")]
    pub retry_at: Option<String>,
    /// What a person should look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<SyncIssue>,
    /// Which central answered last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<Uuid>,
    /// The incarnation of the previous central, which was replaced since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_incarnation: Option<Uuid>,
    /// The node's clock minus central's, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_offset_ms: Option<i64>,
    /// The uncertainty of the offset in milliseconds: half the round-trip time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_uncertainty_ms: Option<i64>,
    /// Central's last signed statement of its head of this node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_head: Option<SignedHead>,
    /// Records that the next batch may have.
    pub batch_records: u64,
    /// The certificate that central issues to this node, if it asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateStatus>,
    /// How far this node has what central gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<NodePull>,
}

/// How far a node has what central gives.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct NodePull {
    /// Every change up to this position is here; absent until the first bootstrap has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete_through: Option<u64>,
    /// Central's head, as it last said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<u64>,
    /// When this node last had everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<words::Instant>")]
    pub pulled_at: Option<String>,
    /// Rows of the current bootstrap received since this node was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded_rows: Option<u64>,
    /// About how many there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_rows: Option<u64>,
    /// The last failure since the last success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<SyncIssue>,
    /// Central's last status of this device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceStatus>,
}

/// A failure or alert of the sync.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SyncIssue {
    /// A code such as `UNREACHABLE`, `FORK` or `CENTRAL_AHEAD`.
    pub code: String,
    /// With the values, for a person.
    pub detail: String,
    /// Since when, by the node's clock.
    #[schemars(with = "words::Instant")]
    pub at: String,
}

/// `GET /healthz` and `GET /readyz`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// `ok`: the process lives; `ready`: it can do its work.
    #[schemars(with = "words::HealthWord")]
    pub status: String,
    /// The incarnation of this central; at central's `readyz` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<Uuid>,
}

impl Health {
    /// The process lives.
    pub fn ok() -> Health {
        Health { status: "ok".to_owned(), incarnation: None }
    }

    /// It can do its work.
    pub fn ready(incarnation: Option<Uuid>) -> Health {
        Health { status: "ready".to_owned(), incarnation }
    }
}

/// `/api/v1/demo/link` at a node: the connection to central of a demonstration.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DemoLinkDto {
    /// Whether the node can reach central.
    pub connected: bool,
}
