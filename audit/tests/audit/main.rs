//! Audits of logs that are built here and then changed in every way.

mod commands;
mod compare;
mod fixture;
mod flips;
mod mutations;
mod parts;
mod replay;
mod support;
mod vectors;
