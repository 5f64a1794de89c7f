//! The whole flow from the till to the report: real processes, sled, Postgres, and real data with independently computed
//! totals.

mod auditor;
mod bad_input;
mod clocks;
mod damaged_store;
mod deliveries;
mod figures;
mod first_start;
mod five_nodes;
mod hostile;
mod invoices;
mod log_hygiene;
mod new_password;
mod online_retail;
mod purchasing;
mod restored;
mod rights;
mod rotated_key;
mod rulebook;
