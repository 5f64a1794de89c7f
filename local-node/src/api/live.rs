//! `GET /api/v1/stream`: server-sent events, so that a screen shows what changes as it changes. Each event carries the whole state of
//! its kind; one that was missed is made good by the next.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use comptoir_proto::instant;
use comptoir_proto::shop_v1::{LiveMarks, LiveNotifications, LiveQueue, LiveSync};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::events::off_the_runtime;
use super::queue;
use crate::event_log::Head;
use crate::node::Node;
use crate::notifications::{self, Language};
use crate::sync_agent::{SyncState, Trouble};

/// A quiet stream says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Changes within this time are one event: an import appends thousands a second.
const PAUSE: Duration = Duration::from_millis(200);
/// More than anybody reads; the screen says "1,000+".
const UNSEEN_MAX: usize = 1_000;

/// Where a stream is.
struct Live {
    node: Arc<Node>,
    heads: watch::Receiver<Head>,
    sync: watch::Receiver<SyncState>,
    stopping: watch::Receiver<bool>,
    /// What was last sent of each kind.
    sent: [Value; 4],
    begun: bool,
}

const KINDS: [&str; 4] = ["marks", "queue", "sync", "notifications"];

pub(super) async fn live(State(node): State<Arc<Node>>) -> impl IntoResponse {
    let (heads, sync, stopping) = (node.log().watch(), node.sync(), node.stopping());
    let live = Live { node, heads, sync, stopping, sent: Default::default(), begun: false };
    let pieces = stream::unfold(live, |mut live| async move {
        let piece = live.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(piece)), live))
    });
    ([(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")], Body::from_stream(pieces))
}

impl Live {
    /// The next piece; nothing once the node is closed or about to stop.
    async fn next(&mut self) -> Option<String> {
        if !std::mem::replace(&mut self.begun, true) {
            return Some(format!("retry: 1000\n\n{}", self.changes().await?));
        }
        let change = async {
            tokio::select! {
                changed = self.heads.changed() => changed,
                // A node that does not send has nobody who would tell.
                changed = self.sync.changed(), if self.sync.has_changed().is_ok() => changed,
            }
        };
        let change = tokio::select! {
            _ = self.stopping.wait_for(|stopping| *stopping) => return None,
            change = timeout(HEARTBEAT, change) => change,
        };
        match change {
            Err(_) => Some(": alive\n\n".to_owned()),
            Ok(Err(_)) => None,
            Ok(Ok(())) => {
                sleep(PAUSE).await;
                let changes = self.changes().await?;
                Some(if changes.is_empty() { ": alive\n\n".to_owned() } else { changes })
            }
        }
    }

    /// An event for each kind that changed.
    async fn changes(&mut self) -> Option<String> {
        self.heads.mark_unchanged();
        self.sync.mark_unchanged();
        let node = self.node.clone();
        // What does not read ends the stream; the screen asks again, and is told there.
        let now = off_the_runtime(move || read(&node)).await.ok()?.ok()?;
        let changed = KINDS.iter().zip(&now).zip(&self.sent).filter(|((_, now), sent)| now != sent);
        let text = changed.map(|((kind, now), _)| format!("event: {kind}\ndata: {now}\n\n")).collect();
        self.sent = now;
        Some(text)
    }
}

fn read(node: &Node) -> Result<[Value; 4], crate::event_log::ReadError> {
    let (head, sync) = (node.log().head(), node.sync().borrow().clone());
    let marks = LiveMarks {
        epoch: head.epoch.number,
        appended: head.marks.appended.0,
        durable: head.marks.durable.0,
        acked: head.marks.acked.0,
    };
    let queue = queue::read(node)?;
    let queue = LiveQueue { pending: queue.pending, attention: queue.attention };
    let pull = &sync.pull;
    let code = |trouble: &Trouble| trouble.code.clone();
    let sync = LiveSync {
        phase: sync.phase.as_str().to_owned(),
        attention: sync.attention.as_ref().map(code),
        last_error: sync.last_error.as_ref().map(code),
        complete_to: pull.complete_to,
        rows: pull.changes,
        loaded_rows: pull.loading.map(|(rows, _)| rows),
        last_success_at: sync.last_success_at.map(instant::format),
    };
    let unseen = notifications::list(node.log(), Some(true), None, UNSEEN_MAX, Language::French)?.rows.len();
    let unseen = LiveNotifications { unseen: unseen as u64 };
    Ok([json!(marks), json!(queue), json!(sync), json!(unseen)])
}
