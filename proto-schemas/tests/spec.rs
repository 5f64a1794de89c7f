//! The papers under `docs/spec` say what the code does. The tables that follow from code are written from it: after a change, run
//! the tests with `COMPTOIR_WRITE_SPEC=1` and commit what changed.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use comptoir_core::decision::{Code, Flag, Verdict};
use comptoir_core::id::Name;
use comptoir_core::limits::{
    ENTITY_BYTES_MAX, ENTITY_DEPTH_MAX, ENTITY_FIELDS_MAX, PAYLOAD_BYTES_MAX, RECORD_BYTES_MAX,
};
use comptoir_core::money::Currency;
use comptoir_core::rulebook::Rule;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::mobile_v1::{LocalAuditEntry, SyncEvent, checksum_fits};
use comptoir_proto::payload::{AUDIT_ENTRY, actions, entity_type_of, is_central_only, phone_row, read_fact, schema};
use comptoir_proto::problem::Problem;
use comptoir_proto::stored_v1::DECISION_BYTES_MAX;
use comptoir_proto::sync_v1::{PushRequest, PushResponse};
use serde_json::Value;

fn path(page: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/spec").join(page)
}

fn page(page: &str) -> String {
    fs::read_to_string(path(page)).unwrap_or_else(|error| panic!("docs/spec/{page}: {error}"))
}

/// Checks that a page has a table between its marks, or writes it there.
fn holds(name: &str, mark: &str, table: &str) {
    let text = page(name);
    let begin = text.find(&format!("<!-- begin {mark}")).expect("the page has the mark");
    let begin = begin + text[begin..].find("-->").expect("the mark ends") + "-->\n".len();
    let end = text.find(&format!("<!-- end {mark} -->")).expect("the page has the end mark");
    if text[begin..end] == *table {
        return;
    }
    let hint = format!("docs/spec/{name} differs from the code; run the test with COMPTOIR_WRITE_SPEC=1");
    assert!(std::env::var_os("COMPTOIR_WRITE_SPEC").is_some(), "{hint}");
    fs::write(path(name), format!("{}{table}{}", &text[..begin], &text[end..])).unwrap();
}

#[test]
fn every_refusal_is_in_its_table() {
    let mut table = "| code | status | retry | title |\n|---|---|---|---|\n".to_owned();
    for code in ErrorCode::ALL {
        let retry = if code.is_retryable() { "yes" } else { "no" };
        writeln!(table, "| `{}` | {} | {retry} | {} |", code.as_str(), code.status(), code.title()).unwrap();
    }
    holds("errors.md", "refusals", &table);
}

#[test]
fn every_code_of_a_decision_has_its_row_and_no_other_word_has_one() {
    let text = page("errors.md");
    let section = text.split("## Codes of decisions").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")).collect::<Vec<_>>();
    let words: Vec<&str> = rows.iter().map(|row| row.split('`').next().unwrap()).collect();
    assert_eq!(words, Code::ALL.map(Code::as_str), "in the order of the code");
    for row in rows {
        let verdicts = row.split('|').nth(1).unwrap();
        for verdict in verdicts.split(',').map(str::trim) {
            assert!(Verdict::parse(verdict).is_some(), "{row}");
        }
    }
}

#[test]
fn the_decisions_page_names_every_word_in_its_order() {
    let text = page("decision.md");
    let verdicts: Vec<String> =
        Verdict::ALL.iter().enumerate().map(|(at, verdict)| format!("{at} {}", verdict.as_str())).collect();
    assert!(text.contains(&verdicts.join(", ")), "{verdicts:?}");
    for word in Flag::ALL.map(Flag::as_str).into_iter().chain(Rule::ALL.map(Rule::as_str)) {
        assert!(text.contains(&format!("`{word}`")), "{word}");
    }
}

#[test]
fn the_limits_are_those_of_the_code() {
    let grouped = |number: usize| format!("{},{:03}", number / 1000, number % 1000);
    assert!(page("record.md").contains(&grouped(PAYLOAD_BYTES_MAX)));
    assert!(page("payloads.md").contains(&grouped(PAYLOAD_BYTES_MAX)));
    assert!(page("payloads.md").contains(&format!("at most {ENTITY_FIELDS_MAX} fields")));
    assert!(page("payloads.md").contains(&grouped(ENTITY_BYTES_MAX)));
    assert!(page("payloads.md").contains(&format!("more than {ENTITY_DEPTH_MAX} levels")));
    for name in ["record.md", "bundle.md"] {
        assert!(page(name).contains(&grouped(RECORD_BYTES_MAX)), "{name}");
    }
    for name in ["decision.md", "bundle.md"] {
        assert!(page(name).contains(&grouped(DECISION_BYTES_MAX)), "{name}");
    }
}

#[test]
fn the_examples_are_the_vectors() {
    for (name, vector, field) in
        [("record.md", "record-minimal.json", "record"), ("decision.md", "decision-accepted.json", "decision")]
    {
        let text = page(name);
        let dump = text.split("```").nth(1).expect("the page has a dump");
        let hex: String = dump.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
        let vector = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(vector)).unwrap();
        let vector: Value = serde_json::from_str(&vector).unwrap();
        assert_eq!(vector[field], hex, "{name}");
    }
}

