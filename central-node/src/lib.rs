//! The central node: ingest, event store on Postgres, projections, reporting.

pub mod private_postgres;
