//! A central in memory and one node, with writes, pushes, answers, pulls, bootstraps and kills in any order. After each step
//! every shown row is central's row plus the own events that row lacks: none twice, none missing.

use std::collections::BTreeMap;

use comptoir_core::event::{Content, Draft};
use comptoir_core::id::{EventId, Name, NodeId, SiteId, TenantId};
use comptoir_core::position::Seq;
use comptoir_core::time::Timestamp;
use comptoir_proto::pull_v1::{DeviceStatus, PullCursor, PullResponse, RowChange as Given, RowKey, RowKind};
use comptoir_proto::read_v1::{DeliveryRow, EntityRow, NodeRow};
use proptest::prelude::*;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::super::apply;
use super::super::pull_progress::PullProgress;
use super::super::rows::{self, StoredRow};
use super::super::{ReadModels, RowPage, SyncProgress, Target};
use crate::event_log::memory::MemDisk;
use crate::event_log::{Backend, Environment, Identity, KeyChange, KeySpace, Log, LogConfig};

const CLIENTS: [&str; 2] = ["c-0", "c-1"];
const DELIVERIES: [&str; 2] = ["d-0", "d-1"];

#[derive(Clone, Debug)]
enum Step {
    /// This node sets a field of a client.
    Write {
        client: usize,
        field: usize,
        value: u8,
    },
    /// This node validates a delivery.
    Validate {
        delivery: usize,
    },
    OtherWrites {
        client: usize,
        field: usize,
        value: u8,
    },
    OtherValidates {
        delivery: usize,
    },
    /// Central takes events of this node; whether the answer arrives is another step.
    Push {
        verdicts: Vec<Verdict>,
    },
    /// The node receives some of central's decisions, as when it resends unanswered records.
    Hear {
        results: usize,
    },
    /// A person lets a quarantined event take effect.
    Release {
        which: prop::sample::Index,
    },
    /// A page arrives, and the node is killed after that many of its batches.
    Pull {
        rows: usize,
        batches: usize,
    },
    /// 410: everything is loaded again.
    Gone,
    /// Some rows of a bootstrap arrive; the last ones bring its end.
    Load {
        rows: usize,
    },
    Restart,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Accepted,
    Quarantined,
    Rejected,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let verdict =
        prop_oneof![4 => Just(Verdict::Accepted), 1 => Just(Verdict::Quarantined), 1 => Just(Verdict::Rejected)];
    let set = || (0..2usize, 0..2usize, 0..4u8);
    let step = prop_oneof![
        6 => set().prop_map(|(client, field, value)| Step::Write { client, field, value }),
        2 => (0..2usize).prop_map(|delivery| Step::Validate { delivery }),
        4 => set().prop_map(|(client, field, value)| Step::OtherWrites { client, field, value }),
        1 => (0..2usize).prop_map(|delivery| Step::OtherValidates { delivery }),
        4 => prop::collection::vec(verdict, 1..4).prop_map(|verdicts| Step::Push { verdicts }),
        4 => (1..4usize).prop_map(|results| Step::Hear { results }),
        1 => any::<prop::sample::Index>().prop_map(|which| Step::Release { which }),
        6 => (1..4usize, 0..3usize).prop_map(|(rows, batches)| Step::Pull { rows, batches }),
        1 => Just(Step::Gone),
        3 => (1..4usize).prop_map(|rows| Step::Load { rows }),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..60)
}

/// What an own event does.
#[derive(Clone, Debug)]
enum Deed {
    Set { client: usize, field: usize, value: u8 },
    Validate { delivery: usize },
}

fn field(number: usize) -> &'static str {
    ["name", "city"][number]
}

/// Central, as far as a node sees it.
struct Central {
    head: u64,
    rows: BTreeMap<RowKey, Given>,
    /// Each row as it was at each of its versions.
    history: BTreeMap<(RowKey, u64), Value>,
    /// What it decided about this node's records, in their order.
    results: Vec<Value>,
    quarantined: Vec<(Uuid, Deed)>,
}

fn key(kind: RowKind, id: &str) -> RowKey {
    let entity_type = if kind == RowKind::Entity { "CLIENT" } else { "DELIVERY" };
    RowKey { kind, entity_type: entity_type.to_owned(), entity_id: id.to_owned(), site: None }
}

