//! A school's records on two desktops that are edited at once, on real pupils, through the desktop contract: conflicts are exactly where both
//! changed the same record since they last agreed, each is decided in one of the three ways, and after the last synchronisation every copy is
//! the same.
//!
//! What is expected is computed in `model`, which knows nothing of versions, positions or rules: sets of what each side touched.

mod desktop;
mod model;
mod nodes;
mod records;

use std::collections::{BTreeMap, BTreeSet};

use comptoir_tests::contract::Endpoint;
use comptoir_tests::head_office::HeadOffice;
use serde_json::{Value, json};

use desktop::Desktop;
use model::{Edit, Fields, Model, Way};
use records::Key;

#[tokio::test]
async fn two_desktops_of_a_school_conflict_where_both_changed_and_agree_in_the_end() {
    let head_office = HeadOffice::open("Lycée").await;
    let admin = head_office.admin();
    let desktop = |name: &str| Desktop::new(name, head_office.tenant.to_string(), head_office.admin());
    let (mut office, mut teacher) = (desktop("office"), desktop("teacher"));
    let records = records::load();
    let (known, late) = records.split_at(records.len() - 12);
    let mut model = Model::default();

    for (key, fields) in known {
        office.edit(key, &Edit::Create(fields.clone()));
        model.apply(key, &Edit::Create(fields.clone()));
    }
    assert_eq!(office.up().await.conflicts, BTreeSet::new(), "nobody else was there");
    office.down().await;
    teacher.down().await;
    assert_eq!(office.copy(), teacher.copy());

    let mut decided: BTreeMap<Way, usize> = BTreeMap::new();
    // What the teacher made under a taken id has another one now. The old id, from that desktop, means what it made, so it leaves the
    // office's record of that id alone.
    let mut shadowed = BTreeSet::new();
    for round in 1..=3 {
        // Both go on without the network.
        let before = model.clone();
        let at_office = records::office(round, &before, late);
        let mut at_teachers = records::teacher(round, &before, late);
        at_teachers.retain(|key, _| !shadowed.contains(key));
        at_office.iter().for_each(|(key, edits)| edits.iter().for_each(|edit| office.edit(key, edit)));
        at_teachers.iter().for_each(|(key, edits)| edits.iter().for_each(|edit| teacher.edit(key, edit)));

        // What is expected: whoever comes second conflicts about what the first has changed too, and about nothing else. What both made
        // under one id is two records, and the second gets another id.
        let office_first = round % 2 == 1;
        let (first, second) = if office_first { (&at_office, &at_teachers) } else { (&at_teachers, &at_office) };
        let (both_made, both): (BTreeSet<Key>, BTreeSet<Key>) =
            first.keys().filter(|key| second.contains_key(*key)).cloned().partition(|key| before.get(key).is_none());
        let taken = second.iter().filter(|(key, _)| !both.contains(*key) && !both_made.contains(*key));
        for (key, edits) in first.iter().chain(taken) {
            edits.iter().for_each(|edit| model.apply(key, edit));
        }

        let (early, late_one) = if office_first { (&mut office, &mut teacher) } else { (&mut teacher, &mut office) };
        let answered = early.up().await;
        assert!(answered.conflicts.is_empty() && answered.renamed.is_empty(), "round {round}: nobody was before it");
        let answered = late_one.up().await;
        assert_eq!(answered.conflicts, both, "round {round}: conflicts are where both changed");
        assert_eq!(open_conflicts(&admin).await, both, "round {round}: and are listed");
        assert_eq!(answered.renamed.keys().cloned().collect::<BTreeSet<_>>(), both_made, "round {round}");
        shadowed.extend(both_made);
        for (made, now) in &answered.renamed {
            second[made].iter().for_each(|edit| model.apply(now, edit));
        }

        for (number, key) in both.iter().enumerate() {
            let way = Way::ALL[number % 3];
            let agreed = model::agreed(&second[key]);
            let expected = model.decided(&before, key, &second[key], way, &agreed);
            late_one.resolve(key, way, &agreed).await;
            model.set(key, expected);
            *decided.entry(way).or_default() += 1;
        }
        assert_eq!(open_conflicts(&admin).await, BTreeSet::new());

        // Both hear what became of it.
        office.down().await;
        teacher.down().await;
        assert_eq!(office.copy(), teacher.copy(), "round {round}: both copies are the same");
        assert_eq!(
            fields(office.copy()),
            model.living(),
            "round {round}: and what both sides and the decisions come to"
        );
    }
    assert!(Way::ALL.iter().all(|way| decided[way] >= 10), "each way was taken: {decided:?}");

    // A third one, which reads everything from the beginning, and one of the two after a wipe.
    for name in ["third", "office"] {
        let mut fresh = desktop(name);
        fresh.down().await;
        assert_eq!(fresh.copy(), office.copy(), "{name}");
    }
    // What was not chosen stays readable.
    let all = conflicts(&admin, "all").await;
    assert_eq!(all.len(), decided.values().sum::<usize>());
    for conflict in &all {
        assert_eq!(conflict["state"], "resolved");
        assert!(conflict["edits"].as_array().is_some_and(|edits| !edits.is_empty()), "{conflict}");
    }
}

fn fields(copy: &BTreeMap<Key, (u64, Fields)>) -> BTreeMap<&Key, &Fields> {
    copy.iter().map(|(key, (_, fields))| (key, fields)).collect()
}

/// What every open conflict is about.
async fn open_conflicts(admin: &Endpoint) -> BTreeSet<Key> {
    let open = conflicts(admin, "open").await;
    let text = |value: &Value| value.as_str().expect("a name").to_owned();
    let keys: BTreeSet<Key> =
        open.iter().map(|conflict| (text(&conflict["entity_type"]), text(&conflict["entity_id"]))).collect();
    assert_eq!(keys.len(), open.len(), "one conflict of a desktop about a record");
    keys
}

/// The conflicts of a state, page by page.
async fn conflicts(admin: &Endpoint, state: &str) -> Vec<Value> {
    let (mut found, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let path = format!("/api/v1/conflicts?state={state}&limit=20&after={after}");
        let page = admin.send("GET", &path, &[], "").await.json();
        found.extend(page["conflicts"].as_array().expect("a list").clone());
        after = page["next"].as_str().expect("a cursor").to_owned();
        if page["more"] == json!(false) {
            return found;
        }
    }
}
