//! The page at `/` of both servers, for people with a browser: some figures and links. It is plain HTML without scripts and loads
//! nothing else, so that it works without the internet. Every text is escaped here.

use std::fmt::Write as _;

pub use comptoir_messages::Language;
use comptoir_messages::Message;

/// What a browser may do with the page: use its own style, and nothing more.
pub const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) const STYLE: &str = include_str!("start_page.css");

/// One figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Caption of the figure.
    pub label: String,
    /// The figure.
    pub value: String,
    /// Text below the figure.
    pub note: Option<String>,
}

/// A link to another page.
#[derive(Clone, Debug)]
pub struct Link {
    /// A path of this server.
    pub path: String,
    /// The link's text.
    pub label: String,
}

/// What the page shows, from top to bottom.
#[derive(Clone, Debug)]
pub struct StartPage {
    /// The language of the texts.
    pub language: Language,
    /// Which of the two servers this is.
    pub kind: String,
    /// Whether the server can work; otherwise the state is marked.
    pub is_ready: bool,
    /// The state in a few words.
    pub state: String,
    /// Explains the state.
    pub detail: String,
    /// Figures, such as sales of the day.
    pub figures: Vec<Figure>,
    /// Links below the figures.
    pub links: Vec<Link>,
    /// A command to copy, with its caption.
    pub command: Option<(String, String)>,
    /// Small print.
    pub footer: Vec<String>,
}

impl StartPage {
    /// The page as HTML.
    pub fn html(&self) -> String {
        let StartPage { language, kind, is_ready, state, detail, figures, links, command, footer } = self;
        let (lang, go_on) = (language.tag(), Message::new("start-page-go-on").text(*language));
        let mut html = format!(
            "<!doctype html>\n<html lang=\"{lang}\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>Comptoir: {title}</title>\n<style>\n{STYLE}</style>\n<main>\n\
             <header><h1>Comptoir</h1><p class=\"kind\">{title}</p></header>\n\
             <p class=\"state{warn}\"><b>{state}</b>{detail}</p>\n",
            title = escaped(kind),
            warn = if *is_ready { "" } else { " warn" },
            state = escaped(state),
            detail = escaped(detail),
        );
        if !figures.is_empty() {
            html.push_str("<dl>\n");
            for Figure { label, value, note } in figures {
                let note = note.as_deref().map(|note| format!("<small>{}</small>", escaped(note))).unwrap_or_default();
                let (label, value) = (escaped(label), escaped(value));
                // Writing to a string does not fail.
                let _ = writeln!(html, "<div><dt>{label}</dt><dd>{value}{note}</dd></div>");
            }
            html.push_str("</dl>\n");
        }
        let _ = writeln!(html, "<h2>{go_on}</h2>\n<ul>");
        for Link { path, label } in links {
            let (path, label) = (escaped(path), escaped(label));
            let _ = writeln!(html, "<li><a href=\"{path}\"><code>{path}</code><span>{label}</span></a></li>");
        }
        html.push_str("</ul>\n");
        if let Some((words, command)) = command {
            let _ = writeln!(html, "<h2>{}</h2>\n<pre tabindex=\"0\">{}</pre>", escaped(words), escaped(command));
        }
        html.push_str("<footer>\n");
        for line in footer {
            let _ = writeln!(html, "<p>{}</p>", escaped(line));
        }
        html.push_str("</footer>\n</main>\n</html>\n");
        html
    }
}

/// A text as HTML shows it, inside an element or an attribute's quotes.
pub fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_never_becomes_markup() {
        let hostile = || "<script>\"'&".to_owned();
        let page = StartPage {
            language: Language::English,
            kind: hostile(),
            is_ready: false,
            state: hostile(),
            detail: hostile(),
            figures: vec![Figure { label: hostile(), value: hostile(), note: Some(hostile()) }],
            links: vec![Link { path: hostile(), label: hostile() }],
            command: Some((hostile(), hostile())),
            footer: vec![hostile()],
        };
        let html = page.html();
        assert!(!html.contains("<script") && !html.contains("\"'"), "{html}");
        assert_eq!(html.matches("&lt;script&gt;&quot;&#39;&amp;").count(), 13);
    }
}