fn client(number: usize) -> RowKey {
    key(RowKind::Entity, CLIENTS[number])
}

fn delivery(number: usize) -> RowKey {
    key(RowKind::Delivery, DELIVERIES[number])
}

impl Central {
    fn new() -> Central {
        let mut central = Central {
            head: 0,
            rows: BTreeMap::new(),
            history: BTreeMap::new(),
            results: Vec::new(),
            quarantined: Vec::new(),
        };
        for number in 0..2 {
            let id = CLIENTS[number];
            let row = json!({"entity_type": "CLIENT", "id": id, "deleted": false, "fields": {}, "open_conflicts": {}});
            central.put(client(number), row);
            let row = json!({"id": DELIVERIES[number], "reference": "BL", "client": "c-0", "total_minor": null, "qr": null,
                "assigned_to": null, "validation": null});
            central.put(delivery(number), row);
        }
        central
    }

    fn put(&mut self, key: RowKey, mut row: Value) {
        self.head += 1;
        row["version"] = self.head.into();
        let raw = to_raw_value(&row).unwrap();
        let given = Given { key: key.clone(), position: self.head, received_at: String::new(), row: Some(raw) };
        self.history.insert((key.clone(), self.head), row);
        self.rows.insert(key, given);
    }

    fn row(&self, key: &RowKey) -> Value {
        self.history[&(key.clone(), self.rows[key].position)].clone()
    }

    /// The user who validated a delivery, if any.
    fn first(&self, key: &RowKey) -> Option<Value> {
        Some(self.row(key)["validation"]["event_id"].clone()).filter(|first| !first.is_null())
    }

    fn perform(&mut self, event: Uuid, deed: &Deed) {
        match *deed {
            Deed::Set { client: number, field: name, value } => {
                let mut row = self.row(&client(number));
                row["fields"][field(name)] = value.into();
                self.put(client(number), row);
            }
            Deed::Validate { delivery: number } => {
                let mut row = self.row(&delivery(number));
                row["validation"] = json!({"event_id": event, "user": null, "node": null, "at": null, "place": null,
                    "signature_hash": null, "position": self.head + 1});
                self.put(delivery(number), row);
            }
        }
    }

    /// Takes the next event of the node.
    fn take(&mut self, event: Uuid, deed: &Deed, verdict: Verdict) {
        if let Deed::Validate { delivery: number } = deed
            && let Some(first) = self.first(&delivery(*number))
        {
            self.head += 1;
            let data = json!({"event_id": first, "user": null, "node": Uuid::from_u128(4), "at": "2026-01-05T09:00:00Z",
                "place": null});
            let resolution = json!({"action": "DISCARD_LOCAL", "data": data});
            self.results.push(json!({"verdict": "CONFLICT", "code": "ALREADY_VALIDATED", "position": self.head,
                "resolution": resolution}));
            return;
        }
        let word = match verdict {
            Verdict::Accepted => {
                self.perform(event, deed);
                "ACCEPTED"
            }
            Verdict::Quarantined => {
                self.head += 1;
                self.quarantined.push((event, deed.clone()));
                "QUARANTINED"
            }
            Verdict::Rejected => {
                self.head += 1;
                "REJECTED"
            }
        };
        self.results.push(json!({"verdict": word, "position": self.head}));
    }

    fn page(&self, cursor: &PullCursor, limit: usize) -> PullResponse {
        let mut changes: Vec<&Given> = self.rows.values().filter(|row| row.position > cursor.position).collect();
        changes.sort_by_key(|change| change.position);
        let has_more = changes.len() > limit;
        changes.truncate(limit);
        let end = changes
            .last()
            .filter(|_| has_more)
            .map_or_else(|| cursor_at(self.head), |last| cursor.behind(last, cursor));
        let complete_through = if has_more { cursor.complete_through.unwrap_or(cursor.position) } else { self.head };
        PullResponse {
            changes: changes.into_iter().cloned().collect(),
            notices: Vec::new(),
            cursor: end.to_string(),
            complete_through,
            has_more,
            head: self.head,
            device: DeviceStatus { is_active: true, requires_reauth: false },
            identity_position: 0,
            rulebook: None,
            server_time: String::new(),
            incarnation: Uuid::nil(),
        }
    }
}

