//! A shop's node: it sells without the network, and nothing it said "ok" to is lost.

pub mod event_log;
