//! A desktop that runs the document's code line by line: `insert`, `update` and `delete` of change rows, `update` with the
//! ids and data of answers. An insert of an existing primary key throws; an update of an absent row does nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::Body;
use axum::http::{Request, header};
use comptoir_central::Clock;
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use comptoir_test_support::{Response, TestTenant};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Type and id.
pub(crate) type Key = (String, String);

pub(crate) type Row = Map<String, Value>;

/// 2026-03-01 10:00 UTC.
const START: i64 = 1_772_359_200_000_000;

/// Central's clock, moved by the test.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub(crate) fn new() -> TestClock {
        TestClock(Arc::new(AtomicI64::new(START)))
    }

    pub(crate) fn clock(&self) -> Clock {
        let at = self.0.clone();
        Clock::new(move || Timestamp(at.load(Ordering::SeqCst)))
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

/// How a desktop's developer read the document.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Habits {
    /// `localVersion` is the row's `serverVersion` if there is one; otherwise, as in the document's sample, a clock.
    pub(crate) names_versions: bool,
    /// The answer to `/resolve` replaces the row; otherwise, as in the document's sample, the data that the conflict had shown
    /// update it.
    pub(crate) writes_answers: bool,
    /// Requests have the header `Date`.
    pub(crate) sends_date: bool,
    /// `lastAttemptAt` is set before sending.
    pub(crate) notes_attempts: bool,
    /// The desktop's clock minus central's, in seconds.
    pub(crate) clock_offset: i64,
}

/// What becomes of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    Answered,
    /// It never arrives at central.
    Lost,
    /// Central processes it, and the answer never arrives.
    AnswerLost,
}

/// A row of the table `outbox_events`.
#[derive(Clone, Debug)]
pub(crate) struct OutboxRow {
    pub(crate) id: String,
    pub(crate) key: Key,
    pub(crate) event: Value,
    /// The version of the row that the edit was made on, as only the test knows it.
    pub(crate) seen: u64,
    pub(crate) made_at: Timestamp,
}

/// A conflict that the user has not decided yet.
#[derive(Clone, Debug)]
pub(crate) struct ShownConflict {
    pub(crate) event: String,
    pub(crate) key: Key,
    pub(crate) data: Value,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum UserChoice {
    Accept,
    Reject,
}

pub(crate) struct LiteralDesktop<'a> {
    company: &'a TestTenant<'a>,
    clock: TestClock,
    pub(crate) client: String,
    pub(crate) habits: Habits,
    pub(crate) rows: BTreeMap<Key, Row>,
    /// `PENDING` events.
    pub(crate) outbox: Vec<OutboxRow>,
    pub(crate) since: Value,
    pub(crate) conflicts: Vec<ShownConflict>,
    /// The version that each row's content comes from, as only the test knows it.
    pub(crate) seen: BTreeMap<Key, u64>,
}

pub(crate) fn key(entity_type: &str, id: &str) -> Key {
    (entity_type.to_owned(), id.to_owned())
}

impl<'a> LiteralDesktop<'a> {
    pub(crate) fn new(company: &'a TestTenant<'a>, clock: &TestClock, client: &str, habits: Habits) -> Self {
        LiteralDesktop {
            company,
            clock: clock.clone(),
            client: client.to_owned(),
            habits,
            rows: BTreeMap::new(),
            outbox: Vec::new(),
            since: Value::Null,
            conflicts: Vec::new(),
            seen: BTreeMap::new(),
        }
    }

    /// The desktop's own clock, in milliseconds as a JavaScript `Date`.
    fn own_clock(&self) -> Timestamp {
        let at = self.clock.now().0 + self.habits.clock_offset * 1_000_000;
        Timestamp(at.div_euclid(1_000) * 1_000)
    }