fn cursor_at(position: u64) -> PullCursor {
    let scope = String::new();
    PullCursor {
        incarnation: Uuid::nil(),
        scope,
        position,
        after: None,
        complete_through: None,
        rulebook: None,
        proof: None,
    }
}

struct Node {
    log: Log,
    models: ReadModels,
    disk: MemDisk,
    dir: TempDir,
    runtime: tokio::runtime::Runtime,
    /// What this node wrote, in log order after the epoch's first record.
    deeds: Vec<(Uuid, Deed)>,
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn open(dir: &TempDir, disk: &MemDisk) -> Log {
    let identity = Identity {
        tenant: TenantId::from_bytes([1; 16]),
        site: SiteId::from_bytes([2; 16]),
        node: NodeId::from_bytes([3; 16]),
    };
    let config =
        LogConfig { backend: Backend::Memory(disk.clone()), ..LogConfig::new(dir.path().join("node"), identity) };
    Log::open(config, Environment::system()).unwrap()
}

impl Node {
    fn new() -> Node {
        let (dir, disk) = (TempDir::new().unwrap(), MemDisk::default());
        let log = open(&dir, &disk);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Node { models: ReadModels::new(log.clone()), log, disk, dir, runtime, deeds: Vec::new() }
    }

    fn restart(self) -> Node {
        let Node { log, models, disk, dir, runtime, deeds } = self;
        log.close();
        drop((log, models));
        let log = open(&dir, &disk);
        Node { models: ReadModels::new(log.clone()), log, disk, dir, runtime, deeds }
    }

    fn keep(&self, batches: Vec<Vec<KeyChange>>) {
        self.runtime.block_on(self.log.put(batches)).unwrap();
    }

    fn write(&mut self, deed: Deed) {
        let id = Uuid::from_u128(self.deeds.len() as u128 + 1);
        let (entity_type, entity_id, action, payload) = match deed {
            Deed::Set { client, field: name, value } => {
                ("CLIENT", CLIENTS[client], "UPDATE", json!({field(name): value}))
            }
            Deed::Validate { delivery } => {
                let scan = json!({"qr": "q", "validated_at": "2026-01-05T10:00:00Z"});
                ("DELIVERY", DELIVERIES[delivery], "DELIVERY_VALIDATED", scan)
            }
        };
        let content = Content::new(name(entity_type), name(entity_id), name(action), payload.to_string().into_bytes());
        let draft =
            Draft { id: EventId::new(id), occurred_at: Some(Timestamp(1_000 + self.deeds.len() as i64)), content };
        self.runtime.block_on(self.log.append(vec![draft])).unwrap();
        self.deeds.push((id, deed));
    }

    fn push(&self, central: &mut Central, verdicts: &[Verdict]) {
        for verdict in verdicts {
            match central.results.len() {
                // The epoch's first record.
                0 => {
                    central.head += 1;
                    central.results.push(json!({"verdict": "ACCEPTED", "position": central.head}));
                }
                taken => {
                    if let Some((event, deed)) = self.deeds.get(taken - 1) {
                        central.take(*event, deed, *verdict);
                    }
                }
            }
        }
    }

    fn hear(&self, central: &Central, results: usize) {
        let acked = self.log.head().marks.acked.0;
        let heard = central.results.iter().zip(1..).skip(acked as usize).take(results);
        let decisions: Vec<_> = heard
            .map(|(result, seq)| {
                let mut result = result.clone();
                (result["seq"], result["event_id"]) = (json!(seq), json!(Uuid::nil()));
                (Seq(seq), result.to_string().into_bytes())
            })
            .collect();
        if let Some(up_to) = decisions.last().map(|(seq, _)| *seq) {
            self.runtime.block_on(self.log.store_decisions(1, up_to, decisions)).unwrap();
        }
    }

    fn pull(&self, central: &Central, rows: usize, batches: usize) {
        let progress = PullProgress::read(&self.log).unwrap();
        let Some(cursor) = progress.cursor.clone() else { return };
        let response = central.page(&cursor.parse().unwrap(), rows);
        let mut applied = apply::page(&self.log, &progress, response, Vec::new(), Timestamp(7)).unwrap().batches;
        applied.truncate(batches);
        self.keep(applied);
    }

