//! The page at `/ca` of both servers: how a till or a phone is made to trust the certificates of the shops' network. Plain HTML
//! without scripts, so that it works before anything is trusted.

use std::fmt::Write as _;

use comptoir_messages::{Language, Message};
use sha2::{Digest as _, Sha256};

use crate::paths;
use crate::start_page::{STYLE, escaped};

/// With this type, systems offer to install the file.
pub const CA_CONTENT_TYPE: &str = "application/x-x509-ca-cert";

/// What the page shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaPage {
    /// The language of the texts.
    pub language: Language,
    /// The [`fingerprint`] of the authority's certificate; `None` if there is none.
    pub fingerprint: Option<String>,
    /// Whether the page was asked for over TLS.
    pub over_tls: bool,
}

/// The SHA-256 of a certificate in DER, as browsers and systems show it.
pub fn fingerprint(der: &[u8]) -> String {
    Sha256::digest(der).iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

impl CaPage {
    /// The page as HTML.
    pub fn html(&self) -> String {
        let text = |message: Message<'_>| escaped(&message.text(self.language));
        let title = text(Message::new("ca-title"));
        let mut html = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>Comptoir: {title}</title>\n<style>\n{STYLE}</style>\n<main>\n\
             <header><h1>Comptoir</h1><p class=\"kind\">{title}</p></header>\n",
            self.language.tag()
        );
        let (warns, state, detail) = match (&self.fingerprint, self.over_tls) {
            (None, _) => (true, Message::new("ca-none"), Message::new("ca-none-detail")),
            (Some(_), true) => (false, Message::new("ca-encrypted"), Message::new("ca-encrypted-detail")),
            (Some(_), false) => (true, Message::new("ca-plain"), Message::new("ca-plain-detail")),
        };
        let warn = if warns { " warn" } else { "" };
        // Writing to a string does not fail.
        let _ = writeln!(html, "<p class=\"state{warn}\"><b>{}</b>{}</p>", text(state), text(detail));
        if let Some(fingerprint) = &self.fingerprint {
            let (path, link) = (paths::CA_FILE, text(Message::new("ca-file")));
            let _ = writeln!(html, "<ul><li><a href=\"{path}\"><code>{path}</code><span>{link}</span></a></li></ul>");
            let _ =
                writeln!(html, "<h2>{}</h2>\n<pre>{}</pre>", text(Message::new("ca-compare")), escaped(fingerprint));
            for (system, steps) in systems() {
                let _ = writeln!(html, "<h2>{system}</h2>\n<p>{}</p>", text(steps));
            }
        }
        html.push_str("</main>\n</html>\n");
        html
    }
}

/// The steps of each system.
fn systems() -> [(&'static str, Message<'static>); 6] {
    [
        ("Windows", Message::new("ca-windows")),
        ("macOS", Message::new("ca-macos")),
        ("Linux (Debian, Ubuntu)", Message::new("ca-linux")),
        ("Firefox", Message::new("ca-firefox")),
        ("Android", Message::new("ca-android")),
        ("iPhone, iPad", Message::new("ca-ios")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_explains_each_system_in_both_languages() {
        for language in [Language::French, Language::English] {
            let page = CaPage { language, fingerprint: Some(fingerprint(b"x")), over_tls: true };
            let html = page.html();
            for words in ["Windows", "macOS", "Debian", "Android", "iPhone", "href=\"/ca.crt\"", "2D:71:16:42:"] {
                assert!(html.contains(words), "{language:?} {words}: {html}");
            }
            assert!(!html.contains("class=\"state warn\"") && !html.contains("<script"));
            let plain = CaPage { over_tls: false, ..page.clone() }.html();
            assert!(plain.contains("class=\"state warn\""));
            let none = CaPage { fingerprint: None, ..page }.html();
            assert!(none.contains("comptoir admin ca create") && !none.contains("/ca.crt"));
        }
    }
}
