//! Every way to change a log, and where the change is found. The forger is careful: the bundle is written again with a correct
//! digest and correct counts, and where it helps, the chains are computed again.

use Level::{Chain, Content};
use comptoir_audit::{Defect, Level, Options, verify};
use comptoir_core::chain::ChainHash;
use comptoir_core::decision::{Code, Verdict};
use comptoir_core::position::{Position, Seq};
use comptoir_core::time::Timestamp;

use crate::support::*;

fn two_epochs() -> BundleFrames {
    node_log(node(7), &[6, 4])
}

fn two_nodes() -> BundleFrames {
    tenant_log(&[node_log(node(7), &[6, 4]), node_log(node(8), &[10])])
}

#[test]
fn unchanged_logs_are_intact() {
    for level in [Chain, Content] {
        let found = report(&two_epochs().to_bytes(), level);
        assert_eq!(found.first_break, None);
        assert_eq!((found.summary.records, found.summary.decisions), (10, 8));
        assert_eq!((found.summary.heads[0].epoch, found.summary.heads[0].seq), (2, 4));

        let found = report(&two_nodes().to_bytes(), level);
        assert_eq!(found.first_break, None);
        assert_eq!((found.summary.records, found.summary.position), (20, Some(20)));
        assert_eq!(
            found.summary.heads.iter().map(|head| (head.epoch, head.seq)).collect::<Vec<_>>(),
            [(2, 4), (1, 10)]
        );
        assert_eq!(found.summary.notes, Default::default());
        let accepted = if level == Content { Some(&20) } else { None };
        assert_eq!(found.summary.verdicts.get("ACCEPTED"), accepted);
    }
}

