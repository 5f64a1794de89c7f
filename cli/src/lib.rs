//! The `comptoir` program: parse, call, print.

pub mod server;
