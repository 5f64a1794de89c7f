//! What head office reads: reports that say up to where they are complete, and lists of the read models. Read-only; nothing here
//! changes what a figure is made of. The SQL schema `reporting` has the same figures.

mod answer_cache;
mod csv_table;
mod error;
mod freshness;
mod question;
pub(crate) mod read_models;
mod reports;
pub(crate) mod sales;
mod source;
pub(crate) mod stock;
mod stock_fold;

pub(crate) use csv_table::CONTENT_TYPE as CSV_CONTENT_TYPE;
pub(crate) use error::ReportError;
#[cfg(test)]
pub(crate) use question::write_cursor;
pub(crate) use question::{AsOf, REPORT_ROWS_MAX, RowPage, WaitFor, read_cursor};
pub(crate) use reports::Reports;
pub(crate) use source::ReportSource;
