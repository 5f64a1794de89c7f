//! Conflicts: edits that wait for a person, side by side with what the server holds, and the person's decision.
//!
//! Nothing is kept for them apart. Which are open stands with their entities; who edited what, and what was decided, stands in the log,
//! so the loser's data stays readable for ever. A resolution is an event of central's own, sealed under the tenant's lock after
//! the conflict was looked at again there: whoever decides from a stale page is told so, and nothing is written.
//!
//! `history` (read the log) -> `sides` (server, local, base) -> `resolve` (plan, seal); `list` finds them, `shown` is their JSON.
//! `docs/spec/conflicts.md` is the paper.

mod history;
mod list;
pub(crate) mod resolve;
pub(crate) mod shown;
mod sides;

pub(crate) use list::{Filter, list};
pub(crate) use sides::{Choice, PlanError};
