//! Stored bytes under any input: sealed data reads back, and hostile bytes give an error, never a panic or a huge allocation.

use comptoir_core::chain::ChainHash;
use comptoir_core::decision::{Code, Flag, Judgement, Resolution, Verdict};
use comptoir_core::event::{Content, Event, TimeSource};
use comptoir_core::id::{EventId, Name, NodeId, SiteId, TenantId};
use comptoir_core::limits::{PAYLOAD_BYTES_MAX, RECORD_BYTES_MAX};
use comptoir_core::position::{Epoch, Position, Seq};
use comptoir_core::rulebook::Rule;
use comptoir_core::time::Timestamp;
use comptoir_proto::bundle_v1::BundleReader;
use comptoir_proto::payload;
use comptoir_proto::stored_v1::{
    AUTHOR_BYTES, DecodeError, HEADER_BYTES, StoredDecision, author, decision_head, decode, decode_decision, encode,
    encode_decision, header,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::ValueTree;
use uuid::Uuid;

fn name() -> impl Strategy<Value = Name> {
    "\\S(\\PC{0,62}\\S)?".prop_filter_map("a name", |text| Name::new(text).ok())
}

fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        (Timestamp::MIN.0..=Timestamp::MAX.0).prop_map(Timestamp),
        select(vec![Timestamp::MIN, Timestamp(-1), Timestamp(0), Timestamp::MAX])
    ]
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<[u8; 16]>().prop_map(Uuid::from_bytes)
}

fn content() -> impl Strategy<Value = Content> {
    let names = (option::of(name()), name(), name(), name());
    let links = (option::of(uuid()), option::of(uuid()), option::of(uuid()));
    let rest = (vec(any::<u8>(), 0..2000), option::of(any::<u64>()), any::<u16>());
    (names, links, rest).prop_map(|(names, (site, causation, correlation), (payload, base_version, schema_version))| {
        let (user, entity_type, entity_id, action) = names;
        let (site, causation) = (site.map(SiteId::new), causation.map(EventId::new));
        Content {
            site,
            user,
            entity_type,
            entity_id,
            action,
            payload,
            base_version,
            causation,
            correlation,
            schema_version,
        }
    })
}

fn event() -> impl Strategy<Value = Event> {
    let ids = (uuid(), uuid(), uuid(), uuid(), any::<u32>(), any::<u64>());
    (ids, time(), any::<bool>(), any::<u64>(), content()).prop_map(
        |(ids, occurred_at, by_node, identity_position, content)| {
            let (id, tenant, node, epoch, number, seq) = ids;
            Event {
                id: EventId::new(id),
                tenant: TenantId::new(tenant),
                node: NodeId::new(node),
                epoch: Epoch { number, id: epoch },
                seq: Seq(seq),
                occurred_at,
                time_source: if by_node { TimeSource::Node } else { TimeSource::Caller },
                identity_position,
                content,
            }
        },
    )
}

fn resolution() -> impl Strategy<Value = Resolution> {
    let discard = (uuid(), option::of(name()), uuid(), time(), option::of(any::<String>()));
    let discard = discard.prop_map(|(event, user, node, at, place)| Resolution::DiscardLocal {
        event: EventId::new(event),
        user,
        node: NodeId::new(node),
        at,
        place,
    });
    let quantity = (-1_000_000_000_000i64..1_000_000_000_000, 0u32..5);
    let quantity = quantity.prop_map(|(units, scale)| rust_decimal::Decimal::new(units, scale));
    let stock = proptest::collection::btree_map(name(), quantity, 0..5)
        .prop_map(|held| Resolution::ServerStock { quantities: held.into_iter().collect() });
    let value = select(vec![None, Some("1"), Some("-2.5"), Some("\"é\\n\""), Some("[true,{\"a\":null}]"), Some("{}")]);
    let fields = proptest::collection::btree_map(any::<String>(), value, 0..5);
    let entity = (any::<u64>(), fields).prop_map(|(version, fields)| Resolution::ServerEntity {
        version: Position(version),
        fields: fields.into_iter().map(|(name, value)| (name, value.map(str::to_owned))).collect(),
    });
    prop_oneof![discard, stock, entity]
}

fn decision() -> impl Strategy<Value = StoredDecision> {
    let judgement = (
        select(Verdict::ALL.to_vec()),
        option::of(select(Code::ALL.to_vec())),
        subsequence(Flag::ALL.to_vec(), 0..=Flag::ALL.len()),
        select(Rule::ALL.to_vec()),
        option::of(any::<String>()),
        option::of(resolution()),
        option::of(any::<String>()),
    );
    let judgement = judgement.prop_map(|(verdict, code, flags, rule, reference, resolution, detail)| Judgement {
        verdict,
        code,
        flags,
        rule,
        reference,
        resolution,
        detail,
    });
    let header = (uuid(), any::<u64>(), any::<[u8; 32]>(), uuid(), time(), time(), any::<i16>());
    (header, any::<u32>(), any::<u16>(), judgement).prop_map(|(header, rulebook_version, engine_version, judgement)| {
        let (tenant, position, record_chain, event_id, received_at, effective_at, local_year) = header;
        StoredDecision {
            tenant: TenantId::new(tenant),
            position: Position(position),
            record_chain: ChainHash(record_chain),
            event_id: EventId::new(event_id),
            rulebook_version,
            engine_version,
            received_at,
            effective_at,
            local_year,
            judgement,
        }
    })
}

