//! The pages of `docs/quickstart`: a block of commands, then its answer. An answer is shortened: `<...>` is what differs each
//! time, and of an object only some members are shown.

use serde_json::{Deserializer, Value};

use crate::page;
use crate::scratch::Scratch;

pub(crate) const PAGES: [&str; 3] =
    ["docs/quickstart/shop.md", "docs/quickstart/mobile.md", "docs/quickstart/desktop.md"];

/// Printed between the outputs of two blocks.
const END_OF_BLOCK: &str = "--- the block ends here ---";
/// What a placeholder for a number becomes, so that the answer is JSON.
const ANY_NUMBER: &str = "<>";

/// A block and what it prints; nothing unless an answer follows on the page.
struct Step {
    commands: String,
    answer: Shown,
}

enum Shown {
    Nothing,
    Json(Vec<Value>),
    Text(String),
}

fn read_steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for fenced in page.split("\n```").skip(1).step_by(2) {
        let (language, text) = fenced.split_once('\n').expect("a block has lines");
        let answer = match language {
            "sh" => {
                steps.push(Step { commands: text.to_owned(), answer: Shown::Nothing });
                continue;
            }
            "json" => Shown::Json(json_values(&with_quoted_placeholders(text))),
            "text" => Shown::Text(text.to_owned()),
            other => panic!("a block of {other:?}: {text}"),
        };
        let step = steps.last_mut().expect("commands come before their answer");
        assert!(matches!(step.answer, Shown::Nothing), "a second answer: {text}");
        step.answer = answer;
    }
    steps
}

fn json_values(text: &str) -> Vec<Value> {
    let values = Deserializer::from_str(text).into_iter::<Value>();
    values.map(|value| value.unwrap_or_else(|error| panic!("{error}: {text}"))).collect()
}

/// `{"version": <version>}` is no JSON: outside of texts a placeholder becomes a text.
fn with_quoted_placeholders(text: &str) -> String {
    let mut parts = text.split('"');
    let mut quoted = String::new();
    while let Some(outside) = parts.next() {
        let mut rest = outside;
        while let Some((before, (_, after))) = rest.split_once('<').and_then(|(a, b)| Some((a, b.split_once('>')?))) {
            quoted.push_str(&format!("{before}\"{ANY_NUMBER}\""));
            rest = after;
        }
        quoted.push_str(rest);
        if let Some(inside) = parts.next() {
            quoted.push_str(&format!("\"{inside}\""));
        }
    }
    quoted
}

/// Whether a text is what is shown, where each placeholder is at least one character.
fn fits(shown: &str, text: &str) -> bool {
    let placeholder = shown.split_once('<').and_then(|(before, rest)| Some((before, rest.split_once('>')?.1)));
    let Some((before, after)) = placeholder else { return shown == text };
    let Some(rest) = text.strip_prefix(before) else { return false };
    rest.char_indices().any(|(at, char)| fits(after, &rest[at + char.len_utf8()..]))
}

/// Whether an answer has all that is shown.
fn has(answer: &Value, shown: &Value) -> bool {
    match (shown, answer) {
        (Value::String(shown), Value::Number(_)) => shown == ANY_NUMBER,
        (Value::String(shown), Value::String(text)) => shown != ANY_NUMBER && fits(shown, text),
        (Value::Array(shown), Value::Array(items)) => {
            shown.len() == items.len() && shown.iter().zip(items).all(|(shown, item)| has(item, shown))
        }
        (Value::Object(shown), Value::Object(members)) => {
            shown.iter().all(|(name, shown)| members.get(name).is_some_and(|member| has(member, shown)))
        }
        (shown, answer) => shown == answer,
    }
}

impl Step {
    fn assert_prints(&self, page: &str, output: &str) {
        let fine = match &self.answer {
            Shown::Nothing => output.is_empty(),
            Shown::Text(text) => {
                let lines: Vec<&str> = text.lines().collect();
                lines.len() == output.lines().count()
                    && lines.iter().zip(output.lines()).all(|(shown, line)| fits(shown, line))
            }
            Shown::Json(shown) => {
                let answers = json_values(output);
                shown.len() == answers.len() && shown.iter().zip(&answers).all(|(shown, answer)| has(answer, shown))
            }
        };
        assert!(fine, "{page} shows another answer. The commands:\n{}\nprinted:\n{output}", self.commands);
    }
}

/// Each page in a shell of its own, as its reader has it: variables and functions stay from block to block.
#[test]
fn every_block_of_the_quickstarts_prints_what_the_page_shows() {
    let mut clone = Scratch::new();
    clone.start(&[]);
    for name in PAGES {
        let steps = read_steps(&page(name));
        assert!(steps.len() >= 6, "{name} has {} blocks", steps.len());
        let blocks: Vec<String> =
            steps.iter().map(|step| format!("{}\necho {END_OF_BLOCK:?}\n", step.commands)).collect();
        let printed = clone.paste(&blocks.concat());
        let end = format!("{END_OF_BLOCK}\n");
        let outputs: Vec<&str> = printed.strip_suffix(&end).expect("the last block ends").split(&end).collect();
        assert_eq!(outputs.len(), steps.len(), "{name}: {printed}");
        for (step, output) in steps.iter().zip(outputs) {
            step.assert_prints(name, output);
        }
    }
    assert_eq!(clone.interrupt(), Some(0));
}

#[test]
fn an_answer_that_differs_from_the_page_is_noticed() {
    let shown = |text: &str| json_values(&with_quoted_placeholders(text)).remove(0);
    let cases = [
        (r#"{"a": <n>, "b": ["x-<n>"]}"#, r#"{"a": 7, "b": ["x-1"], "c": 0}"#, true),
        (r#"{"a": <n>}"#, r#"{"a": "7"}"#, false),
        (r#"{"a": "<n>"}"#, r#"{"a": 7}"#, false),
        (r#"{"a": "x-<n>"}"#, r#"{"a": "x-"}"#, false),
        (r#"{"a": []}"#, r#"{"a": [1]}"#, false),
        (r#"{"a": 1}"#, r#"{"b": 1}"#, false),
    ];
    for (page, answer, expected) in cases {
        assert_eq!(has(&shown(answer), &shown(page)), expected, "{page} {answer}");
    }
    assert!(fits("Loaded; pull from <time>", "Loaded; pull from 2026") && !fits("<a> b", "a c"));
}
