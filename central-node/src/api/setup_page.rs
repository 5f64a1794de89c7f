//! The page of a one-time link: a form for a password. The code is in the fragment of the link's address, which a browser sends
//! to nobody; the script puts it into the form, and without the script its holder pastes it there.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use comptoir_http_edge::{ProblemResponse, RequestBody};
use comptoir_messages::{Language, Message};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::identity_v1::SetupDto;
use comptoir_proto::paths;
use comptoir_proto::problem::Problem;
use comptoir_proto::start_page::escaped;

use crate::central::Central;

/// The page may load its own style and script, send its form to its own server, and nothing else.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";
const SCRIPT: &str = include_str!("setup_page.js");
const LAYOUT: &str = include_str!("setup_page.css");
/// The shop of the screens' icon.
const MARK: &str = "<svg viewBox=\"0 0 32 32\" aria-hidden=\"true\"><rect width=\"32\" height=\"32\" rx=\"7\"/>\
    <path d=\"M7 12h18M9 12v12h14V12M12 12V9a4 4 0 0 1 8 0v3\"/></svg>";

pub(super) fn router() -> Router<Arc<Central>> {
    Router::new()
        .route(paths::SETUP_PAGE, get(page).post(submitted))
        .route(paths::SETUP_SCRIPT, get(script))
        .route(paths::SETUP_STYLE, get(style))
}

async fn page(headers: HeaderMap) -> Response {
    answer(language(&headers), StatusCode::OK, &form(language(&headers), "", None))
}

/// `POST /setup`, of a browser's form: a page again.
async fn submitted(
    State(central): State<Arc<Central>>,
    headers: HeaderMap,
    body: RequestBody,
) -> Result<Response, ProblemResponse> {
    let language = language(&headers);
    let SetupDto { code, password } = body.form(super::sessions::BODY_BYTES_MAX).await?;
    // People paste the whole link.
    let code = code.trim().rsplit('#').next().unwrap_or_default().to_owned();
    let set = central.accounts().set_password(&code, &password).await.map_err(Problem::from);
    let Err(problem) = set else { return Ok(answer(language, StatusCode::OK, &done(language))) };
    let refused = match ErrorCode::parse(&problem.code) {
        Some(ErrorCode::LinkInvalid) => (Message::new("setup-page-link-invalid"), "code"),
        Some(ErrorCode::WeakPassword) => (Message::new("setup-page-weak"), "password"),
        _ => (Message::new("setup-page-failed"), ""),
    };
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_server_error() {
        tracing::warn!(code = problem.code, "A password was not set: {}", problem.detail);
    }
    Ok(answer(language, status, &form(language, &code, Some(refused))))
}

async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, "no-store")], SCRIPT)
}

/// The values and components of the screens, and how this page arranges them.
async fn style() -> impl IntoResponse {
    let style = [comptoir_http_edge::DESIGN_STYLE, LAYOUT].concat();
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "no-store")], style)
}

fn language(headers: &HeaderMap) -> Language {
    Language::accepted(headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()))
}

fn answer(language: Language, status: StatusCode, content: &str) -> Response {
    let title = escaped(&Message::new("setup-page-title").text(language));
    let (lang, style, script) = (language.tag(), paths::SETUP_STYLE, paths::SETUP_SCRIPT);
    let html = format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} - Comptoir</title>\n\
         <link rel=\"stylesheet\" href=\"{style}\">\n<script src=\"{script}\" defer></script></head>\n\
         <body><main class=\"setup\"><div class=\"card setup-card\">\n\
         <div class=\"setup-brand\">{MARK}<div><h1>{title}</h1><p class=\"soft\">Comptoir</p></div></div>\n\
         {content}</div></main></body>\n</html>\n"
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (CACHE_CONTROL, "no-store"),
        // Without any referrer a browser hides the origin of the form too, and the form would be refused as a foreign page's.
        (REFERRER_POLICY, "same-origin"),
        (VARY, "accept-language"),
    ];
    (status, headers, html).into_response()
}

fn done(language: Language) -> String {
    banner("good", "status", &Message::new("setup-page-done").text(language))
}

/// The form, with the reason why the last attempt failed, and the field that was wrong.
fn form(language: Language, code: &str, refused: Option<(Message<'_>, &str)>) -> String {
    let text = |message: Message<'_>| escaped(&message.text(language));
    let wrong = refused.as_ref().map_or("", |(_, field)| *field);
    let invalid = |field: &str| if field == wrong { " aria-invalid=\"true\"" } else { "" };
    let banner = refused.map(|(reason, _)| banner("danger", "alert", &reason.text(language))).unwrap_or_default();
    format!(
        "{banner}<form method=\"post\" action=\"{action}\">\n\
         <div class=\"field\"><label for=\"code\">{code_label}</label>\
         <input class=\"input\" id=\"code\" name=\"code\" value=\"{code}\" required autocomplete=\"off\" autocapitalize=\"none\" \
         spellcheck=\"false\" maxlength=\"512\" aria-describedby=\"code-hint\"{code_invalid}>\
         <p class=\"soft small\" id=\"code-hint\">{code_hint}</p></div>\n\
         <div class=\"field\"><label for=\"password\">{password_label}</label>\
         <input class=\"input\" id=\"password\" name=\"password\" type=\"password\" required autocomplete=\"new-password\" \
         minlength=\"12\" maxlength=\"128\" aria-describedby=\"password-hint\"{password_invalid}>\
         <p class=\"soft small\" id=\"password-hint\">{password_hint}</p></div>\n\
         <button class=\"button primary large\">{button}</button></form>\n",
        action = paths::SETUP_PAGE,
        code = escaped(code),
        code_invalid = invalid("code"),
        password_invalid = invalid("password"),
        code_label = text(Message::new("setup-page-code")),
        code_hint = text(Message::new("setup-page-code-hint")),
        password_label = text(Message::new("setup-page-password")),
        password_hint = text(Message::new("setup-page-detail")),
        button = text(Message::new("setup-page-button")),
    )
}

fn banner(tone: &str, role: &str, text: &str) -> String {
    format!("<div class=\"banner {tone}\" role=\"{role}\"><div>{}</div></div>\n", escaped(text))
}