proptest! {
    #[test]
    fn a_sealed_event_reads_back_whole(event in event()) {
        let record = encode(&event).unwrap();
        let read = header(&record).unwrap();
        prop_assert_eq!((read.tenant, read.node, read.epoch), (event.tenant, event.node, event.epoch));
        prop_assert_eq!((read.seq, read.event_id), (event.seq, event.id));
        prop_assert_eq!(read.body_len as usize, record.len() - HEADER_BYTES);
        prop_assert_eq!(author(&record[..record.len().min(AUTHOR_BYTES)]).unwrap(), event.content.user.clone());
        prop_assert_eq!(decode(&record).unwrap(), event);
    }

    #[test]
    fn a_decision_reads_back_whole(decision in decision()) {
        let bytes = encode_decision(&decision).unwrap();
        let head = decision_head(&bytes).unwrap();
        prop_assert_eq!((head.tenant, head.position), (decision.tenant, decision.position));
        prop_assert_eq!((head.record_chain, head.event_id), (decision.record_chain, decision.event_id));
        prop_assert_eq!(head.verdict, decision.judgement.verdict);
        prop_assert_eq!(head.code, decision.judgement.code.map(Code::as_str));
        prop_assert_eq!(decode_decision(&bytes).unwrap(), decision);
    }

    #[test]
    fn a_damaged_record_is_refused_or_is_another_whole_one(event in event(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut record = encode(&event).unwrap();
        let at = at.index(record.len());
        if cut {
            record.truncate(at);
            prop_assert!(decode(&record).is_err());
        } else {
            record[at] = byte;
            if let Ok(event) = decode(&record) {
                prop_assert_eq!(encode(&event).unwrap(), record, "one event has one record");
            }
        }
    }

    #[test]
    fn a_damaged_decision_never_panics(decision in decision(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = encode_decision(&decision).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = (decode_decision(&bytes), decision_head(&bytes));
        bytes.truncate(at);
        prop_assert!(decode_decision(&bytes).is_err());
    }

    #[test]
    fn bytes_from_anywhere_never_panic(start in select(vec![&b""[..], b"CPTR\x01\x00", b"CPTD\x01\x00", b"CPTB\x01\x00\x01", b"CPTB\x01\x00\x02"]), rest in vec(any::<u8>(), 0..400)) {
        let bytes = [start, &rest].concat();
        let _ = header(&bytes);
        let _ = decode(&bytes);
        let _ = (decode_decision(&bytes), decision_head(&bytes));
        if let Ok(mut bundle) = BundleReader::open(&*bytes) {
            while let Ok(Some(_)) = bundle.next_frame() {}
        }
        let name = |text: &str| Name::new(text).unwrap();
        let _ = payload::read_fact(&name("X"), &name("CREATE"), 1, &bytes);
    }

    #[test]
    fn a_body_with_hostile_lengths_is_refused(event in event(), lengths in vec(any::<u64>(), 1..4)) {
        // Eight bytes of the body at a time are made a length of whatever size.
        let record = encode(&event).unwrap();
        for (index, length) in lengths.iter().enumerate() {
            let at = HEADER_BYTES + index * 8;
            if at + 8 <= record.len() {
                let mut hostile = record.clone();
                hostile[at..at + 8].copy_from_slice(&length.to_le_bytes());
                let _ = decode(&hostile);
            }
        }
    }
}

#[test]
fn a_payload_has_its_limit_on_both_sides() {
    let runner = &mut proptest::test_runner::TestRunner::deterministic();
    let mut event = event().new_tree(runner).unwrap().current();
    event.content.payload = vec![b'x'; PAYLOAD_BYTES_MAX];
    let record = encode(&event).unwrap();
    assert!(record.len() <= RECORD_BYTES_MAX);
    assert_eq!(decode(&record).unwrap(), event);
    event.content.payload.push(b'x');
    assert_eq!(encode(&event), Err(DecodeError::PayloadTooLong { got: PAYLOAD_BYTES_MAX + 1 }));

    // Another writer's record with one byte too many.
    let mut record = record;
    record.push(b'x');
    let body_length = u32::try_from(record.len() - HEADER_BYTES).unwrap();
    record[HEADER_BYTES - 4..HEADER_BYTES].copy_from_slice(&body_length.to_le_bytes());
    let length_at = record.len() - (PAYLOAD_BYTES_MAX + 1) - 8;
    record[length_at..length_at + 8].copy_from_slice(&(PAYLOAD_BYTES_MAX as u64 + 1).to_le_bytes());
    assert_eq!(decode(&record), Err(DecodeError::PayloadTooLong { got: PAYLOAD_BYTES_MAX + 1 }));
}

#[test]
fn an_error_names_what_stood_there() {
    assert_eq!(header(b"CPTR\x01"), Err(DecodeError::TooShort { got: 5 }));
    assert_eq!(header(b"CPTX\x01\x00rest"), Err(DecodeError::Magic { got: *b"CPTX" }));
    assert_eq!(header(b"CPTR\x02\x00rest"), Err(DecodeError::Format { got: 2 }));
    assert_eq!(header(&vec![0; RECORD_BYTES_MAX + 1]), Err(DecodeError::TooLong { got: RECORD_BYTES_MAX + 1 }));
    assert_eq!(decode_decision(b"CPTD\x09\x00"), Err(DecodeError::Format { got: 9 }));
}
