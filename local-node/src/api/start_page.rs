//! `GET /`: the node's status and queue as a page for people.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY};
use axum::response::IntoResponse;
use comptoir_core::time::Timestamp;
use comptoir_http_edge::ProblemResponse;
use comptoir_proto::instant;
use comptoir_proto::paths;
use comptoir_proto::start_page::{self, Figure, Language, Link, StartPage};

use super::queue;
use crate::blocking::blocking;
use crate::event_log::ReadError;
use crate::node::Node;
use crate::sync_agent::Phase;

pub(super) async fn start_page(
    State(node): State<Arc<Node>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ProblemResponse> {
    let language = Language::accepted(headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()));
    let page = blocking(move || read(&node, language)).await?;
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, start_page::CONTENT_SECURITY_POLICY),
        (CACHE_CONTROL, "no-store"),
        (VARY, "accept-language"),
    ];
    Ok((headers, page.html()))
}

fn read(node: &Node, language: Language) -> Result<StartPage, ReadError> {
    let log = node.log();
    let (identity, status, queue) = (log.identity(), log.status(), queue::read(node)?);
    let sync = node.sync().borrow().clone();
    let refusal = status.state.refusal();
    let (works, state, detail) = match (refusal, status.disk_low) {
        (Some(reason), _) => (false, language.say("Lecture seule", "Read-only"), reason),
        (None, true) => (
            false,
            language.say("Plus assez de place sur le disque", "Too little room on the disk"),
            language
                .say("Rien n'est enregistré avant qu'il y en ait.", "Nothing is recorded until there is.")
                .to_owned(),
        ),
        (None, false) => (
            true,
            language.say("La boutique enregistre", "The shop records"),
            language
                .say(
                    "Chaque opération est sur le disque avant le « ok », avec ou sans réseau.",
                    "Every operation is on disk before its \"ok\", with or without the network.",
                )
                .to_owned(),
        ),
    };
    let contact = match (sync.last_success_at, &sync.phase) {
        (Some(at), _) => ago(at, log.now(), language),
        (None, Phase::Disabled) => language.say("arrêté", "off").to_owned(),
        (None, _) => language.say("jamais", "never").to_owned(),
    };
    let figure = |label: (&str, &str), value: String, note: Option<String>| Figure {
        label: language.say(label.0, label.1).to_owned(),
        value,
        note,
    };
    let link =
        |path: &str, what: (&str, &str)| Link { path: path.to_owned(), what: language.say(what.0, what.1).to_owned() };
    let epoch = status.head.epoch.number;
    let in_epoch = (epoch > 1).then(|| language.say(format!("époque {epoch}"), format!("epoch {epoch}")));
    let oldest = queue
        .oldest_age_seconds
        .map(|age| language.say(format!("le plus ancien depuis {age} s"), format!("the oldest for {age} s")));
    Ok(StartPage {
        language,
        kind: language.say("le nœud d'une boutique", "a shop's node").to_owned(),
        works,
        state: state.to_owned(),
        detail,
        figures: vec![
            figure(("Dans le journal", "In the log"), status.head.marks.durable.0.to_string(), in_epoch),
            figure(("À envoyer", "To be sent"), queue.pending.to_string(), oldest),
            figure(("À examiner", "For a person"), queue.to_review.to_string(), None),
            figure(("Dernier contact", "Last contact"), contact, sync.last_error.map(|error| error.code)),
        ],
        links: vec![
            link(paths::QUEUE, ("Ce qui attend le serveur central", "What waits for central")),
            link(paths::STATUS, ("L'état du nœud en détail", "The node's state in detail")),
            link(&format!("{}?last=5", paths::EVENTS), ("Les cinq derniers événements", "The last five events")),
            link(paths::STOCK, ("Le stock", "Stock")),
            link(paths::DOCS, ("L'API, à lire et à essayer", "The API, to read and to try")),
        ],
        command: None,
        footer: vec![
            language.say(format!("Boutique {}", identity.site), format!("Shop {}", identity.site)),
            language.say(format!("Nœud {}", identity.node), format!("Node {}", identity.node)),
            format!("Comptoir {} · {}", env!("CARGO_PKG_VERSION"), instant::format(log.now())),
        ],
    })
}

/// The age of an instant; never negative, even after the clock was set back.
fn ago(at: Timestamp, now: Timestamp, language: Language) -> String {
    let seconds = u64::try_from((now.0 - at.0) / 1_000_000).unwrap_or(0);
    let (number, unit) = match seconds {
        0..60 => (seconds, "s"),
        60..3_600 => (seconds / 60, "min"),
        3_600..172_800 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, language.say("jours", "days")),
    };
    language.say(format!("il y a {number} {unit}"), format!("{number} {unit} ago"))
}
