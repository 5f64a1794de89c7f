//! `GET /`: central's start page, for a browser. Anybody who reaches the port may open it, so it shows the state of the process
//! and nothing about tenants: no name, no figure, not even the number of tenants.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY};
use axum::response::IntoResponse;
use comptoir_http_edge::has_screens;
use comptoir_messages::{Language, Message};
use comptoir_proto::paths;
use comptoir_proto::start_page::{self, Link, StartPage};

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
    (headers, start_page_for(language, is_ready).html())
}

fn start_page_for(language: Language, is_ready: bool) -> StartPage {
    let (state, detail) = match is_ready {
        true => (Message::new("start-page-central-ready"), Message::new("start-page-central-ready-detail")),
        false => (Message::new("start-page-central-unready"), Message::new("start-page-central-unready-detail")),
    };
    let link = |path: &str, label: Message<'_>| Link { path: path.to_owned(), label: label.text(language) };
    let command = format!(
        "curl -H \"authorization: Bearer $TOKEN\" '.../{}?by=day'",
        paths::REPORT_SALES.trim_start_matches('/')
    );
    let mut links = vec![
        link(paths::DOCS, Message::new("start-page-api")),
        link(paths::OPENAPI, Message::new("start-page-openapi")),
        link(paths::READYZ, Message::new("start-page-readyz")),
        link(paths::HEALTHZ, Message::new("start-page-healthz")),
    ];
    if has_screens() {
        links.insert(0, link(paths::DRIVER, Message::new("start-page-driver")));
    }
    StartPage {
        language,
        kind: Message::new("start-page-central").text(language),
        is_ready,
        state: state.text(language),
        detail: detail.text(language),
        figures: Vec::new(),
        links,
        command: Some((Message::new("start-page-token").text(language), command)),
        footer: vec![format!("Comptoir {}", env!("CARGO_PKG_VERSION"))],
    }
}
