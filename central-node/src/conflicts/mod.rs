//! Conflicts: edits that wait for a person, shown next to the server's version, and the person's decision.
//!
//! Conflicts have no table. Open ones are stored with their entities. The edits and decisions are in the log, so the loser's
//! data stays readable forever. A resolution is an event of central's own node, sealed under the tenant's lock after the
//! conflict was read again under that lock. A decision from a stale page is refused, and nothing is written.
//!
//! `history` (read the log) -> `sides` (server, local, base) -> `resolve` (plan, seal); `list` finds conflicts, `shown`
//! contains their JSON. `docs/spec/conflicts.md` specifies them.

mod history;
mod list;
pub(crate) mod resolve;
pub(crate) mod shown;
mod sides;

pub(crate) use history::Conflict;
pub(crate) use list::{Filter, list};
pub(crate) use sides::{Choice, PlanError};
