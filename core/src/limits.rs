//! Every limit, with its reason. Limits are part of the format: raising one is safe, lowering one refuses data that was accepted
//! before.

/// Payload of one event, in bytes. One real invoice has 1,114 lines, about 110 KiB of JSON.
pub const PAYLOAD_BYTES_MAX: usize = 256 * 1024;
/// A sealed record: the payload, the names and the header with room to spare.
pub const RECORD_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 4 * 1024;
/// Records in one push. A larger batch gains no speed and holds the tenant's lock too long.
pub const PUSH_RECORDS_MAX: usize = 5_000;
/// Decoded bytes of the records of one push.
pub const PUSH_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Changes of a node's clock in one push. If a clock was set more often within one batch, its times are meaningless.
pub const CLOCK_MARKS_MAX: usize = PUSH_RECORDS_MAX;
/// Body of one push request: the records in base64, with their chain and names around them.
pub const PUSH_BODY_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Characters of a name: entity type, entity id, action, user, product.
pub const NAME_CHARS_MAX: usize = 64;
/// Drafts in one all-or-nothing list.
pub const LIST_DRAFTS_MAX: usize = 100;
/// Body of a request that carries drafts in one list or one object.
pub const LIST_BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// One line of an NDJSON stream: a draft with its payload, escaped.
pub const NDJSON_LINE_BYTES_MAX: usize = 2 * PAYLOAD_BYTES_MAX;
/// Entries (record chunks and index keys) of one atomic batch of the node's log. Larger batches make sled leak memory.
pub const BATCH_ENTRIES_MAX: usize = 256;
/// Bytes of one value in the node's log. Values of 8 KiB and more go to blob files that sled never syncs.
pub const CHUNK_BYTES_MAX: usize = 4 * 1024;
/// Bytes of one file: a signature, or a photo of a phone's camera.
pub const BLOB_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Lines of one sale, reception or invoice.
pub const LINES_MAX: usize = 5_000;
/// Rows of one page of a list.
pub const PAGE_ROWS_MAX: usize = 1_000;
/// How long a query may wait for `min_position`, in seconds.
pub const WAIT_SECONDS_MAX: u64 = 25;
/// Fields of one generic entity: as many as one payload may set.
pub const ENTITY_FIELDS_MAX: usize = 256;
/// Levels of an entity's fields as one JSON object. A row travels in up to six levels more, and common readers of JSON stop at
/// 128.
pub const ENTITY_DEPTH_MAX: usize = 100;
/// Bytes of an entity's fields as one compact JSON object. More than any one payload, and with its open conflicts little enough
/// that a node keeps the row in one atomic batch.
pub const ENTITY_BYTES_MAX: usize = 384 * 1024;
/// The slowest line on which a body is awaited, in bytes per second: a file of the largest size takes eleven minutes.
pub const LINE_BYTES_PER_SECOND_MIN: usize = 16 * 1024;

/// How many seconds a body takes on that line.
pub const fn seconds_for(bytes: usize) -> u64 {
    (bytes / LINE_BYTES_PER_SECOND_MIN) as u64
}
