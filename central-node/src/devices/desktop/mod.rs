//! The desktop contract's view of the log: `docs/spec/desktop.md`.

pub(crate) mod answer_log;
pub(crate) mod base_version;
pub(crate) mod client_clock;
mod created_in_page;
pub(crate) mod entity_types;
pub(crate) mod page;
mod provenance;
