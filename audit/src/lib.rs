//! Audits of exported logs: recompute every link from the bytes, compare a node's log with central's, and decide again what
//! central decided. No database driver and no server; the manifest shows it.
//!
//! Everything is read as a stream. The first break is named by its place (node, epoch, seq, position, byte), with the expected
//! and the found value. Nothing is ever repaired here.

pub mod commands;
pub mod compare;
mod content;
mod context;
pub mod exit;
pub mod finding;
mod ids;
mod links;
mod many;
mod node_log;
mod opening;
pub mod receipt;
pub mod replay;
pub mod source;
mod tenant_log;
pub mod verify;
mod words;

pub use compare::compare;
pub use finding::{Break, Defect, FindingLocation, Level, Options, Report};
pub use receipt::{ReceiptFinding, find_receipt, receipt_code};
pub use replay::{DecisionDifference, Replay, replay};
pub use source::{AuditError, BundleFile, Source};
pub use verify::verify;
