//! The same school on two real nodes instead of desktops: edits made while central is down are sealed on each node's disk,
//! pushed by its sync agent once central is back, and decided in order of arrival.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use comptoir_test_support::processes::RunningServer;
use comptoir_test_support::{POLL_EVERY, RunningTenant, TIMEOUT, text};
use comptoir_tests::contract::Endpoint;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::model::{self, Edit, Fields, Model, Way};
use crate::records::{self, Edits, Key};

/// Records per request. Each has up to two edits, and a list is appended as a whole.
const RECORDS_PER_LIST: usize = 25;

/// A node and the client of its API.
struct Node {
    id: String,
    server: RunningServer,
    api: Endpoint,
}

impl Node {
    fn start(company: &RunningTenant, site: &str, name: &str) -> Node {
        let issued = company.issue_node(site, name);
        let server = RunningServer::node(&company.path(name), &issued, &company.central.url);
        let api = Endpoint::address(server.url.clone(), None);
        Node { id: text(&issued["NODE_ID"]), server, api }
    }

    /// Appends edits. Edits of one record start from the row that the node shows.
    async fn edit(&self, edits: &Edits) {
        let edits: Vec<(&Key, &Vec<Edit>)> = edits.iter().collect();
        for some in edits.chunks(RECORDS_PER_LIST) {
            let mut drafts = Vec::new();
            for (key, edits) in some {
                let version = read(&self.api, key).await.map(|(version, _)| version);
                drafts.extend(edits.iter().map(|edit| draft(key, edit, version)));
            }
            let reply = self.api.post("/api/v1/events", &json!(drafts)).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
        }
    }
}

fn draft(key: &Key, edit: &Edit, version: Option<u64>) -> Value {
    let (action, payload) = match edit {
        Edit::Create(fields) => ("CREATE", json!(fields)),
        Edit::Update(fields) => ("UPDATE", json!(fields)),
        Edit::Delete => ("DELETE", json!({})),
    };
    let mut draft =
        json!({ "id": Uuid::now_v7(), "entity_type": key.0, "entity_id": key.1, "action": action, "payload": payload });
    if let (Some(version), false) = (version, action == "CREATE") {
        draft["base_version"] = json!(version);
    }
    draft
}

