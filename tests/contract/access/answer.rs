//! What an answer means for the matrix.

use comptoir_tests::contract::Reply;

use super::places::{OWN, Place};

/// How a request named what it is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Names {
    /// By an id that belongs to a site.
    BySiteId,
    /// By an id of what belongs to no site.
    BySharedId,
    /// By a site.
    BySite,
    /// By the name of a phone or desktop.
    ByDevice,
    /// Not at all: the answer shows what the caller sees.
    Nothing,
}

/// The answer in a word. `reads`: whether it shows something.
pub(super) fn word(reply: &Reply, reads: bool, names: Names, place: &Place) -> &'static str {
    match reply.status {
        401 if code(reply) == "UNAUTHORIZED" => "401",
        403 => "403",
        // A desktop that resolves a conflict names one of its own events, of which the examples have none.
        404 if names != Names::ByDevice => "404",
        200..300 if reads && matches!(names, Names::BySite | Names::ByDevice) => {
            shown(&text(reply), place).unwrap_or(if place.name == OWN { "allowed" } else { "nothing" })
        }
        // A desktop's answer: none of its events was taken.
        200 if reply.text().contains("\"acknowledged\":[]") => "rejected",
        _ if names == Names::BySharedId => "shared",
        // Everything else was let in, and may be refused for what it contains.
        _ => "allowed",
    }
}

/// The body, unpacked.
pub(super) fn text(reply: &Reply) -> String {
    const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    match reply.body.starts_with(&ZSTD) {
        true => String::from_utf8_lossy(&zstd::decode_all(reply.body.as_slice()).expect("a whole stream")).into_owned(),
        false => reply.text(),
    }
}

/// What of a place a list shows.
pub(super) fn shown(text: &str, place: &Place) -> Option<&'static str> {
    let is_bound = text.contains(&place.bound(""));
    let is_shared = text.contains(&place.shared(""));
    if is_bound { Some("allowed") } else { is_shared.then_some("shared") }
}

/// The code of a refusal.
pub(super) fn code(reply: &Reply) -> String {
    let problem = serde_json::from_slice::<serde_json::Value>(&reply.body).unwrap_or_default();
    problem["code"].as_str().unwrap_or_default().to_owned()
}