    fn gone(&self) {
        self.keep(vec![vec![PullProgress::read(&self.log).unwrap().begin_load().change()]]);
    }

    /// A mark is `head@key`: of the head at the load's start, and of the last row before it.
    fn load(&self, central: &Central, count: usize) {
        let mut progress = PullProgress::read(&self.log).unwrap();
        if progress.cursor.is_some() {
            return;
        }
        let after = progress.load.as_ref().and_then(|load| load.after.clone());
        let (head, key) = match after.as_deref().and_then(|mark| mark.split_once('@')) {
            Some((head, key)) => (head.parse().unwrap(), Some(serde_json::from_str::<RowKey>(key).unwrap())),
            None => {
                progress = progress.begin_load();
                self.keep(vec![vec![progress.change()]]);
                (central.head, None)
            }
        };
        let given: Vec<Given> = central
            .rows
            .values()
            .filter(|row| key.as_ref().is_none_or(|key| row.key > *key))
            .take(count)
            .cloned()
            .collect();
        if let Some(last) = given.last() {
            let mark = format!("{head}@{}", serde_json::to_string(&last.key).unwrap());
            self.keep(apply::load(&self.log, &progress, given, Some(mark), Vec::new(), Timestamp(7)).unwrap().batches);
            return;
        }
        self.keep(apply::sweep(&self.log, progress.generation, &[]).unwrap().batches);
        let cursor = cursor_at(head);
        self.keep(vec![vec![progress.end_load(cursor.to_string(), &cursor).change()]]);
    }

    /// The row that central gave, and its version.
    fn held(&self, central: &Central, key: &RowKey) -> Option<(Value, u64)> {
        let bytes = self.log.get(KeySpace::Row, &rows::key_of(key).unwrap()).unwrap()?;
        let held = StoredRow::decode(&bytes).unwrap();
        let row: Value = serde_json::from_str(held.row.get()).unwrap();
        assert_eq!(row, central.history[&(key.clone(), held.position)], "a row as central gave it");
        Some((row, held.position))
    }

    /// Own events that count, or are undecided at the node, and that a row of that version lacks; with the node's knowledge.
    fn over<'a>(
        &'a self,
        central: &'a Central,
        version: u64,
    ) -> impl Iterator<Item = (Uuid, &'a Deed, Option<&'a Value>)> {
        let acked = self.log.head().marks.acked.0;
        self.deeds.iter().zip(2..).filter_map(move |((event, deed), seq)| {
            let heard = central.results.get(seq as usize - 1).filter(|_| seq <= acked);
            let stays = heard.is_none_or(|result| {
                let counts = result["verdict"] == "ACCEPTED" || result["verdict"] == "CONFLICT";
                counts && result["position"].as_u64() > Some(version)
            });
            stays.then_some((*event, deed, heard))
        })
    }

    fn check(&self, central: &Central) {
        for number in 0..2 {
            self.check_client(central, number);
            self.check_delivery(central, number);
        }
        let page = RowPage { limit: 10, after: None };
        let listed =
            self.models.list::<EntityRow>(&name("CLIENT"), &page, SyncProgress::default(), |_| true).unwrap().rows;
        let alone = CLIENTS.iter().filter_map(|id| {
            let target = Target { kind: RowKind::Entity, entity_type: name("CLIENT"), entity_id: name(id) };
            self.models.one::<EntityRow>(&target, SyncProgress::default()).unwrap()
        });
        let text = |row: &NodeRow<EntityRow>| serde_json::to_value(row).unwrap();
        assert_eq!(listed.iter().map(text).collect::<Vec<_>>(), alone.map(|one| text(&one.row)).collect::<Vec<_>>());
    }

