use super::*;
use crate::limits::{ENTITY_BYTES_MAX, ENTITY_DEPTH_MAX, ENTITY_FIELDS_MAX};

/// A field with a value of that many bytes.
fn long(name: &str, bytes: usize) -> String {
    format!("{name}=\"{}\"", "x".repeat(bytes - 2))
}

/// A field that fills an entity to the last byte next to one of 200,000.
fn rest() -> String {
    long("b", ENTITY_BYTES_MAX - 1 - (200_000 + 5) - 5)
}

fn nth(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("f{number}=1")).collect()
}

fn all(pairs: &[String]) -> Vec<&str> {
    pairs.iter().map(String::as_str).collect()
}

#[test]
fn an_edit_fills_an_entity_to_the_last_byte_and_not_beyond_it() {
    for entity_type in ["CLIENT", "STUDENT"] {
        let half = created(1, entity_type, "e", &[&long("a", 200_000)]);
        let over = rest().replacen('x', "xx", 1);
        let story = given([half, updated(1, entity_type, "e", &[&over])]).then(Verdict::Rejected, Code::EntityTooLarge);
        let detail = story.judgement().detail.clone().unwrap_or_default();
        assert!(detail.contains("200006 bytes") && detail.contains("393217, at most 393216: remove"), "{detail}");
        let story = story.when(updated(1, entity_type, "e", &[&rest()])).then_accepted();
        let entity = story.entity_of(entity_type, "e").expect("it was made");
        assert_eq!(entity.size().bytes, ENTITY_BYTES_MAX);
        story
            .when(updated(1, entity_type, "e", &["c=1"]))
            .then(Verdict::Rejected, Code::EntityTooLarge)
            .when(updated(1, entity_type, "e", &["a=", "c=1"]))
            .then_accepted()
            .when(deleted(1, entity_type, "e"))
            .then_accepted();
    }
}

/// A field that gives its entity that many levels.
fn nested(name: &str, levels: usize) -> String {
    format!("{name}={}1{}", "[".repeat(levels - 1), "]".repeat(levels - 1))
}

/// Conflicts are shown with additional levels, too.
#[test]
fn an_edit_that_nests_too_deep_does_not_wait_for_a_person() {
    given([])
        .when(updated(1, "STUDENT", "e", &[&nested("a", ENTITY_DEPTH_MAX + 1)]))
        .then(Verdict::Rejected, Code::EntityTooLarge)
        .when(updated(1, "STUDENT", "e", &[&nested("a", ENTITY_DEPTH_MAX)]))
        .then(Verdict::Conflict, Code::UnknownEntity);
}

/// A row has additional levels, and its readers stop at 128.
#[test]
fn an_entity_nests_so_deep_and_no_deeper() {
    for entity_type in ["CLIENT", "STUDENT"] {
        let brackets = format!("text=\"\\\\\\\"{}\"", "[{".repeat(ENTITY_DEPTH_MAX));
        let story = given([created(1, entity_type, "e", &[&nested("a", ENTITY_DEPTH_MAX), &brackets])])
            .then_accepted()
            .when(updated(1, entity_type, "e", &[&nested("b", ENTITY_DEPTH_MAX + 1)]))
            .then(Verdict::Rejected, Code::EntityTooLarge);
        let detail = story.judgement().detail.clone().unwrap_or_default();
        assert!(detail.contains("101 levels in its field \"b\", at most 100: keep"), "{detail}");
        story.when(updated(1, entity_type, "e", &["c=1"])).then_accepted();
    }
}

#[test]
fn an_entity_has_so_many_fields_and_no_more() {
    let full = nth(0..ENTITY_FIELDS_MAX);
    given([created(1, "CLIENT", "c", &all(&full))])
        .then_accepted()
        .when(updated(1, "CLIENT", "c", &["more=1"]))
        .then(Verdict::Rejected, Code::EntityTooLarge)
        .when(updated(1, "CLIENT", "c", &["f0=2"]))
        .then_accepted()
        .when(updated(1, "CLIENT", "c", &["f0=", "more=1"]))
        .then_accepted();
}

#[test]
fn what_loses_against_a_later_writer_does_not_count() {
    given([created(1, "CLIENT", "c", &[&long("a", 200_000)]).at(20)])
        .when(updated(2, "CLIENT", "c", &[&long("a", 240_000), &long("b", 190_000)]).at(10))
        .then_accepted()
        .when(updated(2, "CLIENT", "c", &[&long("a", 240_000)]).at(30))
        .then(Verdict::Rejected, Code::EntityTooLarge);
}

#[test]
fn a_create_after_a_delete_begins_with_nothing() {
    given([
        created(1, "STUDENT", "s", &[&long("a", 250_000)]),
        deleted(1, "STUDENT", "s"),
        created(1, "STUDENT", "s", &[&long("b", 250_000)]),
    ])
    .then_accepted();
}

#[test]
fn an_entity_over_the_limit_may_change_and_shrink_but_not_grow() {
    let key = EntityKey { entity_type: name("STUDENT"), entity_id: name("s") };
    let story = given([created(1, "STUDENT", "s", &[&long("a", 250_000)])]).then_accepted();
    let mut entity = story.entity_of("STUDENT", "s").expect("it was created").clone();
    entity.fields.insert("b".to_owned(), format!("\"{}\"", "x".repeat(250_000)));
    let grown = |pair: &str| crate::rules::grown(&key, Some(&entity), &updated(1, "STUDENT", "s", &[pair]).known.fact);
    assert!(grown("c=1").is_some());
    assert_eq!(grown(&long("b", 250_000)), None);
    assert_eq!(grown(&long("b", 240_000)), None);
}

#[test]
fn a_resolution_that_is_too_large_leaves_the_conflict_open_for_another() {
    let large = long("b", 250_000);
    given([
        created(1, "STUDENT", "s", &[&long("a", 250_000)]),
        updated(1, "STUDENT", "s", &["c=1"]),
        updated(2, "STUDENT", "s", &[&large]).based_on(1),
    ])
    .then(Verdict::Conflict, Code::VersionConflict)
    .when(resolved(CENTRAL, "STUDENT", "s", 3, Some(&[&large])))
    .then(Verdict::Rejected, Code::EntityTooLarge)
    .when(resolved(CENTRAL, "STUDENT", "s", 3, Some(&[&large, "a="])))
    .then_accepted();
}

#[test]
fn an_edit_that_is_released_is_held_to_it_too_and_goes_on_waiting() {
    given([
        created(1, "CLIENT", "c", &[&long("a", 250_000)]),
        updated(1, "CLIENT", "c", &[&long("b", 250_000)]).objected(),
        released(CENTRAL, 2),
    ])
    .then(Verdict::Rejected, Code::EntityTooLarge)
    .when(updated(1, "CLIENT", "c", &["a="]))
    .then_accepted()
    .when(released(CENTRAL, 2))
    .then_accepted();
}
