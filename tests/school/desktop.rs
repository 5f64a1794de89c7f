//! A desktop by its document: an outbox, a copy of the school's records, and `up`, `down` and `resolve` requests to central.

use std::collections::{BTreeMap, BTreeSet};

use comptoir_tests::contract::Endpoint;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::model::{Edit, Fields, Way};
use crate::records::Key;

/// The events of an `up` that were not simply accepted.
#[derive(Default)]
pub(crate) struct Answered {
    pub(crate) conflicts: BTreeSet<Key>,
    /// Records created under a taken id, with their new ids.
    pub(crate) renamed: BTreeMap<Key, Key>,
}

/// The desktop's tables and its connection to central.
pub(crate) struct Desktop {
    client: String,
    tenant: String,
    api: Endpoint,
    last_sync_timestamp: Option<String>,
    outbox: Vec<Value>,
    copy: BTreeMap<Key, (u64, Fields)>,
    /// Open conflicts: a record, and its first conflicting event.
    conflicts: BTreeMap<Key, String>,
}

impl Desktop {
    pub(crate) fn new(client: &str, tenant: String, api: Endpoint) -> Desktop {
        Desktop {
            client: client.to_owned(),
            tenant,
            api,
            last_sync_timestamp: None,
            outbox: Vec::new(),
            copy: BTreeMap::new(),
            conflicts: BTreeMap::new(),
        }
    }

    /// Version and fields of every record in the copy.
    pub(crate) fn copy(&self) -> &BTreeMap<Key, (u64, Fields)> {
        &self.copy
    }

    /// Applies a user's edit to the copy and the outbox. The version stays the one that central gave.
    pub(crate) fn edit(&mut self, key: &Key, edit: &Edit) {
        let (operation, payload) = match edit {
            Edit::Create(fields) => ("CREATE", json!(fields)),
            Edit::Update(fields) => ("UPDATE", json!(fields)),
            Edit::Delete => ("DELETE", json!({})),
        };
        let version = self.copy.get(key).map_or(0, |(version, _)| *version);
        match edit {
            Edit::Create(fields) | Edit::Update(fields) => {
                self.copy.entry(key.clone()).or_insert((version, Fields::new())).1.extend(fields.clone());
            }
            Edit::Delete => drop(self.copy.remove(key)),
        }
        self.outbox.push(json!({
            "id": Uuid::now_v7(), "tenantId": self.tenant, "entityType": key.0, "entityId": key.1, "operation": operation,
            "payload": payload, "localVersion": version, "createdAt": "2026-01-07T10:00:00.000Z", "attemptCount": 0, "status": "PENDING",
        }));
    }

    /// Sends the outbox. The scenario has no rejected event.
    pub(crate) async fn up(&mut self) -> Answered {
        let events = std::mem::take(&mut self.outbox);
        let sent: BTreeMap<String, Key> = events.iter().map(|event| (text(&event["id"]), named(event))).collect();
        let request =
            json!({ "clientId": self.client, "events": events, "lastSyncTimestamp": self.last_sync_timestamp });
        let answer = self.post("/api/sync/up", &request).await;
        assert_eq!(answer["rejected"], json!([]), "{}", self.client);
        let mut answered = Answered::default();
        for acknowledged in list(&answer["acknowledged"]) {
            let key = &sent[&text(&acknowledged["outboxEventId"])];
            let now = (key.0.clone(), text(&acknowledged["entityId"]));
            if now != *key {
                let row = self.copy.remove(key).expect("what it made");
                self.copy.insert(now.clone(), row);
                answered.renamed.insert(key.clone(), now.clone());
            }
            if let Some((version, _)) = self.copy.get_mut(&now) {
                *version = number(&acknowledged["serverVersion"]);
            }
        }
        for conflict in list(&answer["conflicts"]) {
            let event = text(&conflict["outboxEventId"]);
            let key = sent[&event].clone();
            self.conflicts.entry(key.clone()).or_insert(event);
            answered.conflicts.insert(key);
        }
        answered
    }

    /// Pulls changes until there are no more pages.
    pub(crate) async fn down(&mut self) {
        loop {
            let request =
                json!({ "clientId": self.client, "lastSyncTimestamp": self.last_sync_timestamp, "limit": 100 });
            let page = self.post("/api/sync/down", &request).await;
            for change in list(&page["changes"]) {
                let key = named(change);
                if change["operation"] == "DELETE" {
                    self.copy.remove(&key);
                    continue;
                }
                let fields = serde_json::from_value(change["payload"].clone()).expect("fields");
                self.copy.insert(key, (number(&change["serverVersion"]), fields));
            }
            self.last_sync_timestamp = Some(text(&page["syncTimestamp"]));
            if page["hasMore"] == false {
                return;
            }
        }
    }

    /// Resolves a conflict; the result replaces the copy.
    pub(crate) async fn resolve(&mut self, key: &Key, way: Way, agreed: &Fields) {
        let event = self.conflicts.remove(key).expect("an open conflict");
        let mut request =
            json!({ "clientId": self.client, "outboxEventId": event, "acceptServerVersion": way == Way::Server });
        if way == Way::Merged {
            request["merged"] = json!(agreed);
        }
        let answer = self.post("/api/sync/resolve", &request).await;
        match answer["serverData"].as_object() {
            Some(row) => {
                let fields = row.iter().filter(|(name, _)| !["id", "serverVersion"].contains(&name.as_str()));
                let fields = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
                self.copy.insert(key.clone(), (number(&answer["serverVersion"]), fields));
            }
            None => drop(self.copy.remove(key)),
        }
    }

    async fn post(&self, path: &str, request: &Value) -> Value {
        let reply = self.api.post(path, request).await;
        assert_eq!(reply.status, 200, "{} {path}: {}", self.client, reply.text());
        reply.json()
    }
}

fn named(event: &Value) -> Key {
    (text(&event["entityType"]), text(&event["entityId"]))
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}
