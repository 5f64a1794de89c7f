//! The fuzz targets as a library. `make fuzz` runs them; README.md says how a finding becomes a test.

#![allow(missing_docs)]

pub mod targets;
