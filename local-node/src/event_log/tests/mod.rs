//! The log's rules. Each runs on sled and on memory, unless it needs a fault that only one of them has.

pub(super) mod harness;

mod appending;
mod clocks;
mod deciding;
mod epochs;
mod failing;
mod flips;
mod grouping;
mod key_spaces;
mod missing;
mod opening;
mod random;
mod secrets;
mod stores;
mod walking;
