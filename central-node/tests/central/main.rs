//! Central on a real Postgres, through its routes.

mod accepting;
mod blobs;
mod bootstrapping;
mod by_hand;
mod clocks;
mod conflicts;
mod contracts;
mod desktop_down;
mod desktop_up;
mod desktops;
mod devices;
mod drafts;
mod edits;
mod harness;
mod late_commits;
mod merging;
mod openapi;
mod outages;
mod phones;
mod projecting;
mod pulling;
mod refusing;
mod reporting;
mod restoring;
mod rules;
mod schema;
