//! Three desktops that run the document's own code, on one central and by a clock that the test moves: pages of 1 to 7 rows, lost
//! requests and answers, clocks off by hours, edits that wait in the outbox while rows come down. A fourth belongs to another
//! tenant and uses the same ids.
//!
//! Checked at every answer: no insert fails; no acknowledged edit overwrites a change of another client that its writer had not
//! seen; a conflict has such a change as its reason, or the base was in doubt. At the end: every table equals central's.
//!
//! A failure names its seed: `COMPTOIR_DESKTOP_SEED=17 cargo test --workspace --test central -- three_desktops`.

use std::collections::{BTreeMap, BTreeSet};

use comptoir_test_support::{TestCentral, TestTenant};
use serde_json::{Value, json};

use crate::conflicts::ask;
use crate::devices::office;
use crate::literal_desktop::{
    Fate, Habits, Key, LiteralDesktop, OutboxRow, TestClock, UserChoice, key, list, server_rows, text,
};

const STEPS: usize = 600;

/// Seeds of the short form. `make sim-desktops` runs many.
const SEEDS: u64 = 3;

/// Cases that the simulation can include.
#[derive(Clone, Copy)]
struct Scenario {
    /// The tenant has a row before the first `down`.
    starts_with_a_row: bool,
    /// Each desktop creates entities under ids of its own.
    unique_ids: bool,
}

impl Scenario {
    /// Half of the seeds begin with an empty tenant. A tenant in which clients choose one id twice needs `up` before `down`,
    /// which the document's code does not promise (docs/spec/desktop.md, Ids).
    fn of(seed: u64) -> Scenario {
        Scenario { starts_with_a_row: seed.is_multiple_of(2), unique_ids: true }
    }
}

#[tokio::test]
async fn three_desktops_by_the_document_s_code_end_equal_to_central() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let first = number("COMPTOIR_DESKTOP_SEED");
    let seeds = number("COMPTOIR_DESKTOP_SEEDS").unwrap_or(if first.is_some() { 1 } else { SEEDS });
    let first = first.unwrap_or(1);
    let clock = TestClock::new();
    let scene = TestCentral::at(clock.clock()).await;
    let mut sums = Counts::default();
    for seed in first..first + seeds {
        println!("seed {seed}");
        let (school, other) = (scene.tenant(&format!("school {seed}")).await, scene.tenant("other").await);
        let counts = simulate(&school, &other, &clock, seed, Scenario::of(seed)).await;
        println!("seed {seed}: {counts:?}");
        sums.add(&counts);
    }
    println!("{seeds} seeds: {sums:?}");
    assert!(
        sums.conflicts > 0 && sums.acknowledged > 0 && sums.by_themselves > 0,
        "the simulation is too tame: {sums:?}"
    );
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    acknowledged: usize,
    conflicts: usize,
    /// Conflicts whose base was in doubt and whose writer had in fact seen everything.
    needless: usize,
    /// Edits that were accepted while a conflict of their writer was open.
    by_themselves: usize,
    lost: usize,
}

impl Counts {
    fn add(&mut self, other: &Counts) {
        self.acknowledged += other.acknowledged;
        self.conflicts += other.conflicts;
        self.needless += other.needless;
        self.by_themselves += other.by_themselves;
        self.lost += other.lost;
    }
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn fate(&mut self) -> Fate {
        match self.below(100) {
            0..8 => Fate::Lost,
            8..18 => Fate::AnswerLost,
            _ => Fate::Answered,
        }
    }

    fn pick<'t, T>(&mut self, list: &'t [T]) -> &'t T {
        &list[self.below(list.len() as u64) as usize]
    }

    fn habits(&mut self) -> Habits {
        let offset = 3_600 * (1 + self.below(9) as i64);
        let (sends_date, notes_attempts, clock_offset) = *self.pick(&[
            (false, false, 0),
            (false, true, 0),
            (true, false, 0),
            (true, false, offset),
            (true, true, -offset),
            (false, true, offset),
            (false, true, -offset),
        ]);
        Habits {
            names_versions: self.chance(40),
            writes_answers: self.chance(40),
            sends_date,
            notes_attempts,
            clock_offset,
        }
    }
}

