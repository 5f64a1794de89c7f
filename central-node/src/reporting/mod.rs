//! Reports and lists for head office. Reports state the position up to which they are complete; lists read the read models.
//! Everything is read-only. The SQL schema `reporting` has the same figures.

mod answer_cache;
pub(crate) mod audit_entries;
mod csv_table;
mod error;
mod freshness;
mod question;
pub(crate) mod read_models;
mod recent_answers;
mod reports;
pub(crate) mod sales;
pub(crate) mod security_events;
mod source;
pub(crate) mod stock;
mod stock_fold;

pub(crate) use csv_table::CONTENT_TYPE as CSV_CONTENT_TYPE;
pub(crate) use error::ReportError;
pub(crate) use question::{AsOf, REPORT_ROWS_MAX, RowPage, WaitFor, read_cursor, write_cursor};
pub(crate) use reports::Reports;
pub(crate) use source::ReportSource;
