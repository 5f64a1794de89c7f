//! Point 10: docs/operating/limits.md has every limit of a client, as the programs have it. `COMPTOIR_WRITE_SPEC=1` writes the
//! table.

use std::fmt::Write as _;
use std::path::Path;

use comptoir::server::Limits;
use comptoir_core::limits::{LINE_BYTES_PER_SECOND_MIN, NDJSON_LINE_BYTES_MAX, PUSH_BODY_BYTES_MAX};
use comptoir_http_edge::{Metric, REFUSED_CREDENTIALS_PER_SECOND, Timeouts};
use comptoir_proto::error_code::ErrorCode;

fn refusals(code: ErrorCode) -> String {
    format!("comptoir_refusals_total{{code=\"{}\"}}", code.as_str())
}

fn row(table: &mut String, [limit, value, setting, beyond, counter]: [&str; 5]) {
    let code = |text: &str| if text.is_empty() { "-".to_owned() } else { format!("`{text}`") };
    writeln!(table, "| {limit} | {value} | {} | {beyond} | {} |", code(setting), code(counter)).unwrap();
}

fn table() -> String {
    let limits = Limits::default();
    let (timeouts, kib) = (Timeouts::default(), |bytes: usize| format!("{} KiB", bytes / 1024));
    let seconds = |time: std::time::Duration| format!("{} s", time.as_secs());
    let per_second = LINE_BYTES_PER_SECOND_MIN / 1024;
    let mut table = "| limit | value | setting | beyond it | counter |\n|---|---|---|---|---|\n".to_owned();
    let (rate, timeout, large) =
        (refusals(ErrorCode::RateLimited), refusals(ErrorCode::RequestTimeout), refusals(ErrorCode::TooLarge));
    for cells in [
        [
            "open connections",
            &limits.connections_max.to_string(),
            "CONNECTIONS_MAX",
            "the next one waits in the kernel",
            Metric::ConnectionsFull.name(),
        ],
        [
            "open connections of one address",
            &limits.connections_per_address_max.to_string(),
            "CONNECTIONS_PER_ADDRESS_MAX",
            "the next one is closed",
            Metric::ConnectionsPerAddress.name(),
        ],
        [
            "TLS handshake",
            &seconds(limits.handshake),
            "",
            "the connection is closed",
            Metric::HandshakesTimedOut.name(),
        ],
        [
            "head of a request, and pause between two requests",
            &seconds(limits.head),
            "",
            "the connection is closed",
            Metric::HeadsTimedOut.name(),
        ],
        [
            "head of a request",
            &format!("{}, 100 headers", kib(limits.head_bytes_max)),
            "",
            "431",
            Metric::HeadsTooLarge.name(),
        ],
        ["pause within a body", &seconds(limits.body_pause), "", "`REQUEST_TIMEOUT`", &timeout],
        [
            "whole body",
            &format!("{}, and 1 s for each {per_second} KiB", seconds(timeouts.body)),
            "",
            "`REQUEST_TIMEOUT`",
            &timeout,
        ],
        ["pause within an NDJSON stream", &seconds(timeouts.idle), "", "the stream ends with `REQUEST_TIMEOUT`", ""],
        ["until the answer begins", &seconds(limits.answer), "", "`REQUEST_TIMEOUT`", &timeout],
        ["body of a push", &kib(PUSH_BODY_BYTES_MAX), "", "`TOO_LARGE`", &large],
        ["line of an NDJSON stream", &kib(NDJSON_LINE_BYTES_MAX), "", "`TOO_LARGE` for the line", ""],
        [
            "memory of all bodies, node",
            &format!("{} MiB", comptoir_local::BODIES_KIB / 1024),
            "",
            "`QUEUE_FULL`",
            &refusals(ErrorCode::QueueFull),
        ],
        [
            "memory of all bodies, central",
            &format!("{} MiB", comptoir_central::BODIES_KIB / 1024),
            "",
            "`QUEUE_FULL`",
            &refusals(ErrorCode::QueueFull),
        ],
        [
            "unpacked size",
            "0: nothing is unpacked",
            "",
            "`UNSUPPORTED_MEDIA_TYPE`",
            &refusals(ErrorCode::UnsupportedMediaType),
        ],
        [
            "requests of one credential, or of one address without one",
            &format!("{} a second, {} at once", limits.requests_per_second, limits.requests_per_second * 10),
            "REQUESTS_PER_SECOND",
            "`RATE_LIMITED` with `Retry-After`",
            &rate,
        ],
        [
            "refused credentials of one address",
            &format!("{REFUSED_CREDENTIALS_PER_SECOND} a second, {} at once", REFUSED_CREDENTIALS_PER_SECOND * 10),
            "",
            "`RATE_LIMITED` with `Retry-After`",
            &rate,
        ],
        [
            "answer that is not read",
            &seconds(limits.write),
            "",
            "the connection is closed",
            Metric::WritesStalled.name(),
        ],
    ] {
        row(&mut table, cells);
    }
    table
}

#[test]
fn the_page_has_every_limit_of_a_client() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating/limits.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- begin limits -->\n", "<!-- end limits -->");
    let (before, rest) = text.split_once(begin).expect("the page has the mark");
    let (shown, after) = rest.split_once(end).expect("the page has the end mark");
    let table = table();
    if shown == table {
        return;
    }
    assert!(
        std::env::var_os("COMPTOIR_WRITE_SPEC").is_some(),
        "docs/operating/limits.md differs from the programs; run the test with COMPTOIR_WRITE_SPEC=1"
    );
    std::fs::write(path, format!("{before}{begin}{table}{end}{after}")).unwrap();
}
