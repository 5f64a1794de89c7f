//! One file per command: its arguments, what it calls, what it prints.

pub mod admin;
pub mod audit;
pub mod completions;
pub mod demo;
pub mod doctor;
pub mod events;
pub mod import;
mod ingest_file;
pub mod migrate;
pub mod projections;
pub mod queue;
pub mod serve;
mod store_check;
pub mod up;
