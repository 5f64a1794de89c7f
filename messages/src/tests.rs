use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;

/// The variables of each message.
fn variables(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut id = String::new();
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, _)) = line.split_once(" =").filter(|_| line.starts_with(|first: char| first.is_alphabetic()))
        {
            id = name.to_owned();
            assert!(messages.insert(id.clone(), BTreeSet::new()).is_none(), "{id} is in the catalogue twice");
        }
        for after in line.split('$').skip(1) {
            let name = after.split(|next: char| !next.is_alphanumeric() && next != '_').next().unwrap_or_default();
            messages.get_mut(&id).expect("a variable is part of a message").insert(name.to_owned());
        }
    }
    messages
}

/// The ids in `Message::new("id")` of every crate.
fn ids_used() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    ids_after(root, "Message::new(\"", &[".rs"])
}

/// The literals after a call's beginning, in every file below a folder whose name ends so.
fn ids_after(folder: &Path, call: &str, endings: &[&str]) -> BTreeSet<String> {
    fn read(folder: &Path, call: &str, endings: &[&str], found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder of the workspace") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "target" | ".git" | "node_modules" | "messages") {
                    read(&path, call, endings, found);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let text = std::fs::read_to_string(&path).expect("UTF-8 sources");
                let uses = text.split(call).skip(1).filter_map(|after| after.split_once('"'));
                found.extend(uses.map(|(id, _)| id.to_owned()));
            }
        }
    }
    let mut found = BTreeSet::new();
    read(folder, call, endings, &mut found);
    found
}

/// The catalogues of the screens, which the browser reads: those that every screen loads, and those of head office alone.
const SCREENS: [&str; 2] = [include_str!("../screens/fr.ftl"), include_str!("../screens/en.ftl")];
const OFFICE: [&str; 2] = [include_str!("../office/fr.ftl"), include_str!("../office/en.ftl")];

#[test]
fn the_screens_name_the_messages_that_both_of_their_catalogues_have() {
    let ids = |catalogues: [&str; 2]| -> BTreeSet<String> {
        let [french, english] = catalogues.map(variables);
        assert_eq!(french, english);
        french.into_keys().collect()
    };
    let (screens, office) = (ids(SCREENS), ids(OFFICE));
    assert!(office.iter().all(|id| id.starts_with("office-")) && !screens.iter().any(|id| id.starts_with("office-")));
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/src");
    let used = ids_after(&sources, "t(\"", &[".ts", ".tsx"]);
    let used_by_office = ids_after(&sources.join("office"), "t(\"", &[".ts", ".tsx"]);
    let all: BTreeSet<String> = screens.union(&office).cloned().collect();
    // `get("etag")` and `import("./x")` end alike.
    let is_message = |id: &str| id.contains('-') && !id.contains(['.', '/']);
    let unknown: Vec<_> = used.difference(&all).filter(|id| is_message(id)).collect();
    assert!(unknown.is_empty(), "add to messages/screens or messages/office: {unknown:#?}");
    let unused: Vec<_> = all.difference(&used).collect();
    assert!(unused.is_empty(), "remove from messages/screens or messages/office: {unused:#?}");
    let elsewhere: Vec<_> = office.difference(&used_by_office).collect();
    assert!(elsewhere.is_empty(), "not head office's, so move to messages/screens: {elsewhere:#?}");
}

#[test]
fn both_catalogues_have_the_same_messages_and_variables() {
    let (french, english) = (variables(FRENCH), variables(ENGLISH));
    for (id, variables) in &french {
        assert_eq!(english.get(id), Some(variables), "{id}");
    }
    let french_lacks: Vec<_> = english.keys().filter(|id| !french.contains_key(*id)).collect();
    assert!(french_lacks.is_empty(), "{french_lacks:?}");
}

#[test]
fn every_message_is_used_and_every_message_used_exists() {
    let (in_catalogue, used): (BTreeSet<String>, _) = (variables(FRENCH).into_keys().collect(), ids_used());
    let unknown: Vec<_> = used.difference(&in_catalogue).collect();
    assert!(unknown.is_empty(), "add to messages/fr.ftl and messages/en.ftl: {unknown:#?}");
    let unused: Vec<_> = in_catalogue.difference(&used).collect();
    assert!(unused.is_empty(), "remove from messages/fr.ftl and messages/en.ftl: {unused:#?}");
}

/// Each message with a value for every variable, as text and as the numbers that choose plurals.
#[test]
fn every_message_has_a_text_without_invisible_marks_or_unknown_variables() {
    for language in [Language::French, Language::English] {
        for (id, variables) in variables(FRENCH) {
            for count in 0..3 {
                let mut message = Message::new(String::leak(id.clone()));
                for name in &variables {
                    let name: &'static str = String::leak(name.clone());
                    message = match name {
                        _ if name.ends_with("_count") => message.with(name, count),
                        _ => message.with(name, "une valeur"),
                    };
                }
                let text = message.text(language);
                assert!(!text.is_empty() && !text.contains(['{', '$']), "{id}: {text}");
                assert!(
                    !text.contains(['\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}', '\u{200e}', '\u{200f}']),
                    "{id}"
                );
            }
        }
    }
}

#[test]
fn values_are_inserted_as_they_are() {
    let message = Message::new("start-page-shop").with("site", "{ $site } <b>é</b>");
    assert_eq!(message.text(Language::French), "Boutique { $site } <b>é</b>");
}

#[test]
fn french_is_the_default() {
    assert_eq!(Language::default(), Language::French);
    for (header, language) in [
        (None, Language::French),
        (Some("en-GB,en;q=0.9,fr;q=0.8"), Language::English),
        (Some("fr-FR,en;q=0.5"), Language::French),
        (Some("de, en;q=0.5"), Language::English),
        (Some("de, *"), Language::French),
        (Some("\u{e9}"), Language::French),
    ] {
        assert_eq!(Language::accepted(header), language, "{header:?}");
    }
}

#[test]
fn a_terminal_reads_the_language_of_its_locale() {
    let language = |set: &[(&str, &str)]| {
        Language::of_locale(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    };
    assert_eq!(language(&[("LANG", "fr_FR.UTF-8")]), Language::French);
    assert_eq!(language(&[("LC_ALL", ""), ("LANG", "fr_BE")]), Language::French);
    assert_eq!(language(&[("LC_ALL", "C"), ("LANG", "fr_FR.UTF-8")]), Language::English);
    assert_eq!(language(&[]), Language::English);
}
