//! The HTTP code that a local node and central share, so that limits, deadlines, media types, preconditions and problem responses
//! are the same on both servers.
//!
//! This crate knows HTTP and the wire types. It checks no permissions and opens no store.

mod body_budget;
mod broken_body;
mod ca_answers;
mod client;
mod draft_list;
mod guard;
mod host;
mod idempotency;
mod metrics;
mod ndjson;
pub mod openapi;
mod params;
mod precondition;
mod problem_response;
mod rate_limit;
mod receipt_answer;
mod request_body;
mod routes;
mod screens;
mod security_headers;
mod tagged;
pub mod tls;
mod unread_body;

pub use body_budget::{BodyBudget, BodyReservation};
pub use ca_answers::{ca_file, ca_page};
pub use client::{Client, ConnectionInfo, TrustedAddresses, limited_address};
pub use comptoir_screens::DESIGN_STYLE;
pub use draft_list::{batch_rejected, check_drafts, split_list};
pub use guard::{Guard, REFUSED_CREDENTIALS_PER_SECOND, guarded};
pub use host::{CertificateNames, HostNames, changes_something, foreign_page};
pub use idempotency::idempotency_key;
pub use metrics::{Metric, ServerMetrics, metrics_answer};
pub use ndjson::{ClientGone, LineAnswers, NDJSON, NdjsonLine, NdjsonLines, RefusedLine, line_answers};
pub use params::{PAGE_ROWS, PathParams, invalid_parameter, page_limit, read_query};
pub use precondition::{EditCondition, edit_condition, if_match, if_match_text};
pub use problem_response::ProblemResponse;
pub use receipt_answer::receipt_answer;
pub use request_body::{BodyPieces, BufferedBody, Media, RequestBody, Timeouts, malformed_body};
pub use routes::Edge;
pub use screens::{SCREENS_POLICY, has_screens, screens_asset, screens_file, screens_page};
pub use tagged::{has_current, not_modified, with_etag};