#[test]
fn a_changed_record_of_a_node_is_found_at_its_seq() {
    let mut log = two_epochs();
    let at = log.record(1, 4);
    let Owned::Record { record, .. } = &mut log.frames[at] else { panic!() };
    *record = changed(record, |event| event.content.payload = br#"{"currency":"EUR"}"#.to_vec());
    assert_eq!(in_node(&log, Chain), (Defect::Chain, 1, 4));
}

#[test]
fn a_changed_chain_of_a_node_is_found_at_its_seq() {
    let mut log = two_epochs();
    let at = log.record(2, 2);
    let Owned::Record { chain, .. } = &mut log.frames[at] else { panic!() };
    chain.0[31] ^= 1;
    assert_eq!(in_node(&log, Chain), (Defect::Chain, 2, 2));
}

#[test]
fn a_removed_swapped_or_doubled_record_is_found_where_the_order_breaks() {
    let mut removed = two_epochs();
    removed.frames.drain(removed.record(1, 4)..removed.record(1, 5));
    assert_eq!(in_node(&removed, Chain), (Defect::Seq, 1, 4));
    assert_eq!(in_node(&removed.clone().chained_again(), Chain), (Defect::Seq, 1, 4));

    let mut swapped = two_epochs();
    let (left, right) = (swapped.record(1, 4), swapped.record(1, 5));
    swapped.frames.swap(left, right);
    assert_eq!(in_node(&swapped, Chain), (Defect::Seq, 1, 4));

    let mut doubled = two_epochs();
    let at = doubled.record(1, 4);
    doubled.frames.insert(at, doubled.frames[at].clone());
    assert_eq!(in_node(&doubled, Chain), (Defect::Seq, 1, 5));
}

#[test]
fn a_record_inserted_with_a_new_tail_of_chains_breaks_the_seqs_after_it() {
    let mut log = two_epochs();
    let at = log.record(1, 5);
    let forged = encode_sale(5);
    log.frames.insert(at, Owned::Record { chain: ChainHash([0; 32]), record: forged });
    assert_eq!(in_node(&log.chained_again(), Chain), (Defect::Seq, 1, 6));
}

fn encode_sale(seq: u64) -> Vec<u8> {
    let mut event = nth_event(node(7), epoch(1), seq, None);
    event.id = comptoir_core::id::EventId::from_bytes([0xf0; 16]);
    comptoir_proto::stored_v1::encode(&event).unwrap()
}

#[test]
fn a_fully_rewritten_log_is_found_by_a_head_recorded_elsewhere() {
    let honest = two_epochs();
    let Owned::Record { chain: kept, .. } = honest.frames[honest.record(1, 5)] else { panic!() };
    let options = Options { level: Chain, known_heads: vec![kept] };
    let check = |log: &BundleFrames| verify(&[&log.to_bytes()], &options, &mut |_| ()).unwrap().first_break;
    assert_eq!(check(&honest), None);

    let mut forged = node_log(node(7), &[6]);
    let at = forged.record(1, 4);
    let Owned::Record { record, .. } = &mut forged.frames[at] else { panic!() };
    *record = changed(record, |event| event.occurred_at = Timestamp(NOON));
    let forged = forged.chained_again();
    assert_eq!(report(&forged.to_bytes(), Content).first_break, None, "no file can tell this by itself");
    assert_eq!(check(&forged).unwrap().defect, Defect::KnownHead);

    let mut cut = node_log(node(7), &[6]);
    cut.frames.truncate(cut.record(1, 5));
    assert_eq!(report(&cut.to_bytes(), Content).first_break, None, "nor that its end was cut off");
    assert_eq!(check(&cut).unwrap().defect, Defect::KnownHead);
}

#[test]
fn a_header_of_another_node_is_found() {
    let mut log = two_epochs();
    let at = log.record(1, 3);
    let Owned::Record { record, .. } = &mut log.frames[at] else { panic!() };
    *record = changed(record, |event| event.node = node(8));
    assert_eq!(in_node(&log.chained_again(), Chain), (Defect::Header, 1, 3));
}

#[test]
fn an_epoch_begins_where_it_must() {
    let mut chain = two_epochs();
    let Owned::Epoch(start) = &mut chain.frames[0] else { panic!() };
    start.chain.0[0] ^= 1;
    assert_eq!(in_node(&chain.chained_again(), Chain), (Defect::Epoch, 1, 0));

    let mut number = two_epochs();
    number.frames.drain(..number.record(2, 1) - 1);
    assert_eq!(report(&number.to_bytes(), Content).first_break, None, "an epoch can be exported alone");
    assert_eq!(report(&number.to_bytes(), Chain).summary.notes.unknown_previous_heads, 1);
    let first = node_log(node(7), &[6]);
    number.frames.extend(first.frames);
    assert_eq!(in_node(&number, Chain), (Defect::Epoch, 1, 0));

    let mut unopened = node_log(node(7), &[6]);
    unopened.frames.drain(unopened.record(1, 1)..unopened.record(1, 2));
    assert_eq!(in_node(&unopened, Chain), (Defect::Seq, 1, 1));

    let mut sale_first = node_log(node(7), &[6]);
    let at = sale_first.record(1, 1);
    let Owned::Record { record, .. } = &mut sale_first.frames[at] else { panic!() };
    *record = changed(record, |event| event.content.action = comptoir_core::id::Name::new("SALE_RECORDED").unwrap());
    assert_eq!(in_node(&sale_first.chained_again(), Chain), (Defect::EpochOpened, 1, 1));

    let mut empty = two_epochs();
    empty.frames.truncate(empty.record(2, 1));
    assert_eq!(in_node(&empty, Chain), (Defect::EpochOpened, 2, 1));
}

#[test]
fn an_epoch_that_names_another_end_of_the_one_before_is_found() {
    // The correct end is seq 6. Named are the correct seq with another chain, and an earlier seq with its chain and with another.
    let with_previous = |seq: u64, chain: ChainHash| {
        let mut log = two_epochs();
        let at = log.record(2, 1);
        let Owned::Record { record, .. } = &mut log.frames[at] else { panic!() };
        let opening = nth_event(node(7), epoch(2), 1, Some(&previous_head(epoch(1), seq, chain)));
        *record = comptoir_proto::stored_v1::encode(&opening).unwrap();
        log.chained_again()
    };
    let chain_at = |seq| {
        let log = two_epochs();
        let Owned::Record { chain, .. } = log.frames[log.record(1, seq)] else { panic!() };
        chain
    };
    assert_eq!(report(&with_previous(6, chain_at(6)).to_bytes(), Content).first_break, None);
    assert_eq!(report(&with_previous(3, chain_at(3)).to_bytes(), Content).first_break, None, "central held less");
    assert_eq!(in_node(&with_previous(6, chain_at(5)), Chain), (Defect::PreviousHead, 2, 1));
    assert_eq!(in_node(&with_previous(3, chain_at(5)), Chain), (Defect::PreviousHead, 2, 1));
    let more = report(&with_previous(7, chain_at(5)).to_bytes(), Content);
    assert_eq!(
        (more.first_break, more.summary.notes.unknown_previous_heads),
        (None, 1),
        "central held more than this copy"
    );
}

#[test]
fn an_id_counts_once_in_an_epoch_and_keeps_its_content_in_the_next() {
    let log = two_epochs();
    let Owned::Record { record, .. } = &log.frames[log.record(1, 4)] else { panic!() };
    let original = comptoir_proto::stored_v1::decode(record).unwrap();
    let with = |epoch: u32, seq: u64, change: &dyn Fn(&mut comptoir_core::event::Event)| {
        let mut log = two_epochs();
        let at = log.record(epoch, seq);
        let Owned::Record { record, .. } = &mut log.frames[at] else { panic!() };
        *record = changed(record, change);
        let mut log = log.chained_again();
        let Owned::Record { chain, .. } = log.frames[log.record(1, 6)] else { panic!() };
        let opening = log.record(2, 1);
        let Owned::Record { record, .. } = &mut log.frames[opening] else { panic!() };
        let event =
            nth_event(node(7), crate::support::epoch(2), 1, Some(&previous_head(crate::support::epoch(1), 6, chain)));
        *record = comptoir_proto::stored_v1::encode(&event).unwrap();
        log.frames.retain(|frame| !matches!(frame, Owned::Answer(_)));
        log.chained_again()
    };
    assert_eq!(in_node(&with(1, 6, &|event| event.id = original.id), Chain), (Defect::EventId, 1, 6));
    assert_eq!(in_node(&with(2, 3, &|event| event.id = original.id), Chain), (Defect::EventId, 2, 3));
    let sealed_again = with(2, 3, &|event| {
        *event = comptoir_core::event::Event { epoch: event.epoch, seq: event.seq, ..original.clone() };
    });
    assert_eq!(report(&sealed_again.to_bytes(), Content).first_break, None);
}

#[test]
fn a_nodes_stored_answer_belongs_to_its_record() {
    let mut log = two_epochs();
    let (left, right) = (log.record(1, 3) + 1, log.record(1, 4) + 1);
    log.frames.swap(left, right);
    assert_eq!(in_node(&log, Content), (Defect::Answer, 1, 3));
}

#[test]
fn an_invalid_record_in_a_nodes_log_is_found() {
    let with = |payload: &[u8]| {
        let mut log = node_log(node(7), &[6]);
        let at = log.record(1, 4);
        let Owned::Record { record, .. } = &mut log.frames[at] else { panic!() };
        *record = changed(record, |event| event.content.payload = payload.to_vec());
        log.chained_again()
    };
    assert_eq!(in_node(&with(b"{}"), Content), (Defect::Payload, 1, 4));
    let wrong_total =
        br#"{"currency":"EUR","lines":[{"product":"p","quantity":"1","unit_price":"1"}],"total_minor":1}"#;
    assert_eq!(in_node(&with(wrong_total), Content), (Defect::Payload, 1, 4));

    let mut unreadable = node_log(node(7), &[6]);
    let at = unreadable.record(1, 4);
    let Owned::Record { record, .. } = &mut unreadable.frames[at] else { panic!() };

    record[86] = 7;

    assert_eq!(in_node(&unreadable.chained_again(), Content), (Defect::Record, 1, 4));
}

#[test]
fn a_changed_entry_of_a_tenant_is_found_at_its_position() {
    let mut record = two_nodes();
    record.entry(7).event(|event| event.occurred_at = Timestamp(NOON));
    assert_eq!(in_tenant(&record, Chain), (Defect::Chain, 7));

    let mut decision = two_nodes();
    decision.entry(7).decide(|decision| decision.judgement.detail = Some("changed".to_owned()));
    assert_eq!(in_tenant(&decision, Chain), (Defect::DecisionChain, 7));

    let mut chain = two_nodes();
    chain.entry(7).chain.0[0] ^= 1;
    assert_eq!(in_tenant(&chain, Chain), (Defect::DecisionBinding, 7));

    let mut decision_chain = two_nodes();
    decision_chain.entry(7).decision_chain.0[0] ^= 1;
    assert_eq!(in_tenant(&decision_chain, Chain), (Defect::DecisionChain, 7));

    let mut foreign = two_nodes();
    foreign.entry(7).decide(|decision| decision.tenant = comptoir_core::id::TenantId::from_bytes([2; 16]));
    assert_eq!(in_tenant(&foreign, Chain), (Defect::DecisionBinding, 7));

    let mut other_event = two_nodes();
    other_event.entry(7).decide(|decision| decision.event_id = comptoir_core::id::EventId::from_bytes([2; 16]));
    assert_eq!(in_tenant(&other_event, Chain), (Defect::DecisionBinding, 7));
}

#[test]
fn a_broken_order_of_a_tenant_is_found_where_it_breaks() {
    let mut removed = two_nodes();
    removed.frames.remove(6);
    assert_eq!(in_tenant(&removed, Chain), (Defect::Position, 7));
    let found = first_break(&removed, Chain);
    assert_eq!((found.expected.as_str(), found.found.as_str()), ("7", "8: position 7 is missing"));
    removed.frames.drain(6..9);
    let found = first_break(&removed, Chain);
    assert_eq!((found.expected.as_str(), found.found.as_str()), ("7", "11: positions 7 to 10 are missing"));

    let mut swapped = two_nodes();
    swapped.frames.swap(6, 7);
    assert_eq!(in_tenant(&swapped, Chain), (Defect::Position, 7));

    let mut doubled = two_nodes();
    doubled.frames.insert(6, doubled.frames[6].clone());
    assert_eq!(in_tenant(&doubled, Chain), (Defect::Position, 8));
}

/// Gives each entry the position of its place.
fn renumbered(mut log: BundleFrames) -> BundleFrames {
    for (position, frame) in (1..).zip(&mut log.frames) {
        let Owned::Entry(entry) = frame else { panic!() };
        entry.position = Position(position);
    }
    log
}

#[test]
fn a_changed_and_renumbered_order_is_found() {
    // Positions 7 and 8 are of two nodes, so each node's own order stays. Only the receipt times show the change.
    let mut swapped = two_nodes();
    swapped.frames.swap(6, 7);
    assert_eq!(in_tenant(&renumbered(swapped).with_new_chains(), Content), (Defect::ReceivedAt, 8));

    let mut removed = two_nodes();
    removed.frames.remove(6);
    assert_eq!(in_tenant(&renumbered(removed).with_new_chains(), Chain), (Defect::Seq, 8), "that node's next record");

    let mut gone = two_nodes();
    gone.entry(9).seq = Seq(9);
    assert_eq!(in_tenant(&gone, Chain), (Defect::Seq, 9));
}

#[test]
fn a_record_replaced_with_its_tail_of_chains_contradicts_its_decision() {
    let mut log = two_nodes();
    log.entry(7).event(|event| event.occurred_at = Timestamp(NOON));
    let forged = log.clone().with_new_chains();
    for (position, frame) in (1..).zip(&mut log.frames) {
        let Owned::Entry(entry) = frame else { panic!() };
        let Owned::Entry(forged) = &forged.frames[position - 1] else { panic!() };
        entry.chain = forged.chain;
    }
    assert_eq!(in_tenant(&log, Chain), (Defect::DecisionBinding, 7));
}

#[test]
fn an_epoch_of_a_tenants_node_follows_the_one_before() {
    // Node 7 opens its second epoch at position 13.
    let opening = 13;
    let mut log = two_nodes();
    assert_eq!((log.entry(opening).epoch.number, log.entry(opening).seq), (2, Seq(1)));

    let wrong = previous_head(epoch(1), 5, ChainHash([5; 32]));
    log.entry(opening).record =
        comptoir_proto::stored_v1::encode(&nth_event(node(7), epoch(2), 1, Some(&wrong))).unwrap();
    assert_eq!(in_tenant(&log.with_new_chains(), Chain), (Defect::PreviousHead, opening));

    let mut forgotten = two_nodes();
    forgotten.entry(opening).record =
        comptoir_proto::stored_v1::encode(&nth_event(node(7), epoch(2), 1, None)).unwrap();
    assert_eq!(in_tenant(&forgotten.with_new_chains(), Chain), (Defect::PreviousHead, opening));

    let mut sale = two_nodes();
    sale.entry(opening).event(|event| event.content.action = comptoir_core::id::Name::new("SALE_RECORDED").unwrap());
    assert_eq!(in_tenant(&sale.with_new_chains(), Chain), (Defect::EpochOpened, opening));

    let mut back = two_nodes();
    back.entry(opening).epoch = comptoir_core::position::Epoch { number: 1, id: epoch(2).id };
    assert_eq!(in_tenant(&back, Chain), (Defect::Epoch, opening));
}

#[test]
fn an_id_of_a_tenant_counts_once() {
    let original = two_nodes().entry(5).clone();
    let again = |change: &dyn Fn(&mut OwnedEntry)| {
        let mut log = two_nodes();
        let kept = decode_of(&original);
        log.entry(10).event(|event| {
            *event = comptoir_core::event::Event { node: event.node, epoch: event.epoch, seq: event.seq, ..kept };
        });
        change(log.entry(10));
        log.with_new_chains()
    };
    let duplicate = |entry: &mut OwnedEntry| refuse(entry, Verdict::Duplicate, None);
    let reused = |entry: &mut OwnedEntry| refuse(entry, Verdict::Rejected, Some(Code::EventIdReused));
    let other_content = |entry: &mut OwnedEntry| entry.event(|event| event.occurred_at = Timestamp(NOON));

    assert_eq!(in_tenant(&again(&|_| ()), Chain), (Defect::EventId, 10));
    assert_eq!(report(&again(&duplicate).to_bytes(), Content).first_break, None);
    let changed = again(&|entry| {
        other_content(entry);
        reused(entry);
    });
    assert_eq!(report(&changed.to_bytes(), Content).first_break, None);
    assert_eq!(in_tenant(&again(&reused), Chain), (Defect::Duplicate, 10), "the same content is no reuse");
    let changed = again(&|entry| {
        other_content(entry);
        duplicate(entry);
    });
    assert_eq!(in_tenant(&changed, Chain), (Defect::Duplicate, 10), "other content is no duplicate");

    let mut alone = two_nodes();
    refuse(alone.entry(10), Verdict::Duplicate, None);
    assert_eq!(in_tenant(&alone.with_new_chains(), Chain), (Defect::Duplicate, 10), "of nothing");
}

fn decode_of(entry: &OwnedEntry) -> comptoir_core::event::Event {
    comptoir_proto::stored_v1::decode(&entry.record).unwrap()
}

#[test]
fn a_verdict_is_one_that_the_record_can_get() {
    let with = |change: &dyn Fn(&mut OwnedEntry)| {
        let mut log = two_nodes();
        change(log.entry(10));
        log.with_new_chains()
    };
    let quarantined = |code: Code| move |entry: &mut OwnedEntry| refuse(entry, Verdict::Quarantined, Some(code));
    let elsewhere = |entry: &mut OwnedEntry| entry.event(|event| event.seq = Seq(99));
    let undecodable = |entry: &mut OwnedEntry| entry.record[86] = 7;
    let no_header = |entry: &mut OwnedEntry| entry.record.truncate(9);
    let bad_payload = |entry: &mut OwnedEntry| entry.event(|event| event.content.payload = b"{}".to_vec());

    assert_eq!(in_tenant(&with(&elsewhere), Chain), (Defect::DecisionBinding, 10));
    assert_eq!(in_tenant(&with(&no_header), Chain), (Defect::DecisionBinding, 10), "its id is that of no decision");
    assert_eq!(in_tenant(&with(&undecodable), Content), (Defect::Verdict, 10));
    assert_eq!(in_tenant(&with(&bad_payload), Content), (Defect::Payload, 10));
    assert_eq!(in_tenant(&with(&quarantined(Code::Undecodable)), Content), (Defect::Verdict, 10), "the record reads");

    let quarantined = |change: &dyn Fn(&mut OwnedEntry), code: Code| {
        let log = with(&|entry| {
            change(entry);
            quarantined(code)(entry);
        });
        let found = report(&log.to_bytes(), Content);
        assert_eq!(found.first_break, None);
        assert_eq!(found.summary.verdicts["QUARANTINED"], 1);
    };
    quarantined(&elsewhere, Code::HeaderMismatch);
    quarantined(&no_header, Code::Undecodable);
    quarantined(&undecodable, Code::Undecodable);
    quarantined(&bad_payload, Code::InvalidPayload);
}

#[test]
fn receipt_times_rise_and_effects_do_not_precede_them() {
    let mut same = two_nodes();
    let before = comptoir_proto::stored_v1::decode_decision(&same.entry(9).decision).unwrap().received_at;
    same.entry(10).decide(|decision| decision.received_at = before);
    assert_eq!(in_tenant(&same.with_new_chains(), Content), (Defect::ReceivedAt, 10));

    let mut early = two_nodes();
    early.entry(10).decide(|decision| decision.effective_at = Timestamp(decision.received_at.0 + 1));
    assert_eq!(in_tenant(&early.with_new_chains(), Content), (Defect::Decision, 10));
}

/// Who cuts the last entries out of a file has to write the digest again, but the file's end still names the log's last position.
#[test]
fn a_tenants_log_shorter_than_its_end_states_names_the_missing_positions() {
    let whole = two_nodes();
    let entries = whole.frames.len();
    let mut short = whole.clone();
    short.frames.truncate(entries - 3);
    let (whole, mut cut) = (whole.to_bytes(), short.to_bytes());
    // The end: tag, length, records, decisions, last, chain, digest.
    cut.truncate(cut.len() - END_BYTES);
    cut.extend_from_slice(&whole[whole.len() - END_BYTES..whole.len() - 32]);
    let digest = blake3::hash(&cut);
    cut.extend_from_slice(digest.as_bytes());
    let found = report(&cut, Chain).first_break.unwrap();
    let (first, last) = (entries - 2, entries);
    assert_eq!((found.defect, found.location.position), (Defect::Count, Some(first as u64)));
    assert_eq!(found.expected, format!("last position {last}, as the file's end states"));
    assert_eq!(found.found, format!("position {}: positions {first} to {last} are missing", entries - 3));
}

const END_BYTES: usize = 1 + 4 + 88;
