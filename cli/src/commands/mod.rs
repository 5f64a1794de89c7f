//! One file per command: its arguments, what it calls, what it prints.

pub mod completions;
pub mod doctor;
pub mod events;
pub mod import;
pub mod queue;