    /// A change of the user goes into the table and the outbox. Returns the event's id.
    pub(crate) fn edit(&mut self, operation: &str, key: &Key, payload: Value) -> String {
        let fields = payload.as_object().expect("fields").clone();
        let named = self.rows.get(key).and_then(|row| row.get("serverVersion")).filter(|_| self.habits.names_versions);
        let local_version = named.cloned().unwrap_or_else(|| json!(self.own_clock().0 / 1_000));
        let seen = self.seen.get(key).copied().unwrap_or_default();
        match operation {
            "CREATE" => self.insert(key, fields),
            "UPDATE" => self.update(key, fields),
            _ => drop(self.rows.remove(key)),
        }
        let id = Uuid::now_v7().to_string();
        let event = json!({
            "id": id, "tenantId": self.company.tenant.uuid(), "entityType": key.0, "entityId": key.1, "operation": operation,
            "payload": payload, "localVersion": local_version, "createdAt": instant::format(self.own_clock()),
            "attemptCount": 0, "status": "PENDING",
        });
        let made_at = self.clock.now();
        self.outbox.push(OutboxRow { id: id.clone(), key: key.clone(), event, seen, made_at });
        id
    }

    fn insert(&mut self, key: &Key, mut row: Row) {
        row.insert("id".to_owned(), json!(key.1));
        let held = self.rows.insert(key.clone(), row.clone());
        assert_eq!(held, None, "{}: an insert of {key:?}, which exists: {row:?}", self.client);
    }

    fn update(&mut self, key: &Key, fields: Row) {
        if let Some(row) = self.rows.get_mut(key) {
            row.extend(fields);
        }
    }

    /// Sends the outbox. Returns the answer, which the desktop has not seen if it is lost.
    pub(crate) async fn up(&mut self, fate: Fate) -> Value {
        if self.habits.notes_attempts {
            let now = instant::format(self.own_clock());
            self.outbox.iter_mut().for_each(|row| row.event["lastAttemptAt"] = json!(now));
        }
        if fate == Fate::Lost {
            return Value::Null;
        }
        let events: Vec<&Value> = self.outbox.iter().map(|row| &row.event).collect();
        let body = json!({ "clientId": self.client, "events": events, "lastSyncTimestamp": self.since });
        let answer = self.post("/api/sync/up", &body).await.assert_ok();
        if fate == Fate::Answered {
            self.apply_answer(&answer);
        }
        answer
    }

    fn apply_answer(&mut self, answer: &Value) {
        let sent: BTreeMap<String, Key> = self.outbox.drain(..).map(|row| (row.id, row.key)).collect();
        assert_eq!(answer["rejected"], json!([]), "{}", self.client);
        for acknowledged in list(&answer["acknowledged"]) {
            let original = &sent[text(&acknowledged["outboxEventId"])];
            let given = text(&acknowledged["entityId"]);
            if given != original.1 {
                self.rename(original, given);
            }
        }
        for conflict in list(&answer["conflicts"]) {
            let event = text(&conflict["outboxEventId"]).to_owned();
            let key = sent[&event].clone();
            self.conflicts.push(ShownConflict { event, key, data: conflict["serverData"].clone() });
        }
    }

    fn rename(&mut self, original: &Key, given: &str) {
        if let Some(mut row) = self.rows.remove(original) {
            row.insert("id".to_owned(), json!(given));
            self.rows.insert((original.0.clone(), given.to_owned()), row);
        }
    }

    /// Pulls one page. Returns it, and the desktop has not seen it if it is lost.
    pub(crate) async fn down(&mut self, limit: u64, fate: Fate) -> Value {
        if fate == Fate::Lost {
            return Value::Null;
        }
        let body = json!({ "clientId": self.client, "lastSyncTimestamp": self.since, "limit": limit });
        let page = self.post("/api/sync/down", &body).await.assert_ok();
        if fate == Fate::Answered {
            list(&page["changes"]).iter().for_each(|change| self.apply(change));
            self.since = page["syncTimestamp"].clone();
        }
        page
    }

    /// Pulls until there are no more pages. Returns the number of changes.
    pub(crate) async fn down_all(&mut self, limit: u64) -> usize {
        let mut count = 0;
        loop {
            let page = self.down(limit, Fate::Answered).await;
            count += list(&page["changes"]).len();
            if page["hasMore"] == json!(false) {
                return count;
            }
        }
    }

