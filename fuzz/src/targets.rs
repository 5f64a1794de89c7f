//! What is fuzzed: each function gives any bytes to the decoders of one kind of input from the network or a disk. A decoder may
//! refuse; it may not panic, and what it has read means the same after it is written again.
//!
//! cargo-fuzz runs these functions, and an ordinary test replays the kept corpus through the same ones.

use std::sync::LazyLock;

use axum::body::{Body, Bytes};
use axum::extract::FromRequest as _;
use axum::http::Request;
use comptoir_audit::{Level, verify};
use comptoir_central::fuzzed;
use comptoir_core::id::{Name, NodeId, TenantId};
use comptoir_core::money::Currency;
use comptoir_core::position::{Epoch, Seq};
use comptoir_http_edge::{RequestBody, split_list};
use comptoir_proto::api_v1::{Author, DraftDto, check_draft};
use comptoir_proto::edits_v1::Tag;
use comptoir_proto::key_text::{KeyKind, KeyText};
use comptoir_proto::mobile_v1::{self, LocalAuditEntry, SyncEvent, checksum_fits};
use comptoir_proto::payload::{self, phone_row};
use comptoir_proto::pull_v1::{BootstrapLine, PullCursor, PullResponse};
use comptoir_proto::record_reader::{self, RecordPosition};
use comptoir_proto::sync_v1::{self, parse_chain, resolution_from_json};
use comptoir_proto::{canonical_json, desktop_v1, instant, rulebook_file, stored_v1};
use tokio::runtime::Runtime;
use uuid::Uuid;

/// A fuzzed function.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its corpus.
pub const TARGETS: [(&str, Target); 12] = [
    ("answer", answer),
    ("batch", batch),
    ("bundle", bundle),
    ("cursor", cursor),
    ("decision", decision),
    ("desktop", desktop),
    ("key", key),
    ("mobile", mobile),
    ("ndjson", ndjson),
    ("payload", payload_of_an_action),
    ("record", record),
    ("token", token),
];

const POSITION: RecordPosition = RecordPosition {
    tenant: TenantId::from_bytes([1; 16]),
    node: NodeId::from_bytes([2; 16]),
    epoch: Epoch { number: 1, id: Uuid::from_bytes([3; 16]) },
    seq: Seq(1),
};

/// A sealed record, as in a push, a node's log or a bundle.
pub fn record(bytes: &[u8]) {
    let _header = stored_v1::header(bytes);
    let _author = (stored_v1::author(bytes), stored_v1::author_node(bytes));
    record_reader::read(POSITION, bytes);
    if let Ok(event) = stored_v1::decode(bytes) {
        let again = stored_v1::encode(&event).expect("a record that was read can be written");
        assert_eq!(stored_v1::decode(&again).as_ref(), Ok(&event), "a record means the same after it is written again");
        let place = RecordPosition { tenant: event.tenant, node: event.node, epoch: event.epoch, seq: event.seq };
        record_reader::read(place, bytes);
    }
}

/// A stored decision, as at central or in a bundle.
pub fn decision(bytes: &[u8]) {
    let _head = stored_v1::decision_head(bytes);
    if let Ok(decision) = stored_v1::decode_decision(bytes) {
        let again = stored_v1::encode_decision(&decision).expect("a decision that was read can be written");
        assert_eq!(stored_v1::decode_decision(&again).as_ref(), Ok(&decision), "and means the same");
    }
    resolution_from_json(bytes);
}

/// The body of a node's push.
pub fn batch(bytes: &[u8]) {
    let Ok(request) = serde_json::from_slice::<sync_v1::PushRequest>(bytes) else { return };
    parse_chain(&request.previous_chain);
    instant::parse(&request.node_time);
    for sealed in &request.records {
        if let Some((bytes, _)) = sealed.bytes() {
            record(&bytes);
        }
        sealed.prior_decision.as_ref().map(sync_v1::PriorResult::read);
    }
    request.clock.iter().for_each(|mark| _ = mark.read());
    request.taken_in.iter().for_each(|taken| _ = instant::parse(&taken.at));
}

/// What central answers to a node, and what a node stores of it.
pub fn answer(bytes: &[u8]) {
    if let Ok(response) = serde_json::from_slice::<sync_v1::PushResponse>(bytes) {
        for result in &response.results {
            result.resolution.as_ref().map(|resolution| resolution_from_json(resolution.to_string().as_bytes()));
        }
    }
    if let Ok(stored) = serde_json::from_slice::<sync_v1::StoredResult>(bytes) {
        stored.result.as_prior_decision();
        stored.result.to_prior_result();
    }
    let _status = serde_json::from_slice::<sync_v1::SyncStatus>(bytes);
    let _rows = (serde_json::from_slice::<PullResponse>(bytes), serde_json::from_slice::<BootstrapLine>(bytes));
}

/// A bundle, verified as an auditor would.
pub fn bundle(bytes: &[u8]) {
    let bytes = bytes.to_vec();
    // An input that is no bundle is an error, a bad one a finding.
    let _report = verify(&[&bytes], &Level::Content.into(), &mut |_| {});
}