#[test]
fn every_action_is_documented_with_its_fields() {
    let mut pages = String::new();
    for (action, version) in actions() {
        let schema: Value = serde_json::from_str(schema(action, version).unwrap()).unwrap();
        let central = if is_central_only(action) { " (central)" } else { "" };
        let entity_type = entity_type_of(action).map_or("any".to_owned(), |name| format!("`{name}`"));
        writeln!(pages, "\n## {action}, version {version}{central}\n").unwrap();
        writeln!(pages, "{} Entity type: {entity_type}.\n", schema["description"].as_str().unwrap()).unwrap();
        let mut rows = String::new();
        fields(&mut rows, "", &schema);
        if rows.is_empty() {
            writeln!(pages, "An object of any fields, at most {}.", schema["maxProperties"]).unwrap();
        } else {
            writeln!(pages, "| field | form | |\n|---|---|---|\n{}", rows.trim_end()).unwrap();
        }
    }
    holds("payloads.md", "actions", &format!("{pages}\n"));
}

fn fields(rows: &mut String, prefix: &str, schema: &Value) {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let bold = if required.contains(&name.as_str()) { "**" } else { "" };
        let text = field["description"].as_str().unwrap_or_default();
        writeln!(rows, "| {bold}{prefix}{name}{bold} | {} | {text} |", form(field).replace('|', "\\|")).unwrap();
        fields(rows, &format!("{prefix}{name}."), field);
        let object = field["anyOf"].as_array().into_iter().flatten().find(|form| form["type"] == "object");
        fields(rows, &format!("{prefix}{name}."), object.unwrap_or(&Value::Null));
        fields(rows, &format!("{prefix}{name}[]."), &field["items"]);
    }
}

/// The form of a value, in a few words.
fn form(field: &Value) -> String {
    if let Some(forms) = field["anyOf"].as_array() {
        return forms.iter().map(form).collect::<Vec<_>>().join(" or ");
    }
    if let Some(values) = field["enum"].as_array() {
        return values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
    }
    let kind = field["type"].as_str().unwrap_or("any value");
    let range = |low: &str, high: &str| match (&field[low], &field[high]) {
        (Value::Null, Value::Null) => String::new(),
        (Value::Null, high) => format!(", at most {high}"),
        (low, Value::Null) => format!(", at least {low}"),
        (low, high) => format!(", {low} to {high}"),
    };
    match (kind, field["pattern"].as_str()) {
        ("string", Some(pattern)) if pattern.starts_with(r"^\S") => "name".to_owned(),
        ("string", Some(pattern)) => format!("string `{pattern}`"),
        ("string", None) => format!("string{} characters", range("minLength", "maxLength")),
        ("array", _) => format!("list{}", range("minItems", "maxItems")),
        (kind, _) => format!("{kind}{}", range("minimum", "maximum")),
    }
}

/// The indented blocks of a page that are JSON objects.
fn examples(name: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    for block in page(name).split("\n\n") {
        if block.starts_with("    {") {
            blocks.push(block.to_owned());
        }
    }
    blocks
}

/// M1, M4.
#[test]
fn the_examples_of_a_phones_events_are_read_as_the_page_says() {
    let examples = examples("mobile.md");
    let [validation, invoice, entry] = examples.as_slice() else { panic!("three events: {examples:?}") };
    let name = |text: &str| Name::new(text).unwrap();
    let currency = Currency::parse("DZD").unwrap();
    for (text, version) in [(validation, 3), (invoice, 2)] {
        let event: SyncEvent = serde_json::from_str(text).unwrap();
        let payload = event.payload.get();
        assert!(checksum_fits(payload, &event.checksum), "{}", event.id);
        let row = phone_row(&event.action, payload, currency).expect("a row of a phone's table");
        assert_eq!(row.schema_version, version);
        let (action, sealed) = (name(&event.action), row.payload.as_bytes());
        let (_, objection) = read_fact(&name(&event.entity_type), &action, row.schema_version, sealed).unwrap();
        assert_eq!(objection, None);
    }
    serde_json::from_str::<LocalAuditEntry>(entry).unwrap();
    let audit = (name("AUDIT"), name("AUDIT_RECORDED"));
    read_fact(&audit.0, &audit.1, AUDIT_ENTRY, entry.trim().as_bytes()).unwrap();
}

#[test]
fn the_examples_of_messages_are_messages() {
    let sync = examples("sync.md");
    let request: PushRequest = serde_json::from_str(&sync[0]).unwrap();
    let answer: PushResponse = serde_json::from_str(&sync[1]).unwrap();
    assert_eq!(request.first_seq, answer.results[0].seq);
    let problem: Problem = serde_json::from_str(&examples("errors.md")[0]).unwrap();
    let code = problem.error_code().unwrap();
    assert_eq!(
        (problem.status, problem.retryable, problem.title.as_str()),
        (code.status(), code.is_retryable(), code.title())
    );
}
