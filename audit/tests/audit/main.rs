//! Audits of logs that were built here, changed in every way, and told apart from what they were.

mod commands;
mod compare;
mod fixture;
mod flips;
mod mutations;
mod parts;
mod replay;
mod support;
mod vectors;
