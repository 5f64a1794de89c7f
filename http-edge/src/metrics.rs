//! Counters of a server, as Prometheus reads them. They count; they name no tenant, address or credential.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::Extensions;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use comptoir_proto::error_code::ErrorCode;

/// The content type of the Prometheus text format.
const METRICS_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A figure of a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum Metric {
    /// Connections that are open now.
    ConnectionsOpen,
    /// Connections that were accepted.
    ConnectionsAccepted,
    /// Times that every place was taken, so that the next connection waited in the kernel's queue.
    ConnectionsFull,
    /// Connections closed at once, because their address had too many.
    ConnectionsPerAddress,
    /// TLS handshakes that failed.
    HandshakesFailed,
    /// TLS handshakes that took too long.
    HandshakesTimedOut,
    /// Connections closed because no whole head of a request came in time: slow or idle clients.
    HeadsTimedOut,
    /// Requests with a head over its limit.
    HeadsTooLarge,
    /// Requests whose head is no HTTP.
    HeadsMalformed,
    /// Connections closed because the client did not read its answer.
    WritesStalled,
    /// Requests that were answered.
    Requests,
    /// Certificates taken from changed files.
    CertificateReloads,
    /// Changed certificate files that could not be used, so that the old certificate stayed.
    CertificateReloadFailures,
    /// When the certificate expires, in seconds since 1970; 0 without TLS.
    CertificateNotAfter,
}

impl Metric {
    /// Every figure.
    pub const ALL: [Metric; 14] = [
        Metric::ConnectionsOpen,
        Metric::ConnectionsAccepted,
        Metric::ConnectionsFull,
        Metric::ConnectionsPerAddress,
        Metric::HandshakesFailed,
        Metric::HandshakesTimedOut,
        Metric::HeadsTimedOut,
        Metric::HeadsTooLarge,
        Metric::HeadsMalformed,
        Metric::WritesStalled,
        Metric::Requests,
        Metric::CertificateReloads,
        Metric::CertificateReloadFailures,
        Metric::CertificateNotAfter,
    ];

    /// Its name in the answer of `/metrics`.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Metric::ConnectionsOpen => ("comptoir_connections_open", "gauge", "Open connections"),
            Metric::ConnectionsAccepted => {
                ("comptoir_connections_accepted_total", "counter", "Connections that were accepted")
            }
            Metric::ConnectionsFull => {
                ("comptoir_connections_full_total", "counter", "Times that every connection was in use")
            }
            Metric::ConnectionsPerAddress => (
                "comptoir_connections_refused_total",
                "counter",
                "Connections closed because their address had too many",
            ),
            Metric::HandshakesFailed => ("comptoir_tls_handshakes_failed_total", "counter", "Failed TLS handshakes"),
            Metric::HandshakesTimedOut => {
                ("comptoir_tls_handshakes_timed_out_total", "counter", "TLS handshakes that took too long")
            }
            Metric::HeadsTimedOut => (
                "comptoir_heads_timed_out_total",
                "counter",
                "Connections closed because no whole request head came in time",
            ),
            Metric::HeadsTooLarge => ("comptoir_heads_too_large_total", "counter", "Request heads over their limit"),
            Metric::HeadsMalformed => ("comptoir_heads_malformed_total", "counter", "Request heads that are no HTTP"),
            Metric::WritesStalled => {
                ("comptoir_writes_stalled_total", "counter", "Connections whose client did not read its answer")
            }
            Metric::Requests => ("comptoir_requests_total", "counter", "Requests that were answered"),
            Metric::CertificateReloads => {
                ("comptoir_tls_certificate_reloads_total", "counter", "Certificates taken from changed files")
            }
            Metric::CertificateReloadFailures => (
                "comptoir_tls_certificate_reload_failures_total",
                "counter",
                "Changed certificate files that could not be used",
            ),
            Metric::CertificateNotAfter => (
                "comptoir_tls_certificate_not_after_seconds",
                "gauge",
                "When the certificate expires, in seconds since 1970; 0 without TLS",
            ),
        }
    }
}

/// `GET /metrics`: the counters of the accept loop that the request came through.
pub fn metrics_answer(extensions: &Extensions) -> Response {
    let metrics = extensions.get::<Arc<ServerMetrics>>().cloned().unwrap_or_default();
    ([(CONTENT_TYPE, METRICS_CONTENT_TYPE)], metrics.text()).into_response()
}

/// The figures of one server. They start at 0 with the process.
#[derive(Debug)]
pub struct ServerMetrics {
    figures: [AtomicU64; Metric::ALL.len()],
    refusals: [AtomicU64; ErrorCode::ALL.len()],
}

impl Default for ServerMetrics {
    fn default() -> ServerMetrics {
        let (figures, refusals) = ([const { AtomicU64::new(0) }; _], [const { AtomicU64::new(0) }; _]);
        ServerMetrics { figures, refusals }
    }
}

impl ServerMetrics {
    /// Adds one.
    pub fn count(&self, metric: Metric) {
        self.figures[metric as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Takes one from a gauge.
    pub fn uncount(&self, metric: Metric) {
        self.figures[metric as usize].fetch_sub(1, Ordering::Relaxed);
    }

    /// Sets a gauge.
    pub fn set(&self, metric: Metric, value: u64) {
        self.figures[metric as usize].store(value, Ordering::Relaxed);
    }

    /// Counts a refusal by its code.
    pub fn count_refusal(&self, code: ErrorCode) {
        self.refusals[code as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// A figure as it is now.
    pub fn get(&self, metric: Metric) -> u64 {
        self.figures[metric as usize].load(Ordering::Relaxed)
    }

    /// All figures in the Prometheus text format. Codes that never occurred are absent.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        for metric in Metric::ALL {
            let ((name, kind, help), value) = (metric.row(), self.get(metric));
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        }
        let name = "comptoir_refusals_total";
        let _ = writeln!(text, "# HELP {name} Refused requests by code\n# TYPE {name} counter");
        for code in ErrorCode::ALL {
            let value = self.refusals[code as usize].load(Ordering::Relaxed);
            if value > 0 {
                let _ = writeln!(text, "{name}{{code=\"{}\"}} {value}", code.as_str());
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_its_own_place_and_name() {
        for (at, metric) in Metric::ALL.into_iter().enumerate() {
            assert_eq!(metric as usize, at, "{metric:?}");
        }
        for (at, code) in ErrorCode::ALL.into_iter().enumerate() {
            assert_eq!(code as usize, at, "{code:?}");
        }
        let names: std::collections::BTreeSet<_> = Metric::ALL.iter().map(|metric| metric.name()).collect();
        assert_eq!(names.len(), Metric::ALL.len());
    }

    #[test]
    fn the_text_has_what_was_counted() {
        let metrics = ServerMetrics::default();
        metrics.count(Metric::Requests);
        metrics.count(Metric::ConnectionsOpen);
        metrics.uncount(Metric::ConnectionsOpen);
        metrics.count_refusal(ErrorCode::RateLimited);
        let text = metrics.text();
        assert!(text.contains("\n# TYPE comptoir_requests_total counter\ncomptoir_requests_total 1\n"), "{text}");
        assert!(text.contains("\ncomptoir_connections_open 0\n"), "{text}");
        assert!(text.ends_with("\ncomptoir_refusals_total{code=\"RATE_LIMITED\"} 1\n"), "{text}");
    }
}
