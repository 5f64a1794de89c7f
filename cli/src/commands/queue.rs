//! `comptoir queue`: what waits at a node.

use clap::Args;
use comptoir_proto::api_v1::QueueDto;
use comptoir_proto::paths;
use comptoir_proto::status_v1::{NodeStatus, SyncIssue};
use serde::Serialize;

use crate::failure::Failure;
use crate::lang::say;
use crate::output::{Output, Shown};
use crate::remote::{Remote, RemoteArgs};

/// Every request waits for a moment.
const WORTH_SAYING_SECONDS: u64 = 2;

/// Which node.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  comptoir queue --url http://127.0.0.1:7401 --json")]
pub struct QueueArgs {
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Asks and prints. A program gets the queue alone; a person also why it does not move.
pub async fn run_queue(args: &QueueArgs, output: Output) -> Result<(), Failure> {
    let remote = Remote::new(&args.remote)?;
    let queue: QueueDto = remote.get(paths::QUEUE, &[]).await?;
    if output.is_json() {
        return output.print(&QueueStatus { queue, faults: Vec::new(), troubles: Vec::new() });
    }
    let status = remote.get(paths::STATUS, &[]).await?;
    output.print(&QueueStatus { queue, faults: faults(&status), troubles: troubles(&status) })
}

/// What is wrong with the node itself and waits for a person, each by its word.
fn faults(status: &NodeStatus) -> Vec<String> {
    let log = Some(&status.log.state).filter(|state| *state != "open").map(|state| format!("log {state}"));
    let line = status.sync.alert.as_ref().map(|alert| alert.code.clone());
    log.into_iter().chain(line).collect()
}

/// What keeps events from coming in, or from reaching central.
fn troubles(status: &NodeStatus) -> Vec<String> {
    let NodeStatus { log, sync, .. } = status;
    let mut troubles = Vec::new();
    if log.state != "open" {
        let reason = log.reason.as_deref().unwrap_or_default();
        troubles.push(say(format!("Journal : {} : {reason}", log.state), format!("Log: {}: {reason}", log.state)));
    }
    if log.disk_low {
        troubles.push(
            say("Disque : plus assez de place (INSUFFICIENT_STORAGE)", "Disk: too little room (INSUFFICIENT_STORAGE)")
                .to_owned(),
        );
    }
    if !sync.enabled {
        let off = say("Synchronisation : arrêtée (SYNC_ENABLED=false)", "Synchronisation: off (SYNC_ENABLED=false)");
        troubles.push(off.to_owned());
    }
    let told = |words: &str, issue: &SyncIssue| format!("{words}{}: {}", issue.code, issue.detail);
    match (&sync.alert, &sync.last_error) {
        (Some(alert), _) => troubles.push(told(say("À voir : ", "To look at: "), alert)),
        (None, Some(error)) => troubles.push(told(say("Dernière erreur : ", "Last error: "), error)),
        (None, None) => {}
    }
    let pull = sync.pull.as_ref();
    match pull.map(|pull| (pull.loaded_rows, &pull.last_error)) {
        // What failed before the rows began to come is over.
        Some((Some(rows), _)) => troubles.push(say(
            format!("Premier chargement en cours : {rows} lignes jusqu'ici"),
            format!("A first load is under way: {rows} rows so far"),
        )),
        Some((None, Some(error))) => troubles.push(told(say("Rien n'est reçu : ", "Nothing comes down: "), error)),
        Some((None, None)) | None => {}
    }
    if !troubles.is_empty() {
        troubles.push(say("Que faire : docs/operating/node.md", "What to do: docs/operating/node.md").to_owned());
    }
    troubles
}

/// The queue, and in words what is the matter with it.
#[derive(Serialize)]
#[serde(transparent)]
struct QueueStatus {
    queue: QueueDto,
    #[serde(skip)]
    faults: Vec<String>,
    #[serde(skip)]
    troubles: Vec<String>,
}

impl Shown for QueueStatus {
    fn text(&self) -> String {
        let lines = std::iter::once(words(&self.queue, &self.faults)).chain(self.troubles.iter().cloned());
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn words(queue: &QueueDto, faults: &[String]) -> String {
    let QueueDto { pending, to_review, .. } = queue;
    let oldest = match queue.oldest_age_seconds {
        Some(age) => say(format!(", le plus ancien depuis {age} s"), format!(", the oldest for {age} s")),
        None => String::new(),
    };
    // A number of events alone would say 0 beside a fork.
    let people = to_review + faults.len() as u64;
    let which = match faults {
        [] => String::new(),
        faults => {
            let faults = faults.join(", ");
            say(format!(" ({to_review} événements ; {faults})"), format!(" ({to_review} events; {faults})"))
        }
    };
    let waiting = match queue.waiting_seconds {
        Some(seconds) if seconds >= WORTH_SAYING_SECONDS => say(
            format!("\nUne requête attend la réponse du central depuis {seconds} s"),
            format!("\nA request has waited for central's answer for {seconds} s"),
        ),
        Some(_) | None => String::new(),
    };
    let last = queue.last_success_at.as_deref();
    say(
        format!(
            "En attente : {pending}{oldest}\nÀ examiner : {people}{which}\nDernière réponse du central : {}{waiting}",
            last.unwrap_or("jamais")
        ),
        format!(
            "Waiting: {pending}{oldest}\nFor a person: {people}{which}\nCentral last answered: {}{waiting}",
            last.unwrap_or("never")
        ),
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
        QueueStatus { queue, faults, troubles: troubles(status) }.text()
    }

    #[test]
    fn a_fork_is_counted_as_something_for_a_person() {
        let fork = status(&json!({"alert": {"code": "FORK", "detail": "seq 7", "at": ""}}));
        assert!(shown(&fork).contains("For a person: 1 (0 events; FORK)\n"), "{}", shown(&fork));
        assert!(shown(&status(&json!({}))).contains("For a person: 0\n"));
        let mut damaged = status(&json!({}));
        damaged.log.state = "damaged".to_owned();
        damaged.queue.to_review = 2;
        assert!(shown(&damaged).contains("For a person: 3 (2 events; log damaged)\n"), "{}", shown(&damaged));
    }

    #[test]
    fn a_request_that_waits_is_shown_with_how_long() {
        let error = json!({"code": "CENTRAL_NOT_ANSWERING", "detail": "a request has had no answer for 5 s", "at": ""});
        let mut waiting = status(&json!({"last_error": error}));
        assert!(shown(&waiting).contains("Last error: CENTRAL_NOT_ANSWERING"), "{}", shown(&waiting));
        waiting.queue.waiting_seconds = Some(31);
        assert!(
            shown(&waiting).contains("\nA request has waited for central's answer for 31 s"),
            "{}",
            shown(&waiting)
        );
        waiting.queue.waiting_seconds = Some(0);
        assert!(!shown(&waiting).contains("A request has waited"), "{}", shown(&waiting));
    }

    #[test]
    fn a_load_under_way_is_told_and_not_what_failed_before_it() {
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
        assert_eq!(pull(json!({"last_error": error})), Some("Nothing comes down: UNREACHABLE: refused".to_owned()));
        let loading = pull(json!({"loaded_rows": 1_088, "last_error": error}));
        assert_eq!(loading, Some("A first load is under way: 1088 rows so far".to_owned()));
    }
}
