//! `GET /start`, and `/` without the screens: the node's status and queue as a page for people. Without a credential it says only
//! whether the node records.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY};
use axum::response::IntoResponse;
use comptoir_core::access::AccessOperation;
use comptoir_core::time::Timestamp;
use comptoir_http_edge::ProblemResponse;
use comptoir_messages::{Language, Message};
use comptoir_proto::instant;
use comptoir_proto::paths;
use comptoir_proto::start_page::{self, Figure, Link, StartPage};

use super::queue;
use crate::blocking::blocking;
use crate::caller::Caller;
use crate::event_log::ReadError;
use crate::node::Node;
use crate::sync_agent::Phase;

pub(super) async fn start_page(
    State(node): State<Arc<Node>>,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ProblemResponse> {
    let language = Language::accepted(headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()));
    let shows_figures = caller.is_some_and(|Extension(caller)| caller.may(AccessOperation::Read));
    let page = blocking(move || read(&node, language, shows_figures)).await?;
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, start_page::CONTENT_SECURITY_POLICY),
        (CACHE_CONTROL, "no-store"),
        (VARY, "accept-language, authorization, cookie"),
    ];
    Ok((headers, page.html()))
}

fn read(node: &Node, language: Language, shows_figures: bool) -> Result<StartPage, ReadError> {
    let log = node.log();
    let (identity, status, queue) = (log.identity(), log.status(), queue::read(node)?);
    let sync = node.sync().borrow().clone();
    let refusal = status.state.refusal();
    let text = |message: Message<'_>| message.text(language);
    let (is_ready, state, detail) = match (refusal, status.disk_low) {
        (Some(reason), _) => (false, text(Message::new("start-page-read-only")), reason),
        (None, true) => {
            (false, text(Message::new("start-page-disk-low")), text(Message::new("start-page-disk-low-detail")))
        }
        (None, false) => {
            (true, text(Message::new("start-page-records")), text(Message::new("start-page-records-detail")))
        }
    };
    let api = Link { path: paths::DOCS.to_owned(), label: text(Message::new("start-page-api")) };
    let version = format!("Comptoir {} · {}", env!("CARGO_PKG_VERSION"), instant::format(log.now()));
    let kind = text(Message::new("start-page-node"));
    if !shows_figures {
        let command = Some((text(Message::new("start-page-key")), "comptoir status".to_owned()));
        let detail = if is_ready { detail } else { text(Message::new("start-page-unready-detail")) };
        let (figures, links, footer) = (Vec::new(), vec![api], vec![version]);
        return Ok(StartPage { language, kind, is_ready, state, detail, figures, links, command, footer });
    }
    let contact = match (sync.last_success_at, &sync.phase) {
        (Some(at), _) => text(age(at, log.now())),
        (None, Phase::Disabled) => text(Message::new("start-page-off")),
        (None, _) => text(Message::new("start-page-never")),
    };
    let figure =
        |label: Message<'_>, value: String, note: Option<String>| Figure { label: label.text(language), value, note };
    let link = |path: &str, label: Message<'_>| Link { path: path.to_owned(), label: label.text(language) };
    let epoch = status.head.epoch.number;
    let in_epoch = (epoch > 1).then(|| text(Message::new("start-page-epoch").with("number", epoch.to_string())));
    let oldest =
        queue.oldest_age_seconds.map(|age| text(Message::new("start-page-oldest").with("seconds", age.to_string())));
    Ok(StartPage {
        language,
        kind,
        is_ready,
        state,
        detail,
        figures: vec![
            figure(Message::new("start-page-in-log"), status.head.marks.durable.0.to_string(), in_epoch),
            figure(Message::new("start-page-pending"), queue.pending.to_string(), oldest),
            figure(Message::new("start-page-to-review"), queue.to_review.to_string(), None),
            figure(Message::new("start-page-last-contact"), contact, sync.last_error.map(|error| error.code)),
        ],
        links: vec![
            link(paths::QUEUE, Message::new("start-page-queue")),
            link(paths::STATUS, Message::new("start-page-status")),
            link(&format!("{}?last=5", paths::EVENTS), Message::new("start-page-last-events")),
            link(paths::STOCK, Message::new("start-page-stock")),
            api,
        ],
        command: None,
        footer: vec![
            text(Message::new("start-page-shop").with("site", identity.site.to_string())),
            text(Message::new("start-page-node-id").with("node", identity.node.to_string())),
            version,
        ],
    })
}

/// How long ago; 0 seconds if the clock was set back since.
fn age(at: Timestamp, now: Timestamp) -> Message<'static> {
    let seconds = u64::try_from((now.0 - at.0) / 1_000_000).unwrap_or(0);
    match seconds {
        0..60 => Message::new("start-page-ago-seconds").with("number", seconds.to_string()),
        60..3_600 => Message::new("start-page-ago-minutes").with("number", (seconds / 60).to_string()),
        3_600..172_800 => Message::new("start-page-ago-hours").with("number", (seconds / 3_600).to_string()),
        _ => {
            let days = seconds / 86_400;
            Message::new("start-page-ago-days").with("day_count", days).with("number", days.to_string())
        }
    }
}
