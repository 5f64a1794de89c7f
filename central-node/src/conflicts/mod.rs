//! Conflicts: edits that wait for a person, side by side with what the server holds, and the person's decision.
//!
//! Conflicts have no table. Which are open is kept with their entities; who edited what, and what was decided, is in the log, so
//! the loser's data stays readable for ever. A resolution is an event of central's own, sealed under the tenant's lock after the
//! conflict was read again there: a decision from a stale page is refused, and nothing is written.
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
