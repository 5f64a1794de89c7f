//! The docs page.

/// The page that shows `/openapi.json` to people: it loads nothing else, so that it works in a shop without the internet.
pub const DOCS_PAGE: &str = include_str!("docs.html");
