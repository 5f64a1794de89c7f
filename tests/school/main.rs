//! A school's records on two desktops that are edited at once, on real pupils: conflicts are exactly where both changed the same record
//! since they last agreed, each is decided in one of the three ways, and after the last synchronisation every copy is the same.
//!
//! What is expected is computed in `model`, which knows nothing of versions, positions or rules: sets of what each side touched.

mod desktop;
mod head_office;
mod model;
mod records;

use std::collections::{BTreeMap, BTreeSet};

use comptoir_tests::contract::Door;
use serde_json::{Value, json};

use head_office::HeadOffice;
use model::{Edit, Fields, Model, Way};
use records::Key;

#[tokio::test]
async fn two_desktops_of_a_school_conflict_where_both_changed_and_agree_in_the_end() {
    let head_office = HeadOffice::open().await;
    let admin = head_office.admin();
    let mut office = head_office.desktop("office").await;
    let mut teacher = head_office.desktop("teacher").await;
    let records = records::load();
    let (known, late) = records.split_at(records.len() - 12);
    let mut model = Model::default();
    let keys: BTreeSet<Key> = records.iter().map(|(key, _)| key.clone()).collect();

    for (key, fields) in known {
        office.edit(key, &Edit::Create(fields.clone()));
        model.apply(key, &Edit::Create(fields.clone()));
    }
    assert_eq!(office.sync().await, BTreeSet::new(), "nobody else was there");
    office.read(&keys).await;
    teacher.read(&keys).await;

    let mut decided: BTreeMap<Way, usize> = BTreeMap::new();
    for round in 1..=3 {
        // Both go on without the network.
        let before = model.clone();
        let (at_office, at_teachers) = (records::office(round, &before, late), records::teacher(round, &before, late));
        at_office.iter().for_each(|(key, edits)| edits.iter().for_each(|edit| office.edit(key, edit)));
        at_teachers.iter().for_each(|(key, edits)| edits.iter().for_each(|edit| teacher.edit(key, edit)));

        // What is expected: whoever comes second conflicts about what the first has changed too, and about nothing else.
        let office_first = round % 2 == 1;
        let (first, second) = if office_first { (&at_office, &at_teachers) } else { (&at_teachers, &at_office) };
        let both: BTreeSet<Key> = first.keys().filter(|key| second.contains_key(*key)).cloned().collect();
        for (key, edits) in first.iter().chain(second.iter().filter(|(key, _)| !both.contains(*key))) {
            edits.iter().for_each(|edit| model.apply(key, edit));
        }

        let (early, late_one) = if office_first { (&mut office, &mut teacher) } else { (&mut teacher, &mut office) };
        assert_eq!(early.sync().await, BTreeSet::new(), "round {round}: nobody was before it");
        assert_eq!(late_one.sync().await, both, "round {round}: conflicts are where both changed");
        let open = open_conflicts(&admin).await;
        assert_eq!(open.keys().cloned().collect::<BTreeSet<_>>(), both, "round {round}: and are listed");
        assert!(open.values().all(|conflict| conflict["node"] == json!(late_one.node())));

        for (number, (key, conflict)) in open.iter().enumerate() {
            let way = Way::ALL[number % 3];
            let agreed = model::agreed(&second[key]);
            let expected = model.decided(&before, key, &second[key], way, &agreed);
            decide(&admin, conflict, way, &agreed).await;
            model.set(key, expected);
            *decided.entry(way).or_default() += 1;
        }
        assert!(open_conflicts(&admin).await.is_empty());

        // Both hear what became of it.
        let touched: BTreeSet<Key> = first.keys().chain(second.keys()).cloned().collect();
        office.read(&touched).await;
        teacher.read(&touched).await;
        assert_eq!(office.copy(), teacher.copy(), "round {round}: both copies are the same");
    }
    assert!(Way::ALL.iter().all(|way| decided[way] >= 10), "each way was taken: {decided:?}");

    // The last synchronisation: everything is read again, and nothing was missed on the way.
    for desktop in [&mut office, &mut teacher] {
        let kept = desktop.copy().clone();
        assert_eq!(desktop.sync().await, BTreeSet::new());
        desktop.read(&keys).await;
        assert_eq!(desktop.copy(), &kept);
        let fields: BTreeMap<&Key, &Fields> = kept.iter().map(|(key, (_, fields))| (key, fields)).collect();
        assert_eq!(fields, model.living(), "and is what both sides and the decisions come to");
    }
    // What was not chosen stays readable.
    let all = admin.send("GET", "/api/v1/conflicts?state=all&limit=1000", &[], "").await.json();
    let all = all["conflicts"].as_array().expect("a list").clone();
    assert_eq!(all.len(), decided.values().sum::<usize>());
    for conflict in &all {
        assert_eq!((&conflict["state"], &conflict["resolution"]["user"]), (&json!("resolved"), &json!("director")));
        assert!(conflict["edits"].as_array().is_some_and(|edits| !edits.is_empty()), "{conflict}");
    }
}

/// Every open conflict, page by page.
async fn open_conflicts(admin: &Door) -> BTreeMap<Key, Value> {
    let (mut open, mut after) = (BTreeMap::new(), "0".to_owned());
    loop {
        let page = admin.send("GET", &format!("/api/v1/conflicts?limit=20&after={after}"), &[], "").await.json();
        for conflict in page["conflicts"].as_array().expect("a list") {
            let text = |name: &str| conflict[name].as_str().expect("a name").to_owned();
            let before = open.insert((text("entity_type"), text("entity_id")), conflict.clone());
            assert!(before.is_none(), "one conflict of a node about a record: {conflict}");
        }
        after = page["next"].as_str().expect("a cursor").to_owned();
        if page["more"] == json!(false) {
            return open;
        }
    }
}

/// Looks at what a choice would give, then makes it.
async fn decide(admin: &Door, conflict: &Value, way: Way, agreed: &Fields) {
    let (event, etag) = (conflict["event_id"].as_str().expect("an id"), conflict["etag"].as_str().expect("a tag"));
    let mut choice = json!({ "choice": way.word(), "user": "director" });
    if way == Way::Merged {
        choice["fields"] = json!(agreed);
    }
    let headers = [("content-type", "application/json"), ("if-match", etag)];
    let ask = async |verb: &str| {
        let path = format!("/api/v1/conflicts/{event}/{verb}");
        let reply = admin.send("POST", &path, &headers, choice.to_string()).await;
        assert_eq!(reply.status, 200, "{conflict}\n{}", reply.text());
        reply.json()
    };
    let preview = ask("preview").await;
    let resolved = ask("resolve").await;
    assert_eq!(resolved["entity"]["fields"], preview["fields"], "what was shown is what was done");
    assert_eq!(resolved["entity"]["exists"], preview["exists"]);
}