    fn check_client(&self, central: &Central, number: usize) {
        let (row, version) = self.held(central, &client(number)).map_or((Value::Null, 0), |held| held);
        let mut fields = if row.is_null() { json!({}) } else { row["fields"].clone() };
        let mut pending = Vec::new();
        for (event, deed, _) in self.over(central, version) {
            if let Deed::Set { client, field: name, value } = *deed
                && client == number
            {
                fields[field(name)] = value.into();
                pending.push(json!(event));
            }
        }
        let target = Target { kind: RowKind::Entity, entity_type: name("CLIENT"), entity_id: name(CLIENTS[number]) };
        let Some(shown) = self.models.one::<EntityRow>(&target, SyncProgress::default()).unwrap() else {
            assert!(row.is_null() && pending.is_empty(), "{} is missing", CLIENTS[number]);
            return;
        };
        let shown = serde_json::to_value(&shown.row).unwrap();
        assert_eq!(shown["fields"], fields, "{}", CLIENTS[number]);
        assert_eq!(shown["is_synced"], json!(pending.is_empty()));
        assert_eq!(events(&shown["pending"]), pending);
    }

    fn check_delivery(&self, central: &Central, number: usize) {
        let (row, version) = self.held(central, &delivery(number)).map_or((Value::Null, 0), |held| held);
        let of_it = |deed: &Deed| matches!(deed, Deed::Validate { delivery } if *delivery == number);
        let given = row["validation"]["event_id"].clone();
        let mut first = self.over(central, version).filter(|(_, deed, _)| of_it(deed)).map(|(event, _, heard)| {
            let other = heard.map(|result| result["resolution"]["data"]["event_id"].clone()).filter(|it| !it.is_null());
            other.unwrap_or_else(|| json!(event))
        });
        let expected = if given.is_null() { first.next().unwrap_or_default() } else { given };
        let target =
            Target { kind: RowKind::Delivery, entity_type: name("DELIVERY"), entity_id: name(DELIVERIES[number]) };
        let shown = self.models.one::<DeliveryRow>(&target, SyncProgress::default()).unwrap();
        let shown = shown.map_or(Value::Null, |shown| serde_json::to_value(&shown.row).unwrap());
        assert_eq!(shown["validation"]["event_id"], expected, "{}", DELIVERIES[number]);
    }
}

fn events(pending: &Value) -> Vec<Value> {
    pending.as_array().unwrap().iter().map(|event| event["event_id"].clone()).collect()
}

fn run_step(node: Node, central: &mut Central, step: Step) -> Node {
    let mut node = node;
    match step {
        Step::Write { client, field, value } => node.write(Deed::Set { client, field, value }),
        Step::Validate { delivery } => node.write(Deed::Validate { delivery }),
        Step::OtherWrites { client, field, value } => central.perform(Uuid::nil(), &Deed::Set { client, field, value }),
        Step::OtherValidates { delivery: number } => {
            if central.first(&delivery(number)).is_none() {
                central.perform(Uuid::from_u128(u128::MAX - 1), &Deed::Validate { delivery: number });
            }
        }
        Step::Push { verdicts } => node.push(central, &verdicts),
        Step::Hear { results } => node.hear(central, results),
        Step::Release { which } => {
            if !central.quarantined.is_empty() {
                let (event, deed) = central.quarantined.remove(which.index(central.quarantined.len()));
                let late =
                    matches!(deed, Deed::Validate { delivery: number } if central.first(&delivery(number)).is_some());
                if !late {
                    central.perform(event, &deed);
                }
            }
        }
        Step::Pull { rows, batches } => node.pull(central, rows, batches),
        Step::Gone => node.gone(),
        Step::Load { rows } => node.load(central, rows),
        Step::Restart => return node.restart(),
    }
    node
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn a_row_has_each_own_event_once_in_any_order(steps in steps()) {
        let (mut node, mut central) = (Node::new(), Central::new());
        for step in steps {
            node = run_step(node, &mut central, step);
            node.check(&central);
        }
        // The line works at last: everything is sent, answered and pulled.
        node.push(&mut central, &vec![Verdict::Accepted; node.deeds.len() + 1]);
        node.hear(&central, usize::MAX);
        for _ in 0..10 {
            node.load(&central, 9);
            node.pull(&central, 9, 9);
        }
        node.check(&central);
        for key in central.rows.keys() {
            prop_assert_eq!(node.held(&central, key), Some((central.row(key), central.rows[key].position)));
        }
        for (event, _) in &node.deeds {
            prop_assert!(node.log.find(EventId::new(*event)).unwrap().is_some(), "an event is never thrown away");
        }
        prop_assert_eq!(node.over(&central, central.head).count(), 0);
    }
}
