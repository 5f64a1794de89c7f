//! One file per command: its arguments, its calls and its output.

pub mod admin;
pub mod audit;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod events;
pub mod import;
pub mod key;
pub mod migrate;
pub mod node;
pub mod projections;
pub mod serve;
pub mod status;
pub mod up;
