//! The prose rules: plain words in names, comments, strings and documents, short comment lines, short names.

use crate::source::{files_with, without_comments_and_strings};
use crate::{Breaches, hold};

/// Each with a plain replacement. A phrase also matches an identifier (`put_back`, `putBack`) and a line break in a comment.
const BANNED: [(&[&str], &str); 10] = [
    (&["told"], "sent, answered, notified"),
    (&["whoever"], "name who"),
    (&["anew"], "again"),
    (&["beside"], "next to, alongside"),
    (&["put", "back"], "restored"),
    (&["set", "apart"], "quarantined"),
    (&["handed", "back"], "returned, resent"),
    (&["came", "to", "be"], "was created"),
    (&["of", "ours"], "our, or name whose"),
    (&["lay", "ground"], "prepare, create"),
];

const COMMENT_WIDTH_MAX: usize = 130;
const NAME_LENGTH_MAX: usize = 90;

struct Word<'a> {
    text: &'a str,
    line: usize,
    /// Only white space, `_` or a comment marker separates this word from the one before it.
    follows: bool,
}

/// Splits a text at everything but letters, and identifiers at `_` and camel case.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let (mut start, mut line, mut follows) = (None, 1, false);
    let mut before = ' ';
    for (at, char) in text.char_indices().chain([(text.len(), '\n')]) {
        let is_hump = char.is_uppercase() && before.is_lowercase();
        if let Some(from) = start
            && (is_hump || !char.is_alphabetic())
        {
            words.push(Word { text: &text[from..at], line, follows });
            (start, follows) = (None, true);
        }
        if char.is_alphabetic() {
            start = start.or(Some(at));
        } else if !(char.is_whitespace() || "_/!#*-".contains(char)) {
            follows = false;
        }
        line += usize::from(char == '\n');
        before = char;
    }
    words
}

/// The banned words of a text, each with its line and its replacement.
fn banned(text: &str) -> Vec<(usize, String, &'static str)> {
    let words = words(text);
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        for (phrase, instead) in BANNED {
            let Some(candidate) = words.get(at..at + phrase.len()) else { continue };
            let same = candidate.iter().zip(phrase).all(|(word, banned)| word.text.eq_ignore_ascii_case(banned));
            if same && candidate[1..].iter().all(|word| word.follows) {
                found.push((word.line, phrase.join(" "), instead));
            }
        }
    }
    found
}

#[test]
fn names_comments_strings_and_documents_use_plain_words() {
    let mut breaches = Breaches::new();
    for (path, text) in files_with(&["rs", "sql", "md", "sh", "ts", "mjs", "toml"]) {
        // The change log is history, this folder names the words, and the data sets' pages quote their sources.
        if path == "CHANGELOG.md" || path.starts_with("tests/tidy/") || path.starts_with("tests/data/") {
            continue;
        }
        for (line, word, instead) in banned(&text) {
            breaches.insert(format!("{path}:{line}: {word} (instead: {instead})"));
        }
    }
    hold("plain words", &breaches);
}

#[test]
fn comment_lines_are_at_most_130_characters_long() {
    let mut breaches = Breaches::new();
    for (path, text) in files_with(&["rs", "sql"]) {
        let marker = if path.ends_with(".rs") { "//" } else { "--" };
        let is_long = |line: &str| {
            let text = line.trim_start().strip_prefix(marker);
            // The row of a table cannot be wrapped.
            let is_prose = text.is_some_and(|text| !text.trim_start_matches(['/', '!']).trim_start().starts_with('|'));
            is_prose && line.chars().count() > COMMENT_WIDTH_MAX
        };
        for (number, _) in (1..).zip(text.lines()).filter(|(_, line): &(usize, &str)| is_long(line)) {
            breaches.insert(format!("{path}:{number}: a comment line over {COMMENT_WIDTH_MAX} characters"));
        }
    }
    hold("comment width", &breaches);
}

/// Covers the names of tests, which are the longest ones, also where a macro declares them.
#[test]
fn names_are_at_most_90_characters_long() {
    let mut breaches = Breaches::new();
    for (path, text) in files_with(&["rs"]) {
        let code = without_comments_and_strings(&text);
        let names = code.split(|char: char| !(char.is_alphanumeric() || char == '_'));
        for name in names.filter(|name| name.chars().count() > NAME_LENGTH_MAX) {
            breaches.insert(format!("{path}: {name} is longer than {NAME_LENGTH_MAX} characters"));
        }
    }
    hold("name length", &breaches);
}

#[test]
fn banned_words_are_found_in_prose_and_names_and_not_across_code() {
    let found = |text: &str| banned(text).into_iter().map(|(line, word, _)| (line, word)).collect::<Vec<_>>();
    let one = |line: usize, word: &str| vec![(line, word.to_owned())];
    assert_eq!(found("// a node\n/// that was Put\n/// back"), one(2, "put back"));
    assert_eq!(found("let put_back = 1;"), one(1, "put back"));
    assert_eq!(found("isToldTwice"), one(1, "told"));
    assert_eq!(found("-- which came to\n-- be"), one(1, "came to be"));
    for fine in ["besides", "mantold", "store.put(); back()", "\"put\", \"back\"", "the put, back then"] {
        assert_eq!(found(fine), [], "{fine}");
    }
}