    fn apply(&mut self, change: &Value) {
        let key = key(text(&change["entityType"]), text(&change["entityId"]));
        let mut row = change["payload"].as_object().expect("fields").clone();
        row.insert("serverVersion".to_owned(), change["serverVersion"].clone());
        let version = change["serverVersion"].as_u64().expect("a version");
        match text(&change["operation"]) {
            "CREATE" => {
                self.insert(&key, row);
                self.seen.insert(key, version);
            }
            "UPDATE" if self.rows.contains_key(&key) => {
                self.update(&key, row);
                self.seen.insert(key, version);
            }
            "UPDATE" => (),
            _ => {
                self.rows.remove(&key);
                self.seen.remove(&key);
            }
        }
    }

    /// Sends the user's choice about a conflict: `resolveConflict(id, true)`, then `update(id, conflict.serverData)`.
    pub(crate) async fn resolve(&mut self, event: &str, choice: UserChoice, fate: Fate) -> Response {
        let shown = self.conflicts.iter().find(|conflict| conflict.event == event).expect("a conflict").clone();
        let accept = choice == UserChoice::Accept;
        let body = json!({ "clientId": self.client, "outboxEventId": event, "acceptServerVersion": accept });
        let answer = self.post("/api/sync/resolve", &body).await;
        let decided = answer.status == 200;
        let version = answer.body["serverVersion"].as_u64();
        if decided && choice == UserChoice::Reject && self.rows.contains_key(&shown.key) {
            // The user had been shown the server's data, and kept the local ones.
            self.saw(&shown.key, version);
        }
        if fate != Fate::Answered || !(decided || answer.status == 409) {
            return answer;
        }
        self.conflicts.retain(|conflict| conflict.event != event);
        if !decided {
            return answer;
        }
        match (self.habits.writes_answers, &answer.body["serverData"]) {
            (true, Value::Object(row)) => {
                self.rows.insert(shown.key.clone(), row.clone());
                self.seen.insert(shown.key, version.expect("a version"));
            }
            (true, _) => drop(self.rows.remove(&shown.key)),
            (false, _) => {
                if let (true, Some(row)) = (accept && self.rows.contains_key(&shown.key), shown.data.as_object()) {
                    self.update(&shown.key, row.clone());
                    self.seen.insert(shown.key, row["serverVersion"].as_u64().expect("a version"));
                }
            }
        }
        answer
    }

    fn saw(&mut self, key: &Key, version: Option<u64>) {
        let seen = self.seen.entry(key.clone()).or_default();
        *seen = (*seen).max(version.unwrap_or_default());
    }

    async fn post(&self, path: &str, body: &Value) -> Response {
        let mut request = Request::post(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.company.token))
            .header(header::CONTENT_TYPE, "application/json");
        if self.habits.sends_date {
            let now = jiff::Timestamp::from_microsecond(self.own_clock().0).expect("a time");
            let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).expect("a date");
            request = request.header(header::DATE, date);
        }
        self.company.server.request(request.body(Body::from(body.to_string())).expect("a request")).await
    }

    /// The fields of each row, without `null` and without what the contract adds.
    pub(crate) fn fields(&self) -> BTreeMap<Key, Row> {
        let fields = |row: &Row| {
            let kept = row
                .iter()
                .filter(|(name, value)| !["id", "serverVersion"].contains(&name.as_str()) && !value.is_null());
            kept.map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        self.rows.iter().map(|(key, row)| (key.clone(), fields(row))).collect()
    }
}

/// The entities of a tenant at central, without `null`.
pub(crate) async fn server_rows(company: &TestTenant<'_>) -> BTreeMap<Key, Row> {
    let sql = "select e.entity_type, e.entity_id, e.fields::text from entity e
               join projection_version p on p.tenant_id = e.tenant_id and p.projection = 'entities' and p.version = e.version
               where e.tenant_id = $1 and p.state = 'active' and not e.deleted and e.entity_version > 0";
    let rows = company.server.admin().await.query(sql, &[&company.tenant.uuid()]).await.expect("entities");
    let read = |row: &tokio_postgres::Row| {
        let fields: Row = serde_json::from_str(row.get(2)).expect("fields");
        let fields = fields.into_iter().filter(|(name, value)| name != "id" && !value.is_null()).collect();
        ((row.get(0), row.get(1)), fields)
    };
    rows.iter().map(read).collect()
}

pub(crate) fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
