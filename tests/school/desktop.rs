//! A desktop: seals what its user does, with the version that its copy had, and knows nothing else of the others.

use std::collections::{BTreeMap, BTreeSet};

use comptoir_core::id::EventId;
use comptoir_proto::stored_v1;
use comptoir_proto::sync_v1::PushResponse;
use comptoir_tests::contract::Door;
use comptoir_tests::hand_made::HandMade;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::model::{Edit, Fields};
use crate::records::Key;

/// Its log, its copy of the school's records, and the way to central.
pub(crate) struct Desktop {
    log: HandMade,
    door: Door,
    copy: BTreeMap<Key, (u64, Fields)>,
    sent: BTreeMap<EventId, Key>,
}

impl Desktop {
    pub(crate) fn new(issued: &Value, door: Door) -> Desktop {
        Desktop { log: HandMade::new(issued), door, copy: BTreeMap::new(), sent: BTreeMap::new() }
    }

    pub(crate) fn node(&self) -> Uuid {
        self.log.node.uuid()
    }

    /// Version and fields of every record, as it knows them.
    pub(crate) fn copy(&self) -> &BTreeMap<Key, (u64, Fields)> {
        &self.copy
    }

    /// Seals what its user does. Several edits of one record before the next synchronisation have one base.
    pub(crate) fn edit(&mut self, key: &Key, edit: &Edit) {
        let (action, payload) = match edit {
            Edit::Create(fields) => ("CREATE", json!(fields)),
            Edit::Update(fields) => ("UPDATE", json!(fields)),
            Edit::Delete => ("DELETE", json!({})),
        };
        let mut event = self.log.event(&key.0, &key.1, action, &payload);
        event.content.base_version = self.copy.get(key).map(|(version, _)| *version);
        self.sent.insert(event.id, key.clone());
        self.log.seal_bytes(stored_v1::encode(&event).expect("a record"));
    }

    /// Sends what waits. Answers with the records in conflict; everything else was accepted.
    pub(crate) async fn sync(&mut self) -> BTreeSet<Key> {
        let mut conflicts = BTreeSet::new();
        if self.log.waiting() == 0 {
            return conflicts;
        }
        let request = serde_json::to_value(self.log.push()).expect("a request is JSON");
        let reply = self.door.post("/api/v1/sync/push", &request).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let answer: PushResponse = serde_json::from_slice(&reply.body).expect("a push is answered");
        for result in answer.results {
            let key = self.sent.remove(&EventId::new(result.event_id));
            match (result.verdict.as_str(), key) {
                ("ACCEPTED", _) => {}
                ("CONFLICT", Some(key)) => {
                    conflicts.insert(key);
                }
                other => panic!("{other:?}: {:?}", result.detail),
            }
        }
        conflicts
    }

    /// Takes central's word about some records.
    pub(crate) async fn read(&mut self, keys: &BTreeSet<Key>) {
        for key in keys {
            let path = format!("/api/v1/entities/{}/{}", key.0, key.1);
            let reply = self.door.send("GET", &path, &[], "").await;
            if reply.status == 404 {
                self.copy.remove(key);
                continue;
            }
            let row = reply.json();
            assert_eq!((reply.status, &row["open_conflicts"]), (200, &json!({})), "{row}");
            let fields = serde_json::from_value(row["fields"].clone()).expect("fields");
            self.copy.insert(key.clone(), (row["version"].as_u64().expect("a version"), fields));
        }
    }
}
