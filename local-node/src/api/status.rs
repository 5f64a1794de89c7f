use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use comptoir_http_edge::ProblemResponse;
use comptoir_proto::instant;
use comptoir_proto::status_v1::{self, CertificateStatus, LogCheck, LogStatus, NodePull, NodeStatus, NodeSync};

use super::queue;
use crate::blocking::blocking;
use crate::event_log::{Check, ReadError, State as LogState, Status};
use crate::node::Node;
use crate::sync_agent::{NodeCertificate, Phase, PullState, SyncIssue};

pub(super) async fn status(State(node): State<Arc<Node>>) -> Result<Json<NodeStatus>, ProblemResponse> {
    Ok(Json(blocking(move || read(&node)).await?))
}

fn read(node: &Node) -> Result<NodeStatus, ReadError> {
    let log = node.log();
    let identity = log.identity();
    Ok(NodeStatus {
        tenant: identity.tenant.uuid(),
        site: identity.site.uuid(),
        node: identity.node.uuid(),
        public_key: hex::encode(log.public_key()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        now: instant::format(log.now()),
        log: log_status(&log.status()),
        queue: queue::read(node)?,
        sync: sync(node),
        users: node.users().status(),
    })
}

fn log_status(status: &Status) -> LogStatus {
    let head = status.head;
    LogStatus {
        state: match &status.state {
            LogState::Open => "open",
            LogState::Damaged(_) => "damaged",
            LogState::Failed { .. } => "failed",
        }
        .to_owned(),
        reason: status.state.refusal(),
        missing: status.state.missing(),
        epoch: head.epoch.into(),
        appended: head.marks.appended.0,
        durable: head.marks.durable.0,
        acked: head.marks.acked.0,
        chain: head.chain.to_string(),
        boot: status.boot,
        check: check(&status.check),
        disk_free_bytes: status.disk.map(|disk| disk.free_bytes),
        disk_low: status.disk_low,
    }
}

fn check(check: &Check) -> LogCheck {
    let (state, records, finding) = match check {
        Check::Running { records } => ("running", Some(*records), None),
        Check::Clean { records } => ("clean", Some(*records), None),
        Check::Found(finding) => ("found", None, Some(finding.to_string())),
        Check::Stopped => ("stopped", None, None),
    };
    LogCheck { state: state.to_owned(), records, finding }
}

fn sync(node: &Node) -> NodeSync {
    let sync = node.sync().borrow().clone();
    let config = node.sync_config();
    let millis = |micros: i64| micros / 1_000;
    NodeSync {
        enabled: sync.phase != Phase::Disabled,
        phase: sync.phase.as_str().to_owned(),
        central_url: config.central_url.as_ref().map(ToString::to_string),
        last_success_at: sync.last_success_at.map(instant::format),
        last_error: sync.last_error.map(issue),
        failures: sync.failures,
        retry_at: match sync.phase {
            Phase::Waiting(until) => Some(instant::format(until)),
            Phase::Disabled | Phase::Idle | Phase::Sending | Phase::Stopped => None,
        },
        alert: sync.alert.or(sync.clock_behind).or(sync.pull.alert.clone()).or(sync.pull.too_large.clone()).map(issue),
        incarnation: sync.incarnation,
        previous_incarnation: sync.previous_incarnation,
        clock_offset_ms: sync.clock.map(|clock| millis(clock.micros)),
        clock_uncertainty_ms: sync.clock.map(|clock| millis(clock.uncertainty_micros)),
        signed_head: sync.signed_head,
        batch_records: sync.batch_records as u64,
        certificate: sync.certificate.map(certificate),
        pull: Some(pull(sync.pull)),
    }
}

fn certificate(certificate: NodeCertificate) -> CertificateStatus {
    let NodeCertificate { facts, last_error } = certificate;
    CertificateStatus {
        not_after: facts.as_ref().map(|facts| instant::format(facts.not_after)),
        renew_at: facts.as_ref().map(|facts| instant::format(facts.renew_at())),
        names: facts.map(|facts| facts.names).unwrap_or_default(),
        last_error: last_error.map(issue),
    }
}

fn pull(pull: PullState) -> NodePull {
    NodePull {
        complete_through: pull.complete_through,
        head: pull.head,
        pulled_at: pull.pulled_at.map(instant::format),
        loaded_rows: pull.loading.map(|(rows, _)| rows),
        expected_rows: pull.loading.and_then(|(_, expected)| expected),
        last_error: pull.last_error.map(issue),
        device: pull.device,
    }
}

fn issue(issue: SyncIssue) -> status_v1::SyncIssue {
    status_v1::SyncIssue { code: issue.code, detail: issue.detail, at: instant::format(issue.at) }
}
