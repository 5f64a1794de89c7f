//! The rules, free of I/O: events and their order, the hash chain, the rulebook, decisions and their effects.
//!
//! This crate does not know disks, sockets, clocks, randomness, JSON or SQL. Time and ids are arguments, so that deciding the
//! same log again gives the same decisions on any machine, years later.
//!
//! Reading order: identities and order ([`id`], [`position`], [`time`]), events ([`event`], [`fact`]), the chain ([`chain`]),
//! corrected times ([`clock`]), decisions ([`rulebook`], [`decision`], [`state`], [`rules`]), the sums of a till ([`till`]),
//! permissions ([`access`]) and their history ([`rights`]).

pub mod access;
pub mod chain;
pub mod clock;
pub mod decision;
pub mod event;
pub mod fact;
pub mod id;
pub mod limits;
pub mod money;
pub mod position;
pub mod rights;
pub mod rulebook;
pub mod rules;
pub mod state;
pub mod till;
pub mod time;
