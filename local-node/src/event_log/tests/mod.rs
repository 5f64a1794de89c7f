//! The log's rules. Each runs on sled and on memory, unless it needs a fault that only one of them has.

mod harness;

mod appending;
