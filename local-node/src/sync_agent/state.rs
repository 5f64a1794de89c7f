//! The visible state of the agent, for `/status`, `/queue` and operators.

use comptoir_core::position::Seq;
use comptoir_core::time::Timestamp;
use comptoir_http_edge::tls::CertificateFacts;
use comptoir_proto::pull_v1::DeviceStatus;
use comptoir_proto::sync_v1::SignedHead;
use tokio::time::Instant;
use uuid::Uuid;

/// What the agent is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// `SYNC_ENABLED=false`.
    Disabled,
    /// Nothing is due.
    Idle,
    /// A request is under way.
    Sending,
    /// It tries again then, by the node's clock.
    Waiting(Timestamp),
    /// It sends nothing of this epoch until a person has dealt with what `alert` says.
    Stopped,
}

impl Phase {
    /// The phase as `/status` names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Disabled => "disabled",
            Phase::Idle => "idle",
            Phase::Sending => "sending",
            Phase::Waiting(_) => "waiting",
            Phase::Stopped => "stopped",
        }
    }
}

/// A failure or alert.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyncIssue {
    /// A code: central's or the agent's own.
    pub code: String,
    /// Explanation with the values.
    pub detail: String,
    /// Since when, by the node's clock.
    pub at: Timestamp,
}

/// The node's clock minus central's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClockOffset {
    /// In microseconds.
    pub micros: i64,
    /// By how much it may be wrong: half the time the answer took, in microseconds.
    pub uncertainty_micros: i64,
}

/// Events that central's decisions leave to a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NeedsPerson {
    /// Number of events.
    pub events: u64,
    /// Number of counts begun, and the number of the count that is shown: an earlier count never replaces a later one.
    pub(super) begun: u64,
    pub(super) shown: u64,
}

/// The certificate that central issues to this node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeCertificate {
    /// What it says; `None` before the first one.
    pub facts: Option<CertificateFacts>,
    /// Why the last request for one failed.
    pub last_error: Option<SyncIssue>,
}

/// The state of the line to central.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyncState {
    /// What the agent is doing.
    pub phase: Phase,
    /// When central last answered as it should.
    pub last_success_at: Option<Timestamp>,
    /// The last failure since then.
    pub last_error: Option<SyncIssue>,
    /// Failures in a row.
    pub failures: u32,
    /// What a person should look at.
    pub alert: Option<SyncIssue>,
    /// Which central answered last.
    pub incarnation: Option<Uuid>,
    /// Which central answered before: it was restored or replaced since.
    pub previous_incarnation: Option<Uuid>,
    /// Measured with the last answer.
    pub clock: Option<ClockOffset>,
    /// The clock is behind what the log has seen.
    pub clock_behind: Option<SyncIssue>,
    /// Central's last signed statement of its head of this node.
    pub signed_head: Option<SignedHead>,
    /// Records that the next batch may have.
    pub batch_records: usize,
    /// Events that need a person.
    pub needs_person: NeedsPerson,
    /// Since when a request to central has waited for its answer.
    pub request_since: Option<Instant>,
    /// The records of the open epoch that are on their way, first and last.
    pub sending: Option<(Seq, Seq)>,
    /// Notifications stored by this process.
    pub notifications: u64,
    /// Progress of the pull.
    pub pull: PullState,
    /// The certificate from central, if this node asks for one.
    pub certificate: Option<NodeCertificate>,
}

/// How far this node has what central gives.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PullState {
    /// Every change up to this position is here; nothing before the first load has ended.
    pub complete_through: Option<u64>,
    /// Central's head, as it last said.
    pub head: Option<u64>,
    /// When this node last had everything, by its clock.
    pub pulled_at: Option<Timestamp>,
    /// Rows of the current bootstrap received by this process, and the approximate total.
    pub loading: Option<(u64, Option<u64>)>,
    /// The last failure since the last success.
    pub last_error: Option<SyncIssue>,
    /// What central last said of this device.
    pub device: Option<DeviceStatus>,
    /// Position of the last change of users and rights, as central last said.
    pub identity_position: Option<u64>,
    /// Number of pulls that central answered to this process.
    pub answers: u64,
    /// That a person has to see to this device.
    pub alert: Option<SyncIssue>,
    /// A row was too large to store here since this process began.
    pub too_large: Option<SyncIssue>,
    /// Raised with every change of the rows.
    pub changes: u64,
}

impl PullState {
    /// Notes central's status of this device. The time of an alert's first appearance stays.
    pub(crate) fn note_device(&mut self, device: DeviceStatus, now: Timestamp) {
        let reason = match device {
            DeviceStatus { is_active: false, .. } => Some((
                "DEVICE_REVOKED",
                "central took this device out of use; it records nothing any more, sends what waits, and destroys its data",
            )),
            DeviceStatus { requires_reauth: true, .. } => Some((
                "REAUTH_REQUIRED",
                "central asks its user to sign in; events go on being sealed here and are sent as long as central takes them",
            )),
            DeviceStatus { is_active: true, requires_reauth: false } => None,
        };
        let before = self.alert.take();
        self.alert = reason.map(|(code, why)| {
            let detail = why.to_owned();
            before.filter(|known| known.code == code).unwrap_or(SyncIssue { code: code.to_owned(), detail, at: now })
        });
        self.device = Some(device);
    }
}

impl SyncState {
    /// At the start of a node.
    pub(crate) fn new(phase: Phase) -> SyncState {
        SyncState {
            phase,
            last_success_at: None,
            last_error: None,
            failures: 0,
            alert: None,
            incarnation: None,
            previous_incarnation: None,
            clock: None,
            clock_behind: None,
            signed_head: None,
            batch_records: 0,
            needs_person: NeedsPerson::default(),
            request_since: None,
            sending: None,
            notifications: 0,
            pull: PullState::default(),
            certificate: None,
        }
    }
}