/// Cursors, tags and times in queries and headers.
pub fn cursor(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(cursor) = text.parse::<PullCursor>() {
        assert_eq!(
            cursor.to_string().parse().as_ref(),
            Ok(&cursor),
            "a cursor means the same after it is written again"
        );
    }
    if let Some(tag) = Tag::parse(text) {
        assert_eq!(Tag::parse(tag.as_str()).as_ref(), Some(&tag));
        tag.base_version();
    }
    fuzzed::cursors(text);
    if let Some(at) = instant::parse_or_utc(text) {
        assert_eq!(
            instant::parse(&instant::format(at)),
            Some(at),
            "an instant means the same after it is written again"
        );
    }
}

/// An access token, a refresh token or a one-time code; and a token's header and claims on two lines, which get a signature
/// here, since behind a wrong one nothing is read.
pub fn token(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        fuzzed::token(text);
        fuzzed::secret(text);
    }
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    if let (Some(header), Some(claims)) = (parts.next(), parts.next()) {
        fuzzed::token(&fuzzed::signed(header, claims));
    }
}

/// The text of a key.
pub fn key(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for kind in KeyKind::ALL {
        if let Ok(key) = KeyText::parse(kind, text) {
            assert_eq!(key.text(), text, "one key has one text");
            key.tenant();
        }
    }
}

/// A body of drafts, line by line and as a list. The first byte says how long the pieces are in which the body arrives.
pub fn ndjson(bytes: &[u8]) {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime starts")
    });
    let Some((piece, body)) = bytes.split_first() else { return };
    let pieces: Vec<Result<Bytes, std::io::Error>> =
        body.chunks(usize::from(*piece).max(1)).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let request = Request::post("/").body(Body::from_stream(futures_util::stream::iter(pieces))).expect("a request");
    RUNTIME.block_on(async {
        let Ok(body) = RequestBody::from_request(request, &()).await;
        let Ok(mut lines) = body.lines() else { return };
        let mut numbers = 0;
        while !lines.ended() {
            while let Some(line) = lines.next_buffered() {
                assert!(line.number > numbers, "lines are counted upwards");
                numbers = line.number;
                if let Ok(text) = &line.text {
                    draft(text);
                }
            }
            if !lines.ended() {
                lines.fill().await;
            }
        }
    });
    if let Ok(Some(list)) = split_list(body) {
        list.into_iter().for_each(|text| draft(text.get().as_bytes()));
    }
}

fn draft(text: &[u8]) {
    let Ok(draft) = serde_json::from_slice::<DraftDto>(text) else { return };
    for central in [false, true] {
        let author = Author { site: None, central, namespace: Uuid::nil() };
        let _checked = check_draft(&draft, &author, Some("key"), 0);
    }
}

/// The bodies of the mobile contract, event by event.
pub fn mobile(bytes: &[u8]) {
    let currency = Currency::parse("DZD").expect("a currency");
    let Ok(request) = serde_json::from_slice::<mobile_v1::PushRequest>(bytes) else { return };
    for text in &request.events {
        let _entry = serde_json::from_str::<LocalAuditEntry>(text.get());
        let Ok(event) = serde_json::from_str::<SyncEvent>(text.get()) else { continue };
        let payload = event.payload.get();
        checksum_fits(payload, &event.checksum);
        canonical(payload);
        if let Some(row) = phone_row(&event.action, payload, currency) {
            fact(&event.entity_type, &event.action, row.schema_version, row.payload.as_bytes());
        }
        fact(&event.entity_type, &event.action, 1, payload.as_bytes());
    }
}

/// The bodies of the desktop contract.
pub fn desktop(bytes: &[u8]) {
    if let Ok(request) = serde_json::from_slice::<desktop_v1::SyncUpRequest>(bytes) {
        for text in &request.events {
            let _event = serde_json::from_str::<desktop_v1::OutboxEvent>(text.get());
        }
    }
    let _down = serde_json::from_slice::<desktop_v1::SyncDownRequest>(bytes);
    let _resolve = serde_json::from_slice::<desktop_v1::ResolveRequest>(bytes);
}

/// A payload under the schema of an action, which the first byte chooses; and the rulebook's file.
pub fn payload_of_an_action(bytes: &[u8]) {
    let Some((chosen, payload)) = bytes.split_first() else { return };
    let actions: Vec<(&str, u16)> = payload::actions().collect();
    let (action, version) = actions[usize::from(*chosen) % actions.len()];
    fact(payload::entity_type_of(action).unwrap_or("CLIENT"), action, version, payload);
    if let Ok(text) = std::str::from_utf8(payload) {
        canonical(text);
        let _payload = rulebook_file::from_payload(text);
        let _file = rulebook_file::parse(text);
    }
}

fn fact(entity_type: &str, action: &str, version: u16, payload: &[u8]) {
    if let (Ok(entity_type), Ok(action)) = (Name::new(entity_type), Name::new(action)) {
        let _fact = payload::read_fact(&entity_type, &action, version, payload);
    }
}

fn canonical(text: &str) {
    if let Some(once) = canonical_json::canonical(text) {
        assert_eq!(canonical_json::canonical(&once).as_ref(), Some(&once), "a canonical text is its own");
    }
}
