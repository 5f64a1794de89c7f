//! The page of a one-time link: it asks for a password and sends it with the code of its address.

use comptoir_messages::{Language, Message};
use comptoir_proto::paths;

/// The page may run its own script, send to its own server, and nothing else.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) const SCRIPT: &str = include_str!("setup_page.js");

/// The page. Its texts are constants of the catalogue, without characters that HTML reads.
pub(super) fn html(language: Language) -> String {
    let text = |message: Message| message.text(language);
    let title = text(Message::new("setup-page-title"));
    let detail = text(Message::new("setup-page-detail"));
    let label = text(Message::new("setup-page-password"));
    let button = text(Message::new("setup-page-button"));
    let done = text(Message::new("setup-page-done"));
    let failed = text(Message::new("setup-page-failed"));
    let (lang, script, setup) = (language.tag(), paths::SETUP_SCRIPT, paths::AUTH_SETUP);
    format!(
        "<!doctype html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <script src=\"{script}\" defer></script></head>\n<body><main><h1>{title}</h1><p>{detail}</p>\n\
         <form data-setup=\"{setup}\" data-done=\"{done}\" data-failed=\"{failed}\">\
         <label>{label} <input type=\"password\" name=\"password\" autocomplete=\"new-password\" required minlength=\"12\" \
         maxlength=\"128\"></label> <button>{button}</button></form>\n<p role=\"status\"></p></main></body></html>\n"
    )
}
