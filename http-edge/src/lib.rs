//! The HTTP code that a local node and central share, so that limits, deadlines, media types, preconditions and problem responses
//! are the same on both servers.
//!
//! This crate knows HTTP and the wire types. It checks no permissions and opens no store.

mod body_budget;
mod broken_body;
mod draft_list;
mod host;
mod idempotency;
mod ndjson;
pub mod openapi;
mod params;
mod precondition;
mod problem_response;
mod request_body;
mod routes;
mod tagged;
mod unread_body;

pub use body_budget::{BodyBudget, BodyReservation};
pub use draft_list::{batch_rejected, check_drafts, split_list};
pub use host::{HostNames, changes_something, foreign_page};
pub use idempotency::idempotency_key;
pub use ndjson::{ClientGone, LineAnswers, NDJSON, NdjsonLine, NdjsonLines, RefusedLine, line_answers};
pub use params::{PAGE_ROWS, PathParams, invalid_parameter, page_limit, read_query};
pub use precondition::{EditCondition, edit_condition, if_match, if_match_text};
pub use problem_response::ProblemResponse;
pub use request_body::{BodyPieces, BufferedBody, Media, RequestBody, Timeouts, malformed_body};
pub use routes::Edge;
pub use tagged::{has_current, not_modified, with_etag};
