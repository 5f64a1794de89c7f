//! Pulling: a bootstrap, then changes, through interruptions and kills, without ever delaying or losing recorded sales.

use std::collections::BTreeMap;
use std::time::Duration;

use comptoir_core::id::Name;
use comptoir_core::limits::{ENTITY_BYTES_MAX, ENTITY_FIELDS_MAX};
use comptoir_core::rulebook::{Rule, Rulebook};
use comptoir_core::state::{Entity, Size};
use comptoir_proto::pull_v1::{DeviceStatus, RowKind};
use comptoir_proto::read_v1::EntityRow;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::transport::Unanswered;
use super::Shop;
use super::down::{Down, client, cursor};
use crate::event_log::{KeySpace, Log};
use crate::notifications;
use crate::read_models::pull_progress::PullProgress;
use crate::read_models::rows::{self, StoredRow};
use crate::read_models::{self, ReadModels, SyncProgress, rulebook};

/// Every stored client, with its name and position.
fn stored_clients(log: &Log) -> Vec<(String, String, u64)> {
    let (from, to) = (rows::prefix(RowKind::Entity, "CLIENT"), rows::end(RowKind::Entity, "CLIENT"));
    let mut clients = Vec::new();
    log.scan(KeySpace::Row, &from, &to, &mut |key, value| {
        let (id, _) = rows::id_in(key).expect("a row's key");
        let stored = StoredRow::decode(&value).expect("a row reads");
        let row: EntityRow = serde_json::from_str(stored.row.get()).expect("central's row");
        let fields: serde_json::Value = serde_json::from_str(row.fields.get()).expect("fields");
        clients.push((id.to_owned(), fields["name"].as_str().expect("a name").to_owned(), stored.position));
        std::ops::ControlFlow::Continue(())
    })
    .expect("the log reads");
    clients
}

fn named(log: &Log) -> Vec<(String, String)> {
    stored_clients(log).into_iter().map(|(id, name, _)| (id, name)).collect()
}

impl Shop {
    /// Waits until everything up to a position has arrived.
    async fn complete(&mut self, position: u64) {
        self.until(|state| state.pull.complete_through == Some(position) && state.pull.last_error.is_none()).await;
    }
}

fn owned_pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect()
}

