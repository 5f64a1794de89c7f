//! The answers that a caller gets.

use std::sync::atomic::Ordering;

use comptoir_core::chain::{genesis, link};
use comptoir_core::event::{Draft, TimeSource};
use comptoir_core::limits::PAYLOAD_BYTES_MAX;
use comptoir_core::position::Seq;
use comptoir_core::time::Timestamp;

use super::super::ids::TAIL_MAX;
use super::super::{AppendError, Appended, LowDisk, Reused};
use super::harness::*;

#[test]
fn drafts_get_the_next_seqs_and_read_back_as_sealed() {
    on_each_store(|node| {
        let log = node.open();
        let first = append(&log, vec![draft(1), draft(2)]).unwrap();
        let second = append(&log, vec![draft(3)]).unwrap();
        assert_eq!([first[0].seq, first[1].seq, second[0].seq], [Seq(2), Seq(3), Seq(4)], "seq 1 opens the epoch");

        let records = all(&log);
        let mut chain = genesis(identity().tenant, identity().node, log.head().epoch);
        for sealed in &records {
            chain = link(chain, &sealed.record);
            assert_eq!(sealed.chain, chain, "seq {}", sealed.seq);
        }
        assert_eq!((second[0].chain, log.head().chain), (chain, chain));
        assert!(draft(3).same_content(&event(&records[3])));
    });
}

#[test]
fn a_retry_gets_the_first_answer_however_long_ago_it_was() {
    on_each_store(|node| {
        let log = node.open();
        let first = append_each(&log, 0..3);
        // So many that the first ids have left memory for a run.
        for start in (100..100 + 2 * TAIL_MAX as u64).step_by(100) {
            append(&log, (start..start + 100).map(draft).collect()).unwrap();
        }
        let again = append(&log, vec![draft(1)]).unwrap();
        assert_eq!(again, [Appended { duplicate: true, ..first[1] }]);
        let seq = log.head().marks.durable;
        drop(log);

        let log = node.open();
        let again = append(&log, vec![draft(0), draft(2)]).unwrap();
        assert_eq!(again, [Appended { duplicate: true, ..first[0] }, Appended { duplicate: true, ..first[2] }]);
        assert_eq!(log.head().marks.durable, seq, "nothing was sealed twice");
    });
}

#[test]
fn an_id_reused_with_other_content_is_refused_with_its_list() {
    on_each_store(|node| {
        let log = node.open();
        let first = append_each(&log, [1])[0];
        let other = Draft { id: id(1), ..draft(7) };
        let refused = append(&log, vec![draft(5), other, draft(6)]);
        let reused = Reused { index: 1, id: id(1), epoch: 1, seq: first.seq };
        assert_eq!(refused, Err(AppendError::EventIdReused(vec![reused])));
        assert_eq!(ids(&log), [id(1)], "nothing of the list was kept");
        assert_eq!(append_each(&log, [5])[0].seq, Seq(3), "and no seq was used up");
    });
}

#[test]
fn a_repeated_id_in_a_list_is_a_duplicate_or_refused_by_content() {
    let node = Node::in_memory();
    let log = node.open();
    let twice = append(&log, vec![draft(1), draft(1)]).unwrap();
    assert_eq!(twice[1], Appended { duplicate: true, ..twice[0] });
    let refused = append(&log, vec![draft(2), Draft { id: id(2), ..draft(3) }]);
    let reused = Reused { index: 1, id: id(2), epoch: 1, seq: Seq(3) };
    assert_eq!(refused, Err(AppendError::EventIdReused(vec![reused])));
    assert_eq!(ids(&log), [id(1)]);
}

#[test]
fn a_draft_without_a_time_is_stamped_and_its_retry_is_the_same_draft() {
    let node = Node::in_memory();
    let log = node.open();
    let timeless = Draft { occurred_at: None, ..draft(1) };
    node.clock.store(5_000_000, Ordering::Relaxed);
    let first = append(&log, vec![timeless.clone()]).unwrap()[0];
    let sealed = event(&all(&log)[1]);
    assert_eq!((sealed.occurred_at, sealed.time_source), (Timestamp(5_000_000), TimeSource::Node));

    // The clock jumps to 1970 and to the year 9999: order and retries do not care.
    node.clock.store(0, Ordering::Relaxed);
    assert_eq!(append(&log, vec![timeless]).unwrap(), [Appended { duplicate: true, ..first }]);
    node.clock.store(i64::MAX - 1_000, Ordering::Relaxed);
    append(&log, vec![Draft { occurred_at: None, ..draft(2) }]).unwrap();
    assert_eq!(event(&all(&log)[2]).occurred_at, Timestamp::MAX);
    let given = append(&log, vec![Draft { occurred_at: Some(Timestamp(5_000_000)), ..draft(1) }]);
    assert!(matches!(given, Err(AppendError::EventIdReused(_))), "a time the caller gives is content");
}

