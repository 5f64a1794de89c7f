//! The contract of the write endpoints, tested on a real local node and on a real central with Postgres.

mod access;
mod central;
mod examples;
mod node;
