//! `GET /`: central for a person with a browser. It is open to anybody who reaches the port, so it shows what is true of the
//! process and nothing of any tenant: no name, no figure, not even how many tenants there are.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY};
use axum::response::IntoResponse;
use comptoir_proto::paths;
use comptoir_proto::start_page::{self, Language, Link, StartPage};

use super::health;
use crate::central::Central;

pub(super) async fn start_page(State(central): State<Arc<Central>>, headers: HeaderMap) -> impl IntoResponse {
    let language = Language::accepted(headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()));
    let is_ready = health::readyz(State(central)).await.is_ok();
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, start_page::CONTENT_SECURITY_POLICY),
        (CACHE_CONTROL, "no-store"),
        (VARY, "accept-language"),
    ];
    (headers, page(language, is_ready).html())
}

fn page(language: Language, is_ready: bool) -> StartPage {
    let (state, detail) = match is_ready {
        true => language.say(
            ("Le serveur central travaille", "Il reçoit les journaux des boutiques, décide, et répond aux rapports."),
            ("Central is ready", "It takes the shops' logs, decides, and answers reports."),
        ),
        false => language.say(
            ("Le serveur central ne peut pas travailler", "/readyz dit pourquoi. Les boutiques continuent sans lui."),
            ("Central cannot do its work", "/readyz says why. Shops go on without it."),
        ),
    };
    let link =
        |path: &str, what: (&str, &str)| Link { path: path.to_owned(), what: language.say(what.0, what.1).to_owned() };
    let words =
        language.say("Les chiffres demandent un jeton d'administrateur", "Figures need an administrator's token");
    let command = format!(
        "curl -H \"authorization: Bearer $TOKEN\" '.../{}?by=day'",
        paths::REPORT_SALES.trim_start_matches('/')
    );
    StartPage {
        language,
        kind: language.say("le serveur central", "the central server").to_owned(),
        works: is_ready,
        state: state.to_owned(),
        detail: detail.to_owned(),
        figures: Vec::new(),
        links: vec![
            link(paths::DOCS, ("L'API, à lire et à essayer", "The API, to read and to try")),
            link(paths::OPENAPI, ("La même pour un programme", "The same for a program")),
            link(paths::READYZ, ("S'il peut travailler, et sinon pourquoi", "Whether it can work, and if not, why")),
            link(paths::HEALTHZ, ("S'il vit", "Whether it lives")),
        ],
        command: Some((words.to_owned(), command)),
        footer: vec![format!("Comptoir {}", env!("CARGO_PKG_VERSION"))],
    }
}
