use std::io::Read;

use super::*;
use uuid::Uuid;

const TENANT: TenantId = TenantId::from_bytes([1; 16]);
const NODE: NodeId = NodeId::from_bytes([2; 16]);

fn epoch(number: u32) -> Epoch {
    Epoch { number, id: Uuid::from_bytes([3; 16]) }
}

fn chain(byte: u8) -> ChainHash {
    ChainHash([byte; 32])
}

fn node_bundle() -> Vec<u8> {
    let mut bundle = NodeBundleWriter::start(Vec::new(), TENANT, NODE).unwrap();
    bundle.epoch(EpochStart { epoch: epoch(1), after: Seq(0), chain: chain(1) }).unwrap();
    bundle.record(b"first", chain(2)).unwrap();
    bundle.answer(b"{}").unwrap();
    bundle.record(b"", chain(3)).unwrap();
    bundle.epoch(EpochStart { epoch: epoch(2), after: Seq(7), chain: chain(4) }).unwrap();
    bundle.record(b"third", chain(5)).unwrap();
    bundle.finish().unwrap()
}

fn entry<'a>(position: u64, record: &'a [u8], decision: &'a [u8]) -> Entry<'a> {
    let (chain, decision_chain) = (chain(position as u8), chain(100 + position as u8));
    let (position, seq) = (Position(position), Seq(position + 10));
    Entry { position, node: NODE, epoch: epoch(1), seq, chain, decision_chain, record, decision }
}

fn central_bundle() -> Vec<u8> {
    let mut bundle = CentralBundleWriter::start(Vec::new(), TENANT, (Position(4), chain(9)), &context()).unwrap();
    bundle.entry(entry(5, b"a record", b"its decision")).unwrap();
    bundle.entry(entry(6, b"", b"")).unwrap();
    bundle.finish().unwrap()
}

fn context() -> TenantContext {
    let site = |byte, code| (SiteId::from_bytes([byte; 16]), Name::new(code).unwrap());
    TenantContext {
        central_node: NodeId::from_bytes([7; 16]),
        zone: "Europe/Paris".to_owned(),
        sites: vec![site(4, "P01"), site(5, "ÉTÉ")],
    }
}

/// Everything in a bundle, as text, and its trailer.
fn read(source: impl Read) -> Result<(Vec<String>, Trailer), BundleError> {
    let mut reader = BundleReader::open(source)?;
    let mut frames = Vec::new();
    while let Some((_, frame)) = reader.next_frame()? {
        frames.push(format!("{frame:?}"));
    }
    Ok((frames, *reader.trailer().expect("a bundle that was read has an end")))
}

/// Gives one byte at a time, as a slow link would.
struct Drip<'a>(&'a [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = into.len().min(1);
        self.0.read(&mut into[..count])
    }
}

#[test]
fn what_was_written_is_read_again_however_it_arrives() {
    let (frames, trailer) = read(&*node_bundle()).unwrap();
    assert_eq!(frames.len(), 6);
    assert_eq!((trailer.records, trailer.decisions, trailer.last, trailer.chain), (3, 1, 8, chain(5)));
    assert_eq!(read(Drip(&node_bundle())).unwrap(), (frames, trailer));

    let bytes = central_bundle();
    let mut reader = BundleReader::open(&*bytes).unwrap();
    let header = BundleHeader::Central { tenant: TENANT, after: Position(4), decision_chain: chain(9) };
    assert_eq!(*reader.header(), header);
    let (offset, frame) = reader.next_frame().unwrap().unwrap();
    assert_eq!((offset, frame), (141, Frame::Entry(entry(5, b"a record", b"its decision"))));
    let (_, frame) = reader.next_frame().unwrap().unwrap();
    assert_eq!(frame, Frame::Entry(entry(6, b"", b"")));
    assert_eq!(reader.next_frame().unwrap(), None);
    assert_eq!(reader.next_frame().unwrap(), None);
    let trailer = reader.trailer().unwrap();
    assert_eq!((trailer.records, trailer.decisions, trailer.last, trailer.chain), (2, 2, 6, chain(106)));
}