/// A desktop, with what the test knows about it.
struct Player<'a> {
    desk: LiteralDesktop<'a>,
    /// Whether the last page was not the last of its `down`.
    between_pages: bool,
    pages: usize,
    /// Whether a request has shown that the clock is right.
    clock_shown: bool,
    /// Rows about which the user chose, until they come down.
    chosen: BTreeSet<Key>,
    /// Choices that central processed, and rows about which the user chose again.
    choices: BTreeSet<String>,
    chosen_again: BTreeSet<Key>,
    /// Why the base of an edit is in doubt.
    doubts: BTreeMap<String, Doubt>,
    created: usize,
}

#[derive(Clone, Copy, Debug)]
struct Doubt {
    names_a_version: bool,
    between_pages: bool,
    after_choice: bool,
    pages: usize,
}

/// What is known of the server: who made which version of an entity, and whether it is its deletion.
#[derive(Default)]
struct Model {
    versions: BTreeMap<Key, BTreeMap<u64, (String, bool)>>,
    decided: BTreeSet<String>,
}

impl Model {
    /// The last change by somebody else up to a version that the writer of an edit had not seen.
    fn unseen(&self, key: &Key, client: &str, seen: u64, up_to: u64) -> Option<u64> {
        let versions = self.versions.get(key)?;
        versions.range(seen + 1..up_to).rev().find(|(_, (author, _))| *author != client).map(|(version, _)| *version)
    }

    /// Whether the entity was deleted before a version. To delete it again overwrites nothing.
    fn is_deleted_before(&self, key: &Key, version: u64) -> bool {
        self.versions.get(key).and_then(|versions| versions.range(..version).next_back()).is_some_and(|last| last.1.1)
    }

    fn changed(&mut self, key: &Key, version: u64, author: &str, deletes: bool) {
        let change = || (author.to_owned(), deletes);
        self.versions.entry(key.clone()).or_default().entry(version).or_insert_with(change);
    }
}

struct Simulation<'a> {
    school: &'a TestTenant<'a>,
    clock: TestClock,
    random: Random,
    players: Vec<Player<'a>>,
    model: Model,
    counts: Counts,
    scenario: Scenario,
}

async fn simulate(
    school: &TestTenant<'_>,
    other: &TestTenant<'_>,
    clock: &TestClock,
    seed: u64,
    scenario: Scenario,
) -> Counts {
    let mut random = Random(seed);
    let player = |name: &str, habits| Player {
        desk: LiteralDesktop::new(school, clock, name, habits),
        between_pages: false,
        pages: 0,
        clock_shown: false,
        chosen: BTreeSet::new(),
        choices: BTreeSet::new(),
        chosen_again: BTreeSet::new(),
        doubts: BTreeMap::new(),
        created: 0,
    };
    let players = ["a", "b", "c"].map(|name| player(name, random.habits()));
    players.iter().for_each(|player| println!("{}: {:?}", player.desk.client, player.desk.habits));
    let mut stranger = LiteralDesktop::new(other, clock, "a", Habits::default());
    let mut simulation = Simulation {
        school,
        clock: clock.clone(),
        random,
        players: players.into(),
        model: Model::default(),
        counts: Counts::default(),
        scenario,
    };
    if scenario.starts_with_a_row {
        office(school, "CLASS", "first", "CREATE", json!({ "school": "school" })).await;
        office(other, "CLASS", "first", "CREATE", json!({ "school": "other" })).await;
    }
    for step in 0..STEPS {
        simulation.step().await;
        if step % 20 == 0 {
            stranger.down_all(5).await;
            stranger.edit("CREATE", &key("STUDENT", &format!("a-{step}")), json!({ "school": "other" }));
            stranger.up(Fate::Answered).await;
        }
    }
    simulation.drain().await;
    stranger.down_all(5).await;
    let strangers = server_rows(other).await;
    assert_eq!(stranger.fields(), strangers);
    assert!(strangers.values().all(|row| row["school"] == "other"), "{strangers:?}");
    simulation.counts
}

