//! Central on a real Postgres, through its routes.

mod accepting;
mod blobs;
mod bootstrapping;
mod by_hand;
mod clocks;
mod conflicts;
mod contracts;
mod desktops;
mod devices;
mod drafts;
mod edits;
mod harness;
mod late_commits;
mod merging;
mod openapi;
mod outages;
mod projecting;
mod pulling;
mod refusing;
mod reporting;
mod restoring;
mod rules;
mod schema;