#[test]
fn the_context_of_a_tenant_comes_before_the_first_entry() {
    let bytes = central_bundle();
    let mut reader = BundleReader::open(Drip(&bytes)).unwrap();
    assert_eq!(reader.context(), Some(&context()));
    let header = BundleHeader::Central { tenant: TENANT, after: Position(4), decision_chain: chain(9) };
    assert_eq!(*reader.header(), header);
    let (_, frame) = reader.next_frame().unwrap().unwrap();
    assert_eq!(frame, Frame::Entry(entry(5, b"a record", b"its decision")));
    assert_eq!(BundleReader::open(&*node_bundle()).unwrap().context(), None, "a node's log has no context");

    let mut node = node_bundle();
    node[4] = 2;
    assert!(matches!(read(&*node), Err(BundleError::Format { got: 2 })));
    let mut many = bytes.clone();
    let sites = 63 + 16 + 2 + "Europe/Paris".len();
    many[sites..sites + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let error = read(&*many).unwrap_err();
    assert!(matches!(error, BundleError::Length { offset, .. } if offset == sites as u64), "{error}");
    let long = TenantContext { zone: "Z".repeat(300), ..context() };
    let refused = CentralBundleWriter::start(Vec::new(), TENANT, (Position(0), chain(1)), &long);
    assert!(matches!(refused, Err(WriteError::TooLarge { got: 300, .. })));
}

#[test]
fn an_empty_log_is_a_bundle_too() {
    let node = NodeBundleWriter::start(Vec::new(), TENANT, NODE).unwrap().finish().unwrap();
    assert!(read(&*node).unwrap().0.is_empty());
    let central = CentralBundleWriter::start(Vec::new(), TENANT, (Position(4), chain(9)), &context()).unwrap();
    let central = central.finish().unwrap();
    assert_eq!(read(&*central).unwrap().1.chain, chain(9));
}

#[test]
fn chunks_put_together_are_the_bundle() {
    let record = vec![7u8; 50_000];
    let mut whole = NodeBundleWriter::start(Vec::new(), TENANT, NODE).unwrap();
    let mut parted = NodeBundleWriter::start(Vec::new(), TENANT, NODE).unwrap();
    let mut chunks = Vec::new();
    for bundle in [&mut whole, &mut parted] {
        bundle.epoch(EpochStart { epoch: epoch(1), after: Seq(0), chain: chain(1) }).unwrap();
    }
    for number in 0..10 {
        whole.record(&record, chain(number)).unwrap();
        parted.record(&record, chain(number)).unwrap();
        chunks.push(parted.take_chunk());
    }
    chunks.push(parted.finish().unwrap());
    assert!(chunks.iter().filter(|chunk| !chunk.is_empty()).count() > 3, "it is streamed, not gathered whole");
    assert_eq!(chunks.concat(), whole.finish().unwrap());
}

#[test]
fn a_cut_anywhere_is_noticed_where_the_file_ends() {
    for bundle in [node_bundle(), central_bundle()] {
        for length in 4..bundle.len() {
            let error = read(&bundle[..length]).unwrap_err();
            assert!(matches!(error, BundleError::Cut { .. }), "{length}: {error}");
            assert_eq!(error.offset(), length as u64);
        }
        assert!(matches!(read(&bundle[..3]), Err(BundleError::NotABundle { .. })));
    }
}

#[test]
fn one_changed_byte_anywhere_is_noticed() {
    for bundle in [node_bundle(), central_bundle()] {
        for at in 0..bundle.len() {
            for bit in [1u8, 128] {
                let mut changed = bundle.clone();
                changed[at] ^= bit;
                assert!(read(&*changed).is_err(), "byte {at}");
            }
        }
    }
}

#[test]
fn a_byte_after_the_end_is_noticed() {
    let mut bundle = node_bundle();
    bundle.push(0);
    let offset = bundle.len() as u64 - 1;
    assert!(matches!(read(&*bundle), Err(BundleError::AfterEnd { offset: at }) if at == offset));
}

#[test]
fn no_length_is_believed_beyond_its_limit() {
    let mut bundle = NodeBundleWriter::start(Vec::new(), TENANT, NODE).unwrap();
    let too_long = vec![0; RECORD_BYTES_MAX + 1];
    let refused = bundle.record(&too_long, chain(1));
    assert!(matches!(refused, Err(WriteError::TooLarge { what: "record", got, .. }) if got == too_long.len()));

    // The second frame of the node's bundle says that it is 4 GiB long; nothing is reserved for it.
    let mut bytes = node_bundle();
    let second = 39 + 5 + 60;
    bytes[second + 1..second + 5].copy_from_slice(&u32::MAX.to_le_bytes());
    let error = read(&*bytes).unwrap_err();
    assert!(
        matches!(error, BundleError::Length { offset, got: 0xffff_ffff, .. } if offset == second as u64),
        "{error}"
    );
}

#[test]
fn misplaced_frames_are_refused() {
    let start = |write: fn(&mut NodeBundleWriter<Vec<u8>>) -> Result<(), WriteError>| {
        let mut bundle = NodeBundleWriter::start(Vec::new(), TENANT, NODE).unwrap();
        write(&mut bundle).unwrap();
        read(&*bundle.finish().unwrap()).unwrap_err().to_string()
    };
    assert_eq!(start(|bundle| bundle.record(b"", ChainHash([0; 32]))), "byte 39: a record precedes the first epoch");
    assert_eq!(start(|bundle| bundle.answer(b"")), "byte 39: a decision follows no record");
}

#[test]
fn a_head_follows_its_epoch_frame_directly() {
    let head = EpochHead { seq: Seq(2), chain: chain(3) };
    let written = |after_record: bool| {
        let mut bundle = NodeBundleWriter::start(Vec::new(), TENANT, NODE).unwrap();
        bundle.epoch(EpochStart { epoch: epoch(1), after: Seq(0), chain: chain(1) }).unwrap();
        if after_record {
            bundle.record(b"first", chain(2)).unwrap();
        }
        bundle.head(head).unwrap();
        bundle.finish().unwrap()
    };
    let bytes = written(false);
    let mut reader = BundleReader::open(bytes.as_slice()).unwrap();
    reader.next_frame().unwrap();
    assert_eq!(reader.next_frame().unwrap().map(|(_, frame)| frame), Some(Frame::Head(head)));
    assert_eq!(reader.next_frame().unwrap(), None);
    let misplaced = read(written(true).as_slice()).unwrap_err();
    assert_eq!(misplaced.code(), "BUNDLE_MALFORMED");
}