fn many(down: &Down, count: usize) {
    for number in 0..count {
        down.client(&format!("c-{number:05}"), &format!("name {number}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_loads_everything_first_and_then_what_changes() {
    let mut shop = Shop::new();
    let down = shop.central.down();
    many(&down, 3);
    shop.pull().complete(3).await;
    assert_eq!(stored_clients(&shop.log).len(), 3);
    down.client("c-00001", "Durand");
    down.change(client("c-00002"), |_| None);
    shop.complete(5).await;
    assert_eq!(named(&shop.log), owned_pairs(&[("c-00000", "name 0"), ("c-00001", "Durand")]));
}

#[tokio::test(start_paused = true)]
async fn the_rulebook_comes_with_a_load_and_again_when_another_is_in_force() {
    let mut shop = Shop::new();
    let down = shop.central.down();
    let at = |version| Rulebook { version, ..Rulebook::default() };
    let rulebook_version = |shop: &Shop| rulebook::read(&shop.log).expect("the log reads").map(|book| book.version);
    let first = down.adopts(&at(7));
    assert_eq!(rulebook_version(&shop), None);
    shop.pull().complete(first).await;
    assert_eq!(rulebook_version(&shop), Some(7));
    let second = down.adopts(&at(8));
    shop.complete(second).await;
    assert_eq!(rulebook_version(&shop), Some(8));
    shop.kill_puller().await;
    let mut shop = shop.after_a_power_cut();
    assert_eq!(rulebook_version(&shop), Some(8));
    let third = down.adopts(&Rulebook { default: Rule::CentralOnly, ..at(9) });
    shop.pull().complete(third).await;
    assert_eq!(rulebook_version(&shop), Some(9));
}

/// The largest entity that the rules allow: every field, to the last byte. Its names need escaping, and the edits of a
/// thousand nodes wait for a person.
fn largest(version: u64) -> Value {
    let name = |number: usize| format!("champ \"{number:03}\"\u{1}");
    let mut fields: BTreeMap<String, String> =
        (1..ENTITY_FIELDS_MAX).map(|number| (name(number), "é\n".into())).collect();
    let bytes = |fields: &BTreeMap<String, String>| serde_json::to_vec(fields).unwrap().len();
    fields.insert(name(0), String::new());
    let room = ENTITY_BYTES_MAX - bytes(&fields);
    fields.insert(name(0), "x".repeat(room));
    assert_eq!((fields.len(), bytes(&fields)), (ENTITY_FIELDS_MAX, ENTITY_BYTES_MAX));
    let texts = fields.iter().map(|(name, value)| (name.clone(), serde_json::to_string(value).unwrap())).collect();
    let entity = Entity { fields: texts, ..Entity::default() };
    assert_eq!(entity.size(), Size { fields: ENTITY_FIELDS_MAX, bytes: ENTITY_BYTES_MAX }, "as the rules count it");
    let node = |number| Uuid::from_u128(number).to_string();
    let conflicts: BTreeMap<_, _> = (0..1_000u128).map(|number| (node(number), node(!number))).collect();
    json!({"entity_type": "CLIENT", "id": "large", "version": version, "deleted": false, "fields": fields,
        "open_conflicts": conflicts})
}

#[tokio::test(start_paused = true)]
async fn the_largest_entity_is_stored_whole_with_a_pending_edit_over_it() {
    let mut shop = Shop::new();
    let down = shop.central.down();
    let loaded = down.change(client("large"), |version| Some(largest(version)));
    shop.pull().complete(loaded).await;
    let shown = |shop: &Shop| {
        let target = read_models::entity(Name::new("CLIENT").unwrap(), Name::new("large").unwrap());
        let found =
            ReadModels::new(shop.log.clone()).one::<EntityRow>(&target, SyncProgress::default()).unwrap().unwrap();
        serde_json::to_value(found.row).unwrap()
    };
    for member in ["fields", "open_conflicts"] {
        assert_eq!(shown(&shop)[member], largest(0)[member], "by the first load");
    }
    let pulled = down.change(client("large"), |version| Some(largest(version)));
    shop.complete(pulled).await;
    assert_eq!((&shown(&shop)["fields"], &shown(&shop)["version"]), (&largest(0)["fields"], &json!(pulled)));
    let mut edit = super::draft(1);
    (edit.content.entity_type, edit.content.entity_id) = (Name::new("CLIENT").unwrap(), Name::new("large").unwrap());
    (edit.content.action, edit.content.payload) =
        (Name::new("UPDATE").unwrap(), json!({"champ \"000\"\u{1}": "y".repeat(200_000)}).to_string().into_bytes());
    shop.log.append(vec![edit]).await.unwrap();
    let after = shown(&shop);
    assert_eq!(after["fields"]["champ \"000\"\u{1}"], "y".repeat(200_000));
    assert_eq!((after["fields"].as_object().unwrap().len(), &after["is_synced"]), (ENTITY_FIELDS_MAX, &json!(false)));
    shop.kill_puller().await;
    assert_eq!(shown(&shop.after_a_power_cut())["fields"], after["fields"]);
}

#[tokio::test(start_paused = true)]
async fn a_row_too_large_to_store_raises_an_alert_and_delays_nothing() {
    for loads in [true, false] {
        let mut shop = Shop::new();
        let down = shop.central.down();
        if !loads {
            shop.pull().complete(0).await;
        }
        let grown = down.client("c-1", &"x".repeat(1_100_000));
        let next = down.client("c-2", "Dupont");
        if loads {
            shop.pull();
        }
        shop.complete(next).await;
        assert_eq!(named(&shop.log), owned_pairs(&[("c-2", "Dupont")]));
        let reported = shop.until(|state| state.pull.too_large.is_some()).await.pull.too_large.expect("an issue");
        assert_eq!(reported.code, "ROW_TOO_LARGE");
        assert!(reported.detail.starts_with("CLIENT c-1 has 11001"), "{}", reported.detail);
        let listed =
            notifications::list(&shop.log, notifications::Asked::default(), None, 9, notifications::Language::English)
                .unwrap()
                .rows;
        assert_eq!((listed.len(), listed[0].kind.as_str(), listed[0].position), (1, "ROW_TOO_LARGE", grown));
        assert_eq!(
            (listed[0].entity_id.as_str(), listed[0].title.as_str()),
            ("c-1", "Too large for this machine: CLIENT c-1")
        );
        shop.complete(down.client("c-1", "Durand")).await;
        assert_eq!(named(&shop.log), owned_pairs(&[("c-1", "Durand"), ("c-2", "Dupont")]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_revoked_device_raises_an_alert_until_it_is_active_again() {
    let mut shop = Shop::new();
    shop.pull().complete(0).await;
    let down = shop.central.down();
    let at = down.says(DeviceStatus { is_active: false, requires_reauth: false });
    shop.complete(at).await;
    let reported = shop.until(|state| state.pull.alert.is_some()).await.pull;
    assert_eq!(reported.alert.expect("an issue").code, "DEVICE_REVOKED");
    assert!(reported.device.is_some_and(|device| !device.is_active));
    down.says(DeviceStatus { is_active: true, requires_reauth: true });
    shop.until(|state| state.pull.alert.as_ref().is_some_and(|reported| reported.code == "REAUTH_REQUIRED")).await;
    down.says(DeviceStatus { is_active: true, requires_reauth: false });
    shop.until(|state| state.pull.alert.is_none()).await;
}

#[tokio::test(start_paused = true)]
async fn a_held_request_is_asked_again_when_it_brings_nothing() {
    let mut shop = Shop::new();
    shop.pull().complete(0).await;
    let down = shop.central.down();
    tokio::time::sleep(Duration::from_secs(300)).await;
    let pulls = down.pulls();
    assert!((12..=14).contains(&pulls.len()), "every 25 seconds, asked {} times", pulls.len());
    assert_eq!(pulls[3].wait, Duration::from_secs(25));
}

/// An early response with changes was mistaken for a central that does not hold requests: the next change was requested one
/// interval later.
#[tokio::test(start_paused = true)]
async fn a_pull_waits_again_after_it_received_changes() {
    let mut shop = Shop::new();
    shop.pull().complete(0).await;
    let (down, started) = (shop.central.down(), tokio::time::Instant::now());
    for number in 1..=5 {
        let at = down.client("c-1", &format!("name {number}"));
        shop.complete(at).await;
    }
    assert_eq!(started.elapsed().as_secs(), 0, "central had sent each change at once: {:?}", down.pulls());
}

#[tokio::test(start_paused = true)]
async fn what_was_pushed_is_pulled_at_once() {
    let mut shop = Shop::new();
    shop.pull().complete(0).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let down = shop.central.down();
    let asked = down.pulls().len();
    shop.sell(0..1).await;
    let log = shop.log.clone();
    let decided = serde_json::json!({"event_id": Uuid::nil(), "seq": 1, "verdict": "ACCEPTED", "position": 1});
    let decisions = (1..=2).map(|seq| (comptoir_core::position::Seq(seq), decided.to_string().into_bytes()));
    log.store_decisions(1, comptoir_core::position::Seq(2), decisions.collect()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert!(down.pulls().len() > asked, "it did not wait for the held request");
}

#[tokio::test(start_paused = true)]
async fn a_large_page_is_applied_in_parts_and_again_without_a_change() {
    let mut shop = Shop::new();
    let down = shop.central.down();
    shop.pull().complete(0).await;
    many(&down, 900);
    shop.complete(900).await;
    let before = stored_clients(&shop.log);
    assert_eq!(before.len(), 900);
    // The same page again, as after a kill between its rows and the end of the response.
    shop.kill_puller().await;
    let mut progress = PullProgress::read(&shop.log).unwrap();
    progress.cursor = Some(cursor(Uuid::nil(), "", 0).to_string());
    shop.log.put(vec![vec![progress.change()]]).await.unwrap();
    shop.pull().complete(900).await;
    assert_eq!(stored_clients(&shop.log), before);
}

#[tokio::test(start_paused = true)]
async fn pages_that_end_inside_a_position_lose_nothing() {
    let mut shop = Shop::new();
    let down = shop.central.down();
    shop.pull().complete(0).await;
    down.gives_pages_of(3);
    many(&down, 20);
    shop.complete(20).await;
    assert_eq!(stored_clients(&shop.log).len(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_is_cut_goes_on_behind_its_last_mark() {
    let mut shop = Shop::new();
    let down = shop.central.down();
    many(&down, 4_000);
    shop.pull().complete(4_000).await;
    let whole = down.streamed();

    let mut shop = Shop::new();
    let down = shop.central.down();
    many(&down, 4_000);
    down.will_cut([whole / 3, whole / 3, 17, whole / 4]);
    shop.pull().complete(4_000).await;
    assert_eq!(stored_clients(&shop.log).len(), 4_000);
    let repeated = down.streamed() - whole;
    // Each cut repeats at most the rows between two marks.
    assert!(repeated < whole / 4, "{repeated} of {whole} bytes came twice");
}

#[tokio::test(start_paused = true)]
async fn what_changes_during_a_load_is_there_after_it() {
    let mut shop = Shop::new();
    let down = shop.central.down();
    many(&down, 1_500);
    down.will_cut([9_000]);
    shop.pull().until(|state| state.pull.last_error.is_some()).await;
    down.client("c-00000", "Durand");
    down.client("c-01499", "Dubois");
    shop.complete(1_502).await;
    let names = named(&shop.log);
    assert_eq!((&names[0].1, &names[1_499].1), (&"Durand".to_owned(), &"Dubois".to_owned()));
}

/// The rows of a bootstrap were written, but the kill came before its end.
#[tokio::test(start_paused = true)]
async fn a_row_that_goes_between_two_attempts_of_a_load_is_gone() {
    let mut shop = Shop::new();
    let down = shop.central.down();
    many(&down, 3);
    shop.pull().complete(3).await;
    shop.kill_puller().await;
    let progress = PullProgress::read(&shop.log).unwrap();
    let before_its_end = PullProgress { cursor: None, load: Some(Default::default()), ..progress };
    shop.log.put(vec![vec![before_its_end.change()]]).await.unwrap();
    down.change(client("c-00001"), |_| None);
    shop.pull().complete(4).await;
    assert_eq!(named(&shop.log), owned_pairs(&[("c-00000", "name 0"), ("c-00002", "name 2")]));
}

#[tokio::test(start_paused = true)]
async fn a_replaced_central_is_loaded_again_and_missing_rows_are_removed() {
    let mut shop = Shop::new();
    let down = shop.central.down();
    shop.sell(0..3).await;
    many(&down, 3);
    down.client("c-00000", "late");
    shop.pull().complete(4).await;
    // Central is restored to an earlier day: its positions are lower, and a client is missing.
    let (survivor, log) = (client("c-00000"), shop.log.clone());
    down.replaced(Uuid::from_u128(2), 2, move |key| *key == survivor);
    down.change(client("c-00000"), |version| {
        Some(serde_json::json!({"entity_type": "CLIENT", "id": "c-00000", "version": version, "deleted": false,
            "fields": {"name": "early"}, "open_conflicts": {}}))
    });
    shop.complete(3).await;
    assert_eq!(stored_clients(&log), [("c-00000".to_owned(), "early".to_owned(), 3)]);
    assert_eq!(log.head().marks.durable.0, 4, "the log is as it was");
}

#[tokio::test(start_paused = true)]
async fn a_restored_central_is_resent_missing_records_before_a_load() {
    let mut shop = Shop::new();
    let down = shop.central.down();
    down.client("c-1", "Durand");
    shop.sell(0..5).await;
    shop.start().acked(6).await;
    shop.pull().complete(1).await;
    shop.central.restore(2, Uuid::from_u128(2));
    down.replaced(Uuid::from_u128(2), 1, |_| true);
    let state = shop.until(|state| state.pull.last_error.is_some()).await;
    assert_eq!(state.pull.last_error.unwrap().code, "INCARNATION_CHANGED");
    shop.central.holds(6).await;
    shop.until(|state| state.pull.last_error.is_none()).await;
    assert_eq!(shop.central.loads(), [6, 6], "nothing is loaded while it misses records");
    let restored = PullProgress::read(&shop.log).unwrap().restored.expect("it was restored");
    assert_eq!((restored.epoch, restored.seq), (1, 6), "what was decided before is known from what was decided since");
}

/// The agent has stopped, as after a fork: rows must not stay outdated.
#[tokio::test(start_paused = true)]
async fn an_agent_that_resends_nothing_is_not_waited_for() {
    let mut shop = Shop::new();
    let down = shop.central.down();
    shop.sell(0..5).await;
    shop.start().acked(6).await;
    shop.kill().await;
    down.client("c-1", "Durand");
    shop.pull().complete(1).await;
    shop.central.restore(2, Uuid::from_u128(2));
    down.replaced(Uuid::from_u128(2), 0, |_| false);
    shop.until(|state| state.pull.last_error.is_some()).await;
    shop.complete(0).await;
    assert_eq!((stored_clients(&shop.log), shop.central.held()), (Vec::new(), 2));
    assert_eq!(
        PullProgress::read(&shop.log).unwrap().restored.map(|restored| restored.seq),
        Some(2),
        "the rows have no more"
    );
}

#[tokio::test(start_paused = true)]
async fn a_changed_scope_is_loaded_again() {
    let mut shop = Shop::new();
    let down = shop.central.down();
    many(&down, 3);
    shop.pull().complete(3).await;
    down.scope("wider");
    down.client("c-7", "Durand");
    shop.complete(4).await;
    assert!(PullProgress::read(&shop.log).unwrap().generation > 1);
    assert_eq!(stored_clients(&shop.log).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_failed_pull_is_retried_and_reported() {
    let mut shop = Shop::new();
    let down = shop.central.down();
    many(&down, 2);
    down.will_fail((0..3).map(|_| Unanswered::NotConnected("connection refused".to_owned())));
    let state = shop.pull().until(|state| state.pull.last_error.is_some()).await;
    assert_eq!(state.pull.last_error.unwrap().code, "UNREACHABLE");
    assert_eq!(state.alert, None, "pushing is not concerned");
    shop.complete(2).await;
}

#[tokio::test(start_paused = true)]
async fn a_disk_without_room_keeps_the_place_and_goes_on_later() {
    let mut shop = Shop::new();
    let down = shop.central.down();
    shop.pull().complete(0).await;
    shop.disk.set_faults(crate::event_log::memory::Faults { flushes_fail: true, ..Default::default() });
    down.client("c-1", "Durand");
    let state = shop.until(|state| state.pull.last_error.is_some()).await;
    assert_eq!(state.pull.last_error.unwrap().code, "ROWS_NOT_STORED");
    shop.kill_puller().await;
    let mut shop = shop.after_a_power_cut();
    shop.pull().complete(1).await;
    assert_eq!(named(&shop.log), owned_pairs(&[("c-1", "Durand")]));
}

/// The power fails at each write of a bootstrap and a pull while the shop sells. After the restart progress and rows are
/// consistent, and the sync continues to the same result.
#[tokio::test(start_paused = true)]
async fn a_power_cut_between_any_two_writes_loses_nothing() {
    for writes in 0..24 {
        let mut shop = Shop::new();
        let down = shop.central.down();
        shop.sell(0..5).await;
        many(&down, 1_300);
        shop.disk.set_faults(crate::event_log::memory::Faults { writes_left: Some(writes), ..Default::default() });
        shop.pull();
        shop.until(|state| state.pull.last_error.is_some() || state.pull.complete_through == Some(1_300)).await;
        down.client("c-00003", "Durand");
        down.client("new", "Dubois");
        shop.until(|state| state.pull.last_error.is_some() || state.pull.complete_through == Some(1_302)).await;
        shop.kill_puller().await;
        let mut shop = shop.after_a_power_cut();
        shop.pull().complete(1_302).await;
        let names = named(&shop.log);
        assert_eq!((names.len(), names[3].1.as_str()), (1_301, "Durand"), "after {writes} writes");
        assert_eq!(shop.log.head().marks.durable.0, 6);
        if shop.log.status().state != crate::event_log::State::Open {
            panic!("the log opens whole");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    /// With any changes in any order, with kills, interruptions and pages of any size, the rows finally equal central's.
    #[test]
    fn rows_come_to_be_centrals_whatever_happens(
        steps in prop::collection::vec((0u8..6, 0usize..30, 1usize..40), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async move {
            let mut shop = Shop::new();
            let down = shop.central.down();
            let mut model = std::collections::BTreeMap::new();
            let mut position = 0;
            shop.pull();
            for (step, number, size) in steps {
                let id = format!("c-{number:02}");
                match step {
                    0 | 1 => {
                        position = down.client(&id, &format!("name {size}"));
                        model.insert(id, format!("name {size}"));
                    }
                    2 => {
                        position = down.change(client(&id), |_| None);
                        model.remove(&id);
                    }
                    3 => {
                        shop.kill_puller().await;
                        shop.pull();
                    }
                    4 => down.gives_pages_of(size),
                    _ => {
                        down.will_cut([size * 20]);
                        down.scope(&format!("scope {number}"));
                    }
                }
                tokio::time::sleep(Duration::from_millis(size as u64)).await;
            }
            shop.complete(position).await;
            // A bootstrap may end after the last change.
            tokio::time::sleep(Duration::from_secs(600)).await;
            shop.complete(position).await;
            assert_eq!(named(&shop.log), model.into_iter().collect::<Vec<_>>());
        });
    }
}
