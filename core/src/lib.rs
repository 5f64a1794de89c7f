//! What is true on paper: events and their order, the hash chain, the rulebook, what is decided and what follows from it.
//!
//! This crate does not know disks, sockets, clocks, randomness, JSON or SQL. Time and ids are given to it, so that deciding
//! the same log again gives the same decisions on any machine, years later.
//!
//! Reading order: the words ([`id`], [`position`], [`time`]), the fact ([`event`], [`fact`]), its seal ([`chain`]),
//! its time ([`clock`]), the judgement ([`rulebook`], [`decision`], [`state`], [`rules`]).

pub mod chain;
pub mod clock;
pub mod decision;
pub mod event;
pub mod fact;
pub mod id;
pub mod limits;
pub mod money;
pub mod position;
pub mod rulebook;
pub mod rules;
pub mod state;
pub mod time;