#[test]
fn a_list_must_fit_one_batch_of_the_store() {
    on_each_store(|node| {
        let log = node.open();
        let many = append(&log, (0..101).map(draft).collect());
        assert_eq!(many, Err(AppendError::TooLarge { what: "drafts", got: 101, max: 100 }));

        let large = |number| draft_of(number, vec![b' '; PAYLOAD_BYTES_MAX]);
        let over = append(&log, (1..=4).map(large).collect());
        assert!(
            matches!(over, Err(AppendError::TooLarge { what: "entries of 4 KiB", got: 258, max: 256 })),
            "{over:?}"
        );
        let payload = append(&log, vec![draft_of(1, vec![b' '; PAYLOAD_BYTES_MAX + 1])]);
        assert!(matches!(payload, Err(AppendError::TooLarge { what: "bytes of one payload", .. })), "{payload:?}");
        assert_eq!(ids(&log), [], "what was refused left nothing");

        append(&log, (1..=3).map(large).collect()).unwrap();
        append_each(&log, [9]);
        drop(log);
        let log = node.open();
        assert_eq!(ids(&log), [id(1), id(2), id(3), id(9)]);
        assert!((1..=3).all(|number| large(number).same_content(&event(&all(&log)[number as usize]))));
        assert_eq!(append(&log, vec![]), Ok(vec![]));
    });
}

#[test]
fn reads_begin_anywhere_and_stop_at_either_limit_but_never_before_one_record() {
    on_each_store(|node| {
        let log = node.open();
        for start in (0..200).step_by(10) {
            append(&log, (start..start + 10).map(draft).collect()).unwrap();
        }
        let every = all(&log);
        assert_eq!(every.len(), 201);
        for from in [1, 2, 9, 10, 11, 57, 200, 201] {
            let page = log.read(1, Seq(from), 7, usize::MAX).unwrap();
            let from = from as usize - 1;
            assert_eq!(page, every[from..(from + 7).min(201)], "from seq {}", from + 1);
        }
        assert_eq!(log.read(1, Seq(202), 7, usize::MAX).unwrap(), []);
        assert_eq!(log.read(2, Seq(1), 7, usize::MAX).unwrap(), []);
        assert_eq!(log.read(1, Seq(5), 100, 1).unwrap(), every[4..5]);
        let two = every[4].record.len() + every[5].record.len();
        assert_eq!(log.read(1, Seq(5), 100, two).unwrap(), every[4..6]);
    });
}

#[test]
fn an_event_is_found_by_its_id() {
    on_each_store(|node| {
        let log = node.open();
        append(&log, (0..50).map(draft).collect()).unwrap();
        let found = log.find(id(33)).unwrap().unwrap();
        assert_eq!((found.epoch, &found.sealed, found.decision), (1, &all(&log)[34], None));
        assert_eq!(log.find(id(99)).unwrap(), None);
    });
}

#[test]
fn a_nearly_full_disk_refuses_appends_with_the_figures_and_goes_on_reading() {
    on_each_store(|node| {
        let log = node.open();
        append_each(&log, 0..3);
        let needed_bytes = 200 << 20;
        node.free_bytes.store(needed_bytes - 1, Ordering::Relaxed);
        let refused = append(&log, vec![draft(4)]);
        assert_eq!(refused, Err(AppendError::InsufficientStorage { free_bytes: needed_bytes - 1, needed_bytes }));
        assert_eq!(ids(&log).len(), 3);
        assert!(log.status().disk_low);

        node.free_bytes.store(needed_bytes, Ordering::Relaxed);
        append_each(&log, [4]);
        assert!(!log.status().disk_low);
    });
}

#[test]
fn a_large_disk_keeps_no_more_free_than_a_log_needs_and_a_small_one_a_twentieth() {
    let (gigabyte, limits) = (1u64 << 30, LowDisk::default());
    assert_eq!(limits.needed_of(2_000 * gigabyte), 200 << 20);
    assert_eq!(limits.needed_of(2 * gigabyte), 2 * gigabyte / 100 * 5);
}
