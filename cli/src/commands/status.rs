//! `comptoir status`: what waits at a node.

use clap::Args;
use comptoir_proto::api_v1::QueueDto;
use comptoir_proto::paths;
use comptoir_proto::status_v1::{CachedUsersStatus, NodeStatus, SyncIssue};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Output, Shown};
use crate::remote::{Remote, RemoteArgs};

/// Shorter waits for an answer are normal and not shown.
const WAIT_SHOWN_FROM_SECONDS: u64 = 2;

/// Which node to ask.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  comptoir status --url http://127.0.0.1:7401 --json")]
pub struct StatusArgs {
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Prints the queue of a node. People also read why it does not move; JSON is the queue alone.
pub async fn print_status(args: &StatusArgs, output: Output) -> Result<(), Failure> {
    let remote = Remote::new(&args.remote)?;
    let queue: QueueDto = remote.get(paths::QUEUE, &[]).await?;
    if output.is_json() {
        return output.print(&QueueStatus { queue, faults: Vec::new(), users: None, troubles: Vec::new() });
    }
    let status: NodeStatus = remote.get(paths::STATUS, &[]).await?;
    let users = status.users.as_ref().map(known_users);
    output.print(&QueueStatus { queue, faults: faults(&status), users, troubles: troubles(&status) })
}

/// The users whom a node knows, and how old that is.
pub(super) fn known_users(users: &CachedUsersStatus) -> String {
    let CachedUsersStatus { cached, identity_position, contact_age_seconds, password_required } = users;
    let age = match contact_age_seconds {
        0..60 => "now".to_owned(),
        60..3_600 => format!("{} min ago", contact_age_seconds / 60),
        _ => format!("{} h ago", contact_age_seconds / 3_600),
    };
    let stale = if *password_required { "; a PIN is not enough" } else { "" };
    format!("{cached} users may log in, as of position {identity_position}, confirmed {age}{stale}")
}

/// Faults of the node itself that a person has to resolve, each by its code.
fn faults(status: &NodeStatus) -> Vec<String> {
    let log = Some(&status.log.state).filter(|state| *state != "open").map(|state| format!("log {state}"));
    let line = status.sync.alert.as_ref().map(|alert| alert.code.clone());
    log.into_iter().chain(line).collect()
}

/// Everything that keeps events from being recorded, or from reaching central.
fn troubles(status: &NodeStatus) -> Vec<String> {
    let NodeStatus { log, sync, .. } = status;
    let mut troubles = Vec::new();
    if log.state != "open" {
        let reason = log.reason.as_deref().unwrap_or_default();
        troubles.push(format!("Log: {}: {reason}", log.state));
    }
    if log.disk_low {
        troubles.push("Disk: too little room (INSUFFICIENT_STORAGE)".to_owned());
    }
    if !sync.enabled {
        let off = "Synchronisation: off (SYNC_ENABLED=false)";
        troubles.push(off.to_owned());
    }
    let line = |words: &str, issue: &SyncIssue| format!("{words}{}: {}", issue.code, issue.detail);
    match (&sync.alert, &sync.last_error) {
        (Some(alert), _) => troubles.push(line("Alert: ", alert)),
        (None, Some(error)) => troubles.push(line("Last error: ", error)),
        (None, None) => {}
    }
    let pull = sync.pull.as_ref();
    match pull.map(|pull| (pull.loaded_rows, &pull.last_error)) {
        // An error from before the bootstrap began is over.
        Some((Some(rows), _)) => troubles.push(format!("Bootstrap in progress: {rows} rows so far")),
        Some((None, Some(error))) => troubles.push(line("Pull fails: ", error)),
        Some((None, None)) | None => {}
    }
    if let Some(error) = sync.certificate.as_ref().and_then(|certificate| certificate.last_error.as_ref()) {
        troubles.push(line("No certificate for the shop's network: ", error));
    }
    if !troubles.is_empty() {
        troubles.push("What to do: docs/operating/node.md".to_owned());
    }
    troubles
}

#[derive(Serialize)]
#[serde(transparent)]
struct QueueStatus {
    queue: QueueDto,
    #[serde(skip)]
    faults: Vec<String>,
    #[serde(skip)]
    users: Option<String>,
    #[serde(skip)]
    troubles: Vec<String>,
}

impl Shown for QueueStatus {
    fn text(&self) -> String {
        let users = self.users.iter().map(|users| format!("Offline: {users}"));
        let lines = std::iter::once(words(&self.queue, &self.faults)).chain(users).chain(self.troubles.iter().cloned());
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn words(queue: &QueueDto, faults: &[String]) -> String {
    let QueueDto { pending, to_review, .. } = queue;
    let oldest = match queue.oldest_age_seconds {
        Some(age) => format!(", the oldest for {age} s"),
        None => String::new(),
    };
    // A fork needs a person too, although no event is counted for it.
    let people = to_review + faults.len() as u64;
    let which = match faults {
        [] => String::new(),
        faults => {
            let faults = faults.join(", ");
            format!(" ({to_review} events; {faults})")
        }
    };
    let waiting = match queue.waiting_seconds {
        Some(seconds) if seconds >= WAIT_SHOWN_FROM_SECONDS => {
            format!("\nA request has been waiting for central's answer for {seconds} s")
        }
        Some(_) | None => String::new(),
    };
    let last = queue.last_success_at.as_deref();
    format!(
        "Waiting: {pending}{oldest}\nTo review: {people}{which}\nCentral last answered: {}{waiting}",
        last.unwrap_or("never")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn status(sync: &serde_json::Value) -> NodeStatus {
        let mut status = json!({
            "tenant": uuid::Uuid::nil(), "site": uuid::Uuid::nil(), "node": uuid::Uuid::nil(), "public_key": "",
            "version": "", "now": "",
            "log": {"state": "open", "epoch": {"number": 1, "id": uuid::Uuid::nil()}, "appended": 1, "durable": 1,
                    "acked": 1, "chain": "", "boot": 1, "check": {"state": "clean"}, "disk_low": false},
            "queue": {"pending": 19, "to_review": 0, "oldest_age_seconds": 40, "last_success_at": null},
            "sync": {"enabled": true, "phase": "idle", "failures": 0, "batch_records": 500},
        });
        let sync = sync.as_object().expect("members").clone();
        status["sync"].as_object_mut().expect("members").extend(sync);
        serde_json::from_value(status).expect("a status")
    }

    fn shown(status: &NodeStatus) -> String {
        let (queue, faults) = (status.queue.clone(), faults(status));
        let users = status.users.as_ref().map(known_users);
        QueueStatus { queue, faults, users, troubles: troubles(status) }.text()
    }

    #[test]
    fn a_fork_is_counted_as_something_to_review() {
        let fork = status(&json!({"alert": {"code": "FORK", "detail": "seq 7", "at": ""}}));
        assert!(shown(&fork).contains("To review: 1 (0 events; FORK)\n"), "{}", shown(&fork));
        assert!(shown(&status(&json!({}))).contains("To review: 0\n"));
        let mut damaged = status(&json!({}));
        damaged.log.state = "damaged".to_owned();
        damaged.queue.to_review = 2;
        assert!(shown(&damaged).contains("To review: 3 (2 events; log damaged)\n"), "{}", shown(&damaged));
    }

    /// Point 5.
    #[test]
    fn the_users_of_a_node_and_the_age_of_the_last_contact_are_shown() {
        let mut offline = status(&json!({}));
        let users = CachedUsersStatus {
            cached: 4,
            identity_position: 17,
            contact_age_seconds: 73 * 3_600,
            password_required: true,
        };
        offline.users = Some(users);
        let line = "Offline: 4 users may log in, as of position 17, confirmed 73 h ago; a PIN is not enough";
        assert!(shown(&offline).contains(line), "{}", shown(&offline));
    }

    #[test]
    fn a_request_without_an_answer_is_shown_with_its_age() {
        let error = json!({"code": "CENTRAL_NOT_ANSWERING", "detail": "a request has had no answer for 5 s", "at": ""});
        let mut waiting = status(&json!({"last_error": error}));
        assert!(shown(&waiting).contains("Last error: CENTRAL_NOT_ANSWERING"), "{}", shown(&waiting));
        waiting.queue.waiting_seconds = Some(31);
        assert!(
            shown(&waiting).contains("\nA request has been waiting for central's answer for 31 s"),
            "{}",
            shown(&waiting)
        );
        waiting.queue.waiting_seconds = Some(0);
        assert!(!shown(&waiting).contains("A request has been waiting"), "{}", shown(&waiting));
    }

    #[test]
    fn a_bootstrap_in_progress_is_shown_instead_of_an_earlier_error() {
        let pull = |pull: serde_json::Value| {
            let status: NodeStatus = serde_json::from_value(json!({
                "tenant": uuid::Uuid::nil(), "site": uuid::Uuid::nil(), "node": uuid::Uuid::nil(), "public_key": "",
                "version": "", "now": "",
                "log": {"state": "open", "epoch": {"number": 1, "id": uuid::Uuid::nil()}, "appended": 1, "durable": 1,
                        "acked": 1, "chain": "", "boot": 1, "check": {"state": "clean"}, "disk_low": false},
                "queue": {"pending": 0, "to_review": 0},
                "sync": {"enabled": true, "phase": "idle", "failures": 0, "batch_records": 500, "pull": pull},
            }))
            .expect("a status");
            troubles(&status).first().cloned()
        };
        let error = json!({"code": "UNREACHABLE", "detail": "refused", "at": ""});
        assert_eq!(pull(json!({})), None);
        assert_eq!(pull(json!({"last_error": error})), Some("Pull fails: UNREACHABLE: refused".to_owned()));
        let loading = pull(json!({"loaded_rows": 1_088, "last_error": error}));
        assert_eq!(loading, Some("Bootstrap in progress: 1088 rows so far".to_owned()));
    }
}
