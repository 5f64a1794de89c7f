//! `GET /api/v1/stream`: server-sent events for live screens. Each event carries the whole state of its kind, so that a missed
//! event does not matter.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use comptoir_proto::instant;
use comptoir_proto::shop_v1::{LiveMarks, LiveNotifications, LiveQueue, LiveSync};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::{Mutex, watch};
use tokio::time::{sleep, timeout};

use super::authorize::{Permitted, session_token};
use super::queue;
use crate::caller::CallerId;
use crate::event_log::Head;
use crate::node::Node;
use crate::notifications::{self, Asked, Language};
use crate::sync_agent::{SyncIssue, SyncState};

/// Interval of keep-alive comments.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Changes within this time are one event: an import appends thousands a second.
const PAUSE: Duration = Duration::from_millis(200);
/// The screen shows "1,000+".
const UNSEEN_MAX: usize = 1_000;

/// The state of each kind.
type States = [Value; 4];

/// The state shown to all screens of a node, read once for all requests at the same time.
#[derive(Default)]
pub(super) struct Screens {
    tickets: AtomicU64,
    /// The last state read: its ticket and content.
    last: Mutex<Option<(u64, States)>>,
}

impl Screens {
    /// The state that `look` reads, or that another request began to read after this one was made.
    async fn now(&self, look: impl Future<Output = Option<States>>) -> Option<States> {
        let asked = self.tickets.fetch_add(1, Ordering::Relaxed);
        let mut last = self.last.lock().await;
        if let Some((_, seen)) = last.as_ref().filter(|(begun, _)| *begun > asked) {
            return Some(seen.clone());
        }
        let begun = self.tickets.fetch_add(1, Ordering::Relaxed);
        let seen = look.await?;
        *last = Some((begun, seen.clone()));
        Some(seen)
    }
}

struct Live {
    node: Arc<Node>,
    caller: CallerId,
    /// The cookie of a session, which may be locked or end.
    session: Option<String>,
    screens: Arc<Screens>,
    heads: watch::Receiver<Head>,
    sync: watch::Receiver<SyncState>,
    stopping: watch::Receiver<bool>,
    /// The last state sent of each kind.
    sent: States,
    begun: bool,
}

const KINDS: [&str; 4] = ["marks", "queue", "sync", "notifications"];

pub(super) async fn live(permitted: Permitted, headers: HeaderMap, screens: Arc<Screens>) -> impl IntoResponse + use<> {
    let (node, caller) = (permitted.node().clone(), permitted.caller().id());
    let session = session_token(&headers).filter(|_| !headers.contains_key(AUTHORIZATION)).map(str::to_owned);
    let (heads, sync, stopping) = (node.log().watch(), node.sync(), node.stopping());
    let live = Live { node, caller, session, screens, heads, sync, stopping, sent: Default::default(), begun: false };
    let pieces = stream::unfold(live, |mut live| async move {
        let piece = live.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(piece)), live))
    });
    ([(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")], Body::from_stream(pieces))
}

impl Live {
    /// The next piece; `None` once the node is closed or about to stop, or its
    /// credential is not valid any more.
    async fn next(&mut self) -> Option<String> {
        if !std::mem::replace(&mut self.begun, true) {
            return Some(format!("retry: 1000\n\n{}", self.changes().await?));
        }
        let change = async {
            tokio::select! {
                changed = self.heads.changed() => changed,
                // Without sync nobody sends changes.
                changed = self.sync.changed(), if self.sync.has_changed().is_ok() => changed,
            }
        };
        let change = tokio::select! {
            _ = self.stopping.wait_for(|stopping| *stopping) => return None,
            change = timeout(HEARTBEAT, change) => change,
        };
        self.node.caller(self.caller).filter(|_| !self.node.is_revoked())?;
        if let Some(session) = &self.session {
            self.node.session(session).filter(|(session, _)| !session.is_locked)?;
        }
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
        // A read error ends the stream; the screen reconnects and gets the error.
        let look = async { tokio::task::spawn_blocking(move || read(&node)).await.ok()?.ok() };
        let now = self.screens.now(look).await?;
        let changed = KINDS.iter().zip(&now).zip(&self.sent).filter(|((_, now), sent)| now != sent);
        let text = changed.map(|((kind, now), _)| format!("event: {kind}\ndata: {now}\n\n")).collect();
        self.sent = now;
        Some(text)
    }
}

fn read(node: &Node) -> Result<States, crate::event_log::ReadError> {
    let (head, sync) = (node.log().head(), node.sync().borrow().clone());
    let marks = LiveMarks {
        epoch: head.epoch.number,
        appended: head.marks.appended.0,
        durable: head.marks.durable.0,
        acked: head.marks.acked.0,
    };
    let queue = queue::read(node)?;
    let queue = LiveQueue { pending: queue.pending, to_review: queue.to_review };
    let pull = &sync.pull;
    let code = |issue: &SyncIssue| issue.code.clone();
    let sync = LiveSync {
        phase: sync.phase.as_str().to_owned(),
        alert: sync
            .alert
            .as_ref()
            .or(sync.clock_behind.as_ref())
            .or(pull.alert.as_ref())
            .or(pull.too_large.as_ref())
            .map(code),
        last_error: sync.last_error.as_ref().map(code),
        complete_through: pull.complete_through,
        rows: pull.changes,
        loaded_rows: pull.loading.map(|(rows, _)| rows),
        last_success_at: sync.last_success_at.map(instant::format),
    };
    let unseen = Asked { unseen: Some(true), waiting: None };
    let unseen = notifications::list(node.log(), unseen, None, UNSEEN_MAX, Language::French)?.rows.len();
    let unseen = LiveNotifications { unseen: unseen as u64 };
    Ok([json!(marks), json!(queue), json!(sync), json!(unseen)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn screens_that_ask_together_look_once_and_none_is_shown_what_was_before_it_asked() {
        let (screens, looks) = (Screens::default(), AtomicU64::new(0));
        let ask = || {
            screens.now(async {
                let nth = looks.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Some([json!(nth), json!(0), json!(0), json!(0)])
            })
        };
        let seen = futures_util::future::join_all((0..200).map(|_| ask())).await;
        let nth: Vec<_> = seen.into_iter().map(|seen| seen.unwrap()[0].clone()).collect();
        // The first request had begun to read when the others came: its state may be older than their requests.
        assert!(nth[0] == 0 && nth[1..].iter().all(|nth| *nth == 1), "{nth:?}");
        assert_eq!(ask().await.unwrap()[0], 2, "what was seen before the question is no answer to it");
        assert_eq!(looks.into_inner(), 3);
    }
}