/// A record as central or a node shows it.
async fn read(api: &Endpoint, key: &Key) -> Option<(u64, Fields)> {
    let reply = api.send("GET", &format!("/api/v1/entities/{}/{}", key.0, key.1), &[], "").await;
    if reply.status == 404 {
        return None;
    }
    let row = reply.json();
    assert_eq!(reply.status, 200, "{row}");
    let fields = serde_json::from_value(row["fields"].clone()).expect("fields");
    Some((row["version"].as_u64().expect("a version"), fields))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_conflict_exactly_where_both_changed_and_end_equal() {
    let mut company = RunningTenant::new("Europe/Paris", "EUR");
    let admin = Endpoint::address(company.central.url.clone(), Some(company.token.clone()));
    let site = company.site("LYC");
    let (registrar, teacher) = (Node::start(&company, &site, "registrar"), Node::start(&company, &site, "teacher"));
    let records = records::load();
    let (known, late) = records.split_at(records.len() - 12);
    let keys: BTreeSet<Key> = records.iter().map(|(key, _)| key.clone()).collect();
    let mut model = Model::default();
    let made: Edits = known.iter().map(|(key, fields)| (key.clone(), vec![Edit::Create(fields.clone())])).collect();
    made.iter().for_each(|(key, edits)| model.apply(key, &edits[0]));
    registrar.edit(&made).await;
    settle(&company, [&registrar, &teacher]).await;

    let mut decided: BTreeMap<Way, usize> = BTreeMap::new();
    for round in 1..=2 {
        let before = model.clone();
        let (registrar_edits, teacher_edits) =
            (records::registrar(round, &before, late), records::teacher(round, &before, late));
        company.central.kill();
        registrar.edit(&registrar_edits).await;
        teacher.edit(&teacher_edits).await;
        company.central.start_again();
        settle(&company, [&registrar, &teacher]).await;

        let both: BTreeSet<Key> =
            registrar_edits.keys().filter(|key| teacher_edits.contains_key(*key)).cloned().collect();
        let open: BTreeMap<Key, Value> =
            crate::conflicts(&admin, "open").await.into_iter().map(|conflict| (about(&conflict), conflict)).collect();
        assert_eq!(
            open.keys().cloned().collect::<BTreeSet<_>>(),
            both,
            "round {round}: conflicts are where both changed"
        );
        for (key, edits) in registrar_edits.iter().chain(&teacher_edits).filter(|(key, _)| !both.contains(*key)) {
            edits.iter().for_each(|edit| model.apply(key, edit));
        }
        for (number, (key, conflict)) in open.iter().enumerate() {
            // For each record, the version of the node that arrived first is the server's version.
            let registrar_lost = conflict["node"] == json!(registrar.id);
            assert!(registrar_lost || conflict["node"] == json!(teacher.id));
            let (first, second) =
                if registrar_lost { (&teacher_edits, &registrar_edits) } else { (&registrar_edits, &teacher_edits) };
            first[key].iter().for_each(|edit| model.apply(key, edit));
            let way = Way::ALL[number % 3];
            let agreed = model::agreed(&second[key]);
            let expected = model.decided(&before, key, &second[key], way, &agreed);
            decide(&admin, conflict, way, &agreed).await;
            model.set(key, expected);
            *decided.entry(way).or_default() += 1;
        }
        settle(&company, [&registrar, &teacher]).await;
        for key in &keys {
            let centrals = read(&admin, key).await;
            assert_eq!(centrals.as_ref().map(|(_, fields)| fields), model.get(key), "round {round}: {key:?}");
            for node in [&registrar, &teacher] {
                assert_eq!(read(&node.api, key).await, centrals, "round {round}: {key:?} at {}", node.id);
            }
        }
    }
    assert!(Way::ALL.iter().all(|way| decided[way] >= 10), "each way is used: {decided:?}");
}

fn about(conflict: &Value) -> Key {
    (text(&conflict["entity_type"]), text(&conflict["entity_id"]))
}

/// Waits until both nodes have pushed and pulled everything.
async fn settle(company: &RunningTenant, nodes: [&Node; 2]) {
    for node in nodes {
        company.drained(&node.server).await;
    }
    let head = company.head().await;
    for node in nodes {
        let started = Instant::now();
        loop {
            let status = node.api.send("GET", "/api/v1/status", &[], "").await.json();
            if status["sync"]["pull"]["complete_through"].as_u64() >= Some(head) {
                break;
            }
            assert!(started.elapsed() < TIMEOUT, "pulled no further than {}\n{}", status["sync"], node.server.words());
            tokio::time::sleep(POLL_EVERY).await;
        }
    }
}

/// Previews a choice, then makes it.
async fn decide(admin: &Endpoint, conflict: &Value, way: Way, agreed: &Fields) {
    let mut choice = json!({ "choice": way.word(), "user": "director" });
    if way == Way::Merged {
        choice["fields"] = json!(agreed);
    }
    let etag = conflict["etag"].as_str().expect("a tag");
    let headers = [("content-type", "application/json"), ("if-match", etag)];
    let mut answers = Vec::new();
    for verb in ["preview", "resolve"] {
        let path = format!("/api/v1/conflicts/{}/{verb}", text(&conflict["event_id"]));
        let reply = admin.send("POST", &path, &headers, choice.to_string()).await;
        assert_eq!(reply.status, 200, "{conflict}\n{}", reply.text());
        answers.push(reply.json());
    }
    assert_eq!(answers[1]["entity"]["fields"], answers[0]["fields"], "the result equals the preview");
    assert_eq!(answers[1]["entity"]["exists"], answers[0]["exists"]);
}
