//! Notifications of central's decisions: each once, whatever is killed; and the files that are sent before a batch.

use bytes::Bytes;
use comptoir_core::position::Seq;
use comptoir_proto::pull_v1::{Notice, RowKey, RowKind};
use comptoir_proto::shop_v1::Notification;
use serde_json::json;
use uuid::Uuid;

use super::super::transport::{HttpAnswer, Unanswered};
use super::down::cursor;
use super::{Phase, Shop, draft, id};
use crate::blobs::BlobHash;
use crate::notifications::{self, Asked, Language};

fn notified(shop: &Shop) -> Vec<Notification> {
    notifications::list(&shop.log, Asked::default(), None, 1_000, Language::English).expect("the log reads").rows
}

/// A kind of notification and the event that it is about.
fn kinds(shop: &Shop) -> Vec<(String, Uuid)> {
    notified(shop).into_iter().map(|notified| (notified.kind, notified.event_id)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_quarantine_is_notified_once_and_stays_seen() {
    let mut shop = Shop::new();
    shop.sell(0..30).await;
    shop.central.quarantines(id(3));
    shop.central.quarantines(id(20));
    shop.start().acked(31).await;
    shop.until(|state| state.notifications == 2).await;
    let quarantined = |number: u64| ("QUARANTINED".to_owned(), id(number).uuid());
    assert_eq!(kinds(&shop), [quarantined(3), quarantined(20)]);
    assert_eq!((notified(&shop)[0].entity_type.as_str(), notified(&shop)[0].entity_id.as_str()), ("NOTE", "n-3"));
    let first = notifications::parse_id(&notified(&shop)[0].id).expect("an id");
    let (seen, change) = notifications::seen(&shop.log, first, Language::English).unwrap().expect("it is there");
    assert!(seen.seen_at.is_some());
    shop.log.put(vec![change.into_iter().collect()]).await.unwrap();
    // All decisions are looked at again, as where the mark was lost.
    let again = notifications::of_decisions(&shop.log, Some(notifications::DecisionMark::default())).unwrap();
    shop.log.put(again.batches).await.unwrap();
    let unseen = Asked { unseen: Some(true), waiting: None };
    let unseen = notifications::list(&shop.log, unseen, None, 10, Language::French).unwrap().rows;
    assert_eq!((notified(&shop).len(), unseen.len(), unseen[0].event_id), (2, 1, id(20).uuid()));
    assert_eq!(unseen[0].title, "Mis de côté par le central : NOTE n-20");
}

#[tokio::test(start_paused = true)]
async fn a_kill_between_a_decision_and_its_notification_loses_neither() {
    let shop = Shop::new();
    shop.sell(0..3).await;
    let opened = json!({"event_id": Uuid::nil(), "seq": 1, "verdict": "ACCEPTED", "position": 51});
    let mut results = vec![(Seq(1), opened.to_string().into_bytes())];
    results.push((
        Seq(2),
        json!({"event_id": id(0).uuid(), "seq": 2, "verdict": "ACCEPTED", "position": 52}).to_string().into_bytes(),
    ));
    results.push((
        Seq(3),
        json!({"event_id": id(1).uuid(), "seq": 3, "verdict": "REJECTED", "position": 53}).to_string().into_bytes(),
    ));
    shop.log.store_decisions(1, Seq(3), results).await.unwrap();
    assert_eq!(kinds(&shop), []);
    // What every start of the agent does first.
    for _ in 0..2 {
        let notified = notifications::of_decisions(&shop.log, None).unwrap();
        shop.log.put(notified.batches).await.unwrap();
        assert_eq!(kinds(&shop), [("REJECTED".to_owned(), id(1).uuid())]);
    }
}

#[tokio::test(start_paused = true)]
async fn notices_come_with_their_page_each_once() {
    let mut shop = Shop::new();
    let down = shop.central.down();
    down.client("c-1", "Durand");
    shop.pull().until(|state| state.pull.complete_through == Some(1)).await;
    let notice = |position: u64, kind: &str| Notice {
        position,
        event_id: id(position).uuid(),
        entity_type: "STUDENT".to_owned(),
        entity_id: "s-1".to_owned(),
        kind: kind.to_owned(),
        data: json!({"choice": "server"}),
        by: Some("Amina".to_owned()),
        at: "2026-01-05T10:00:00Z".to_owned(),
    };
    down.notice(notice(2, "RESOLVED"));
    shop.until(|state| state.pull.complete_through == Some(2)).await;
    down.gives_pages_of(1);
    for number in 0..5 {
        down.client(&format!("c-{number}"), "Dubois");
    }
    down.notice(notice(8, "RELEASED"));
    shop.until(|state| state.pull.complete_through == Some(8)).await;
    shop.kill_puller().await;
    // The same pages again.
    let mut progress = crate::read_models::pull_progress::PullProgress::read(&shop.log).unwrap();
    (progress.cursor, progress.complete_through) = (Some(cursor(Uuid::nil(), "", 1).to_string()), Some(1));
    shop.log.put(vec![vec![progress.change()]]).await.unwrap();
    shop.pull().until(|state| state.pull.complete_through == Some(8)).await;
    let all: Vec<_> =
        notified(&shop).into_iter().map(|notified| (notified.kind, notified.position, notified.by)).collect();
    let by = Some("Amina".to_owned());
    assert_eq!(all, [("RESOLVED".to_owned(), 2, by.clone()), ("RELEASED".to_owned(), 8, by)]);
    assert_eq!(notified(&shop)[0].detail, "Amina chose: central's version stays, yours does not count.");
}

/// A validation that names a file of these bytes.
async fn validate(shop: &Shop, number: u64, bytes: &[u8], here: bool) -> String {
    let hash = blake3::hash(bytes).to_hex().to_string();
    if here {
        let named = BlobHash::parse(&hash).expect("a hash");
        let mut incoming = shop.blobs().begin(named, Uuid::from_u128(u128::from(number) + 1)).await.expect("a file");
        incoming.write(bytes).await.expect("room");
        incoming.finish().await.expect("its bytes");
    }
    let mut draft = draft(number);
    let name = |text: &str| comptoir_core::id::Name::new(text).expect("a name");
    (draft.content.entity_type, draft.content.action) = (name("DELIVERY"), name("DELIVERY_VALIDATED"));
    let payload =
        json!({"qr": "q", "validated_at": "2026-01-05T10:00:00Z", "signature_hash": hash, "photo_hash": hash});
    draft.content.payload = payload.to_string().into_bytes();
    shop.log.append(vec![draft]).await.expect("it is taken");
    hash
}

#[tokio::test(start_paused = true)]
async fn a_file_is_at_central_before_the_batch_that_names_it_and_once() {
    let mut shop = Shop::new();
    let hash = validate(&shop, 1, b"a signature", true).await;
    let down = || Err(Unanswered::NotConnected("connection refused".to_owned()));
    shop.central.answers_files_with([down(), Ok(HttpAnswer { status: 503, retry_after: None, body: Bytes::new() })]);
    shop.start().acked(2).await;
    assert_eq!(shop.central.files(), [(hash.clone(), 0)], "before the first record");
    validate(&shop, 2, b"a signature", true).await;
    shop.acked(3).await;
    let other = validate(&shop, 3, b"another", true).await;
    shop.acked(4).await;
    let files = shop.central.files();
    assert_eq!(files.iter().filter(|(file, _)| *file == hash).count(), 1 + usize::from(files.len() > 2), "{files:?}");
    assert!(files.contains(&(other, 3)));
}

#[tokio::test(start_paused = true)]
async fn a_lost_or_refused_file_delays_no_event() {
    let mut shop = Shop::new();
    validate(&shop, 1, b"lost", false).await;
    shop.start().until_alert("BLOB_MISSING").await;
    shop.acked(2).await;
    // The successful push has not hidden it.
    shop.until(|state| state.phase == Phase::Idle && state.last_success_at.is_some()).await;
    shop.until_alert("BLOB_MISSING").await;
    shop.central.answers_files_with([Ok(HttpAnswer { status: 404, retry_after: None, body: Bytes::new() })]);
    validate(&shop, 2, b"refused", true).await;
    shop.until_alert("BLOB_REFUSED").await;
    shop.acked(3).await;
}

/// What central decided later about an event of this node.
fn send_notice(shop: &Shop, kind: &str, about: (u64, &str), data: serde_json::Value) {
    let down = shop.central.down();
    let position = down.client("c-1", "Durand");
    let (event_id, entity_id) = (id(about.0).uuid(), about.1.to_owned());
    let (entity_type, at) = ("NOTE".to_owned(), "2026-03-01T10:05:00Z".to_owned());
    let by = Some("u-9".to_owned());
    down.notice(Notice { position, event_id, entity_type, entity_id, kind: kind.to_owned(), data, by, at });
}

/// Someone decided while the node was about to load everything again: it never receives those notices.
#[tokio::test(start_paused = true)]
async fn a_conflict_that_a_loaded_row_has_no_more_waits_for_nobody() {
    let mut shop = Shop::new();
    shop.sell(0..1).await;
    let down = shop.central.down();
    let note = |open: serde_json::Value| {
        let key = RowKey { kind: RowKind::Entity, entity_type: "NOTE".into(), entity_id: "n-0".into(), site: None };
        let row = json!({"entity_type": "NOTE", "id": "n-0", "version": 1, "deleted": false, "fields": {}, "open_conflicts": open});
        down.change(key, |_| Some(row))
    };
    let opened = note(json!({super::identity().node.uuid().to_string(): id(0).uuid()}));
    let decided = |seq: u64, verdict: &str| {
        let result = json!({"event_id": id(0).uuid(), "seq": seq, "verdict": verdict, "position": opened});
        (Seq(seq), result.to_string().into_bytes())
    };
    shop.log.store_decisions(1, Seq(2), vec![decided(1, "ACCEPTED"), decided(2, "CONFLICT")]).await.unwrap();
    shop.log.put(notifications::of_decisions(&shop.log, None).unwrap().batches).await.unwrap();
    assert_eq!(notifications::waiting(&shop.log).unwrap(), 1, "no row of it is here");
    shop.pull().until(|state| state.needs_person.events == 1 && state.pull.complete_through == Some(opened)).await;
    down.scope("wider");
    let closed = note(json!({}));
    shop.until(|state| state.needs_person.events == 0 && state.pull.complete_through == Some(closed)).await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_person_falls_when_the_pull_brings_what_somebody_decided() {
    let mut shop = Shop::new();
    shop.sell(0..4).await;
    let mut joins = draft(4);
    joins.content.entity_id = draft(3).content.entity_id;
    shop.log.append(vec![joins, draft(5)]).await.unwrap();
    let decided = |seq: u64, verdict: &str, position: u64| {
        let result =
            json!({"event_id": id(seq.saturating_sub(2)).uuid(), "seq": seq, "verdict": verdict, "position": position});
        (Seq(seq), result.to_string().into_bytes())
    };
    // Decided before anything was pulled: 0 and 1 quarantined, 2 rejected, 3 and 4 in conflict about the same note.
    let notes = [(2, "QUARANTINED"), (3, "QUARANTINED"), (4, "REJECTED"), (5, "CONFLICT"), (6, "CONFLICT")];
    let mut results = vec![decided(1, "ACCEPTED", 1)];
    results.extend(notes.iter().zip(2u64..).map(|((seq, verdict), position)| decided(*seq, verdict, position)));
    shop.log.store_decisions(1, Seq(6), results).await.unwrap();
    shop.log.put(notifications::of_decisions(&shop.log, None).unwrap().batches).await.unwrap();
    let waiting = |shop: &Shop| notifications::waiting(&shop.log).unwrap();
    assert_eq!(waiting(&shop), 5);
    // Positions of the notices come after.
    for _ in 0..10 {
        shop.central.down().client("c-0", "Dupont");
    }
    shop.pull().until(|state| state.pull.complete_through == Some(10)).await;
    send_notice(&shop, "RELEASED", (0, "n-0"), json!({"verdict": "ACCEPTED"}));
    shop.until(|state| state.needs_person.events == 4).await;
    send_notice(&shop, "RELEASED", (1, "n-1"), json!({"verdict": "CONFLICT", "code": "VERSION_CONFLICT"}));
    shop.until(|state| state.pull.complete_through == Some(12)).await;
    assert_eq!(waiting(&shop), 4, "it left quarantine, and waits in conflict");
    send_notice(&shop, "RESOLVED", (1, "n-1"), json!({"choice": "server"}));
    shop.until(|state| state.needs_person.events == 3).await;
    send_notice(&shop, "RESOLVED", (3, "n-3"), json!({"choice": "server"}));
    shop.until(|state| state.needs_person.events == 1).await;
    // The agent starts from the stored state, and the rejection stays.
    shop.kill_puller().await;
    let mut shop = shop.after_a_power_cut();
    shop.start().until(|state| state.needs_person.events == 1).await;
}