impl Simulation<'_> {
    async fn step(&mut self) {
        let hours = self.random.chance(4);
        let seconds = if hours { 3_600 + self.random.below(7 * 3_600) } else { 5 + self.random.below(55) };
        self.clock.pass(seconds as i64);
        let player = self.random.below(3) as usize;
        match self.random.below(100) {
            0..44 => self.edit(player),
            44..64 => {
                let fate = self.random.fate();
                self.up(player, fate).await;
            }
            64..86 => {
                let (limit, fate) = (1 + self.random.below(7), self.random.fate());
                self.down(player, limit, fate).await;
            }
            86..97 => {
                let fate = self.random.fate();
                self.resolve(player, fate).await;
            }
            _ => self.head_office_decides().await,
        }
    }

    fn edit(&mut self, index: usize) {
        let random = &mut self.random;
        let player = &mut self.players[index];
        let desk = &mut player.desk;
        let held: Vec<Key> = desk.rows.keys().cloned().collect();
        let value = json!(random.below(1_000));
        let (operation, key, payload) = if held.len() < 3 || random.chance(12) {
            player.created += 1;
            let id = match self.scenario.unique_ids {
                true => format!("{}-{}", desk.client, player.created),
                false => format!("s-{}", random.below(12)),
            };
            let entity_type = if random.chance(50) { "STUDENT" } else { "GRADE" };
            let key = key(entity_type, &id);
            if desk.rows.contains_key(&key) {
                return;
            }
            ("CREATE", key, json!({ "school": "school", "a": value }))
        } else {
            let key = random.pick(&held).clone();
            match random.below(10) {
                0 => ("DELETE", key, json!({})),
                1 => ("UPDATE", key, json!({ "c": null })),
                2 => {
                    // The whole row, as the document's sample sends a new one.
                    let mut row = desk.rows[&key].clone();
                    row.remove("id");
                    row.remove("serverVersion");
                    row.insert("b".to_owned(), value);
                    ("UPDATE", key, Value::Object(row))
                }
                field => ("UPDATE", key, json!({ (*random.pick(&["a", "b", "c"])): value, "d": field })),
            }
        };
        let names_a_version =
            desk.habits.names_versions && desk.rows.get(&key).is_some_and(|row| row.contains_key("serverVersion"));
        let after_choice = player.chosen.contains(&key) || player.chosen_again.contains(&key);
        let event = desk.edit(operation, &key, payload);
        let doubt = Doubt { names_a_version, between_pages: player.between_pages, after_choice, pages: player.pages };
        player.doubts.insert(event, doubt);
    }

    async fn up(&mut self, index: usize, fate: Fate) {
        let player = &mut self.players[index];
        let sent: BTreeMap<String, OutboxRow> =
            player.desk.outbox.iter().map(|row| (row.id.clone(), row.clone())).collect();
        let waiting: BTreeSet<Key> = player.desk.conflicts.iter().map(|conflict| conflict.key.clone()).collect();
        let answer = player.desk.up(fate).await;
        self.counts.lost += usize::from(fate != Fate::Answered);
        if fate == Fate::Lost {
            return;
        }
        let now = self.clock.now();
        let habits = player.desk.habits;
        let fresh = |row: &OutboxRow| now.0 - row.made_at.0 < 120_000_000;
        player.clock_shown |= habits.sends_date
            || (habits.clock_offset == 0 && !sent.is_empty() && (habits.notes_attempts || sent.values().any(fresh)));
        for acknowledged in list(&answer["acknowledged"]) {
            let row = &sent[text(&acknowledged["outboxEventId"])];
            if !self.model.decided.insert(row.id.clone()) {
                continue;
            }
            let key = key(&row.key.0, text(&acknowledged["entityId"]));
            let version = acknowledged["serverVersion"].as_u64().expect("a version");
            let client = &player.desk.client;
            let deletes = row.event["operation"] == "DELETE";
            let unseen = self.model.unseen(&key, client, row.seen, version);
            let unseen = unseen.filter(|_| !(deletes && self.model.is_deleted_before(&key, version)));
            assert_eq!(unseen, None, "{client}'s {} at {version} overwrites what it had not seen", row.event);
            self.model.changed(&key, version, client, deletes);
            self.counts.acknowledged += 1;
            self.counts.by_themselves += usize::from(waiting.contains(&row.key));
        }
        for conflict in list(&answer["conflicts"]) {
            let row = &sent[text(&conflict["outboxEventId"])];
            if !self.model.decided.insert(row.id.clone()) {
                continue;
            }
            self.counts.conflicts += 1;
            // A row came down while the client's own deletion waited, and the user edited it.
            let own_deletion = conflict["code"] == "ENTITY_DELETED" && self.model.is_deleted_before(&row.key, u64::MAX);
            let unseen = self.model.unseen(&row.key, &player.desk.client, row.seen, u64::MAX);
            if unseen.is_none() && !own_deletion {
                self.counts.needless += 1;
                player.assert_in_doubt(row, conflict);
            }
        }
    }

    async fn down(&mut self, index: usize, limit: u64, fate: Fate) {
        let player = &mut self.players[index];
        let page = player.desk.down(limit, fate).await;
        self.counts.lost += usize::from(fate != Fate::Answered);
        if fate != Fate::Lost {
            player.pages += 1;
        }
        if fate == Fate::Answered {
            player.between_pages = page["hasMore"] == json!(true);
            for change in list(&page["changes"]) {
                let school = &change["payload"]["school"];
                assert!(school.is_null() || school == "school", "a row of another tenant: {change}");
            }
            if !player.between_pages {
                player.chosen.clear();
            }
        }
    }

    async fn resolve(&mut self, index: usize, fate: Fate) {
        let player = &mut self.players[index];
        if player.desk.conflicts.is_empty() || fate == Fate::Lost {
            return;
        }
        let shown = self.random.pick(&player.desk.conflicts).clone();
        let choice = if self.random.chance(50) { UserChoice::Accept } else { UserChoice::Reject };
        let answer = player.desk.resolve(&shown.event, choice, fate).await;
        self.counts.lost += usize::from(fate != Fate::Answered);
        match answer.status.as_u16() {
            200 => {
                let key = key(&shown.key.0, text(&answer.body["entityId"]));
                player.chosen.insert(key.clone());
                if !player.choices.insert(text(&answer.body["serverEventId"]).to_owned()) {
                    player.chosen_again.insert(key.clone());
                }
                let version = answer.body["serverVersion"].as_u64().expect("a version");
                self.model.changed(&key, version, "central", answer.body["serverData"].is_null());
            }
            409 | 412 => (),
            _ => panic!("{answer:?}"),
        }
    }

    async fn head_office_decides(&mut self) {
        let open = self.school.get("/api/v1/conflicts?limit=1").await.assert_ok();
        let Some(conflict) = list(&open["conflicts"]).first() else { return };
        let path = format!("/api/v1/conflicts/{}/resolve", text(&conflict["event_id"]));
        let choice = json!({ "choice": if self.random.chance(50) { "server" } else { "local" } });
        let etag = conflict["etag"].as_str();
        let scene = self.school.server;
        let answer = ask(scene, &self.school.token, ("POST", &path), etag, &choice).await.assert_ok();
        let about = key(text(&conflict["entity_type"]), text(&conflict["entity_id"]));
        let (version, exists) =
            (answer["entity"]["version"].as_u64().expect("a version"), answer["entity"]["exists"] == true);
        self.model.changed(&about, version, "central", !exists);
    }

    /// Everybody synchronises and decides until nothing is left, and then has what central has.
    async fn drain(&mut self) {
        for round in 0.. {
            assert!(round < 20, "it does not come to rest");
            let mut is_done = true;
            for index in 0..self.players.len() {
                self.clock.pass(10);
                is_done &= self.players[index].desk.outbox.is_empty();
                self.up(index, Fate::Answered).await;
                for _ in 0..2 {
                    self.clock.pass(10);
                    self.players[index].desk.down_all(1 + self.random.below(7)).await;
                }
                self.players[index].between_pages = false;
                self.players[index].chosen.clear();
                while !self.players[index].desk.conflicts.is_empty() {
                    is_done = false;
                    self.clock.pass(10);
                    self.resolve(index, Fate::Answered).await;
                }
            }
            if is_done {
                break;
            }
        }
        let server = server_rows(self.school).await;
        for player in &self.players {
            assert_eq!(player.desk.outbox.len(), 0);
            let fields = player.desk.fields();
            let keys: BTreeSet<&Key> = fields.keys().chain(server.keys()).collect();
            let differ: Vec<_> = keys.into_iter().filter(|key| fields.get(*key) != server.get(*key)).collect();
            let shown: Vec<_> = differ.iter().map(|key| (key, fields.get(*key), server.get(*key))).collect();
            assert!(shown.is_empty(), "{} differs from central: {shown:#?}", player.desk.client);
        }
    }
}

impl Player<'_> {
    /// A conflict without an unseen change is allowed only if central could not know what the edit was based on.
    fn assert_in_doubt(&self, row: &OutboxRow, conflict: &Value) {
        let doubt = self.doubts[&row.id];
        let habits = self.desk.habits;
        let clock_unknown = !self.clock_shown || (habits.clock_offset != 0 && !habits.sends_date);
        // After a choice the document's client does not know the version that the choice made.
        let in_doubt = doubt.after_choice
            || (!doubt.names_a_version && (clock_unknown || doubt.between_pages || self.pages - doubt.pages > 30));
        assert!(in_doubt, "{} {habits:?}: needless {doubt:?}: {} {conflict}", self.desk.client, row.event);
    }
}
