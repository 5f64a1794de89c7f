//! Stored bytes, wire messages, payload schemas, error codes and paths: everything whose change would break a peer.
//!
//! A local node and central share no other contract. Nothing in this crate opens a file or a socket.

pub mod amount_text;
pub mod api_v1;
pub mod audit_entries_v1;
pub mod bundle_v1;
pub mod ca_page;
pub mod canonical_json;
pub mod certificates_v1;
pub mod clock_change;
pub mod commands_v1;
pub mod damage;
pub mod desktop_v1;
pub mod device_proofs;
pub mod devices_v1;
pub mod edits_v1;
pub mod error_code;
pub mod forks_v1;
pub mod identity_v1;
pub mod instant;
pub mod key_text;
pub mod limited;
pub mod local_keys_v1;
pub mod mobile_v1;
pub mod node_users_v1;
pub mod openapi;
pub mod opening;
pub mod paths;
pub mod payload;
pub mod problem;
pub mod pull_v1;
pub mod read_v1;
pub mod receipt_code;
pub mod receipt_v1;
pub mod record_reader;
pub mod rights_change;
pub mod rulebook_file;
pub mod security_v1;
pub mod session_v1;
pub mod shop_v1;
pub mod start_page;
pub mod status_v1;
pub mod store_check_v1;
pub mod stored_v1;
pub mod sync_v1;
pub mod till_v1;
