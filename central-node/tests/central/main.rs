//! Central on a real Postgres, through its routes.

mod accepting;
mod conflicts;
mod drafts;
mod harness;
mod merging;
mod outages;
mod projecting;
mod refusing;
mod reporting;
mod rules;
mod schema;
