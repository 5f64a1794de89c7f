//! Two desktops edit a school's real records at the same time, through the desktop contract. Conflicts occur exactly where both
//! changed the same record since they last agreed. Each conflict is resolved in one of three ways, and after the last sync all
//! copies are equal. `model` computes the expected rows from the edits alone, without versions, positions or rules.

mod desktop;
mod model;
mod nodes;
mod records;

use std::collections::{BTreeMap, BTreeSet};

use comptoir_tests::contract::Endpoint;
use comptoir_tests::running_central::RunningCentral;
use serde_json::{Value, json};

use desktop::Desktop;
use model::{Edit, Fields, Model, Way};
use records::Key;

#[tokio::test]
async fn two_desktops_conflict_exactly_where_both_changed_and_end_equal() {
    let running_central = RunningCentral::open("Lycée").await;
    let admin = running_central.admin();
    // PUPIL is none of the document's types.
    let book = json!({ "version": 2, "default": "version_check", "rules": { "PUPIL": "version_check" } });
    let adopted = json!({ "id": uuid::Uuid::now_v7(), "entity_type": "RULEBOOK", "entity_id": "rulebook",
                          "action": "RULEBOOK_ADOPTED", "payload": book });
    assert_eq!(admin.post("/api/v1/events", &adopted).await.status, 200);
    let desktop = |name: &str| Desktop::new(name, running_central.tenant.to_string(), running_central.admin());
    let (mut registrar, mut teacher) = (desktop("registrar"), desktop("teacher"));
    let records = records::load();
    let (known, late) = records.split_at(records.len() - 12);
    let mut model = Model::default();

    for (key, fields) in known {
        registrar.edit(key, &Edit::Create(fields.clone()));
        model.apply(key, &Edit::Create(fields.clone()));
    }
    assert_eq!(registrar.up().await.conflicts, BTreeSet::new(), "no other desktop has synced yet");
    registrar.down().await;
    teacher.down().await;
    assert_eq!(registrar.copy(), teacher.copy());

    let mut decided: BTreeMap<Way, usize> = BTreeMap::new();
    // The teacher's record under a taken id now has another id. On that desktop the old id still means the teacher's record, so
    // the teacher leaves the registrar's record of that id alone.
    let mut shadowed = BTreeSet::new();
    for round in 1..=3 {
        // Both work without a network.
        let before = model.clone();
        let registrar_edits = records::registrar(round, &before, late);
        let mut teacher_edits = records::teacher(round, &before, late);
        teacher_edits.retain(|key, _| !shadowed.contains(key));
        registrar_edits.iter().for_each(|(key, edits)| edits.iter().for_each(|edit| registrar.edit(key, edit)));
        teacher_edits.iter().for_each(|(key, edits)| edits.iter().for_each(|edit| teacher.edit(key, edit)));

        // Expected: the second desktop to sync has a conflict for each record that the first one changed too, and no other. If
        // both created the same id, there are two records, and the second gets another id.
        let registrar_first = round % 2 == 1;
        let (first, second) =
            if registrar_first { (&registrar_edits, &teacher_edits) } else { (&teacher_edits, &registrar_edits) };
        let (both_made, both): (BTreeSet<Key>, BTreeSet<Key>) =
            first.keys().filter(|key| second.contains_key(*key)).cloned().partition(|key| before.get(key).is_none());
        let taken = second.iter().filter(|(key, _)| !both.contains(*key) && !both_made.contains(*key));
        for (key, edits) in first.iter().chain(taken) {
            edits.iter().for_each(|edit| model.apply(key, edit));
        }

        let (early, late_one) =
            if registrar_first { (&mut registrar, &mut teacher) } else { (&mut teacher, &mut registrar) };
        let answered = early.up().await;
        assert!(
            answered.conflicts.is_empty() && answered.renamed.is_empty(),
            "round {round}: the first to sync has no conflict"
        );
        let answered = late_one.up().await;
        assert_eq!(answered.conflicts, both, "round {round}: conflicts are where both changed");
        assert_eq!(open_conflicts(&admin).await, both, "round {round}: the conflicts are listed");
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

        // Both pull the outcome.
        registrar.down().await;
        teacher.down().await;
        assert_eq!(registrar.copy(), teacher.copy(), "round {round}: both copies are the same");
        assert_eq!(fields(registrar.copy()), model.living(), "round {round}: the copies match the model");
    }
    assert!(Way::ALL.iter().all(|way| decided[way] >= 10), "each way is used: {decided:?}");

    // A third desktop that reads everything from the start, and one of the two after a wipe.
    for name in ["third", "registrar"] {
        let mut fresh = desktop(name);
        fresh.down().await;
        assert_eq!(fresh.copy(), registrar.copy(), "{name}");
    }
    // The rejected edits stay readable.
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

/// The records of all open conflicts.
async fn open_conflicts(admin: &Endpoint) -> BTreeSet<Key> {
    let open = conflicts(admin, "open").await;
    let text = |value: &Value| value.as_str().expect("a name").to_owned();
    let keys: BTreeSet<Key> =
        open.iter().map(|conflict| (text(&conflict["entity_type"]), text(&conflict["entity_id"]))).collect();
    assert_eq!(keys.len(), open.len(), "a record has one conflict");
    keys
}

/// All conflicts with a state, over all pages.
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
