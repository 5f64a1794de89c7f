//! The harness of the tests that see the whole: real processes, real Postgres, real files, and totals that others computed.

pub mod compiled;
pub mod contract;
// By its path, because a binary that must not link this library uses it too.
#[path = "../crash/ledger.rs"]
pub mod crash_ledger;
pub mod flaky;
pub mod known_good;
pub mod running_central;
pub mod twice;
