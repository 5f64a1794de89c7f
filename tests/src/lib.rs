//! The harness of the tests that see the whole: real processes, real Postgres, real files, and totals that others computed.

pub mod known_good;
pub mod twice;
