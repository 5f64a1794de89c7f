//! The contract of the write endpoints, kept by a real local node on a real log and by a real central on a real Postgres.

mod central;
mod node;
