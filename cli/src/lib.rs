//! The `comptoir` program: parse, call, print.

pub mod import;
pub mod server;
