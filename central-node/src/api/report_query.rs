//! The parameters of a report, parsed once. An unknown parameter is refused: with a misspelt filter the answer would include
//! everything.

use std::time::Duration;

use axum::http::{HeaderMap, header};
use comptoir_core::id::{Name, SiteId};
use comptoir_core::limits::{PAGE_ROWS_MAX, WAIT_SECONDS_MAX};
use comptoir_core::money::Currency;
use comptoir_core::position::Position;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::instant;
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::reporting::sales::SalesGrouping;
use crate::reporting::{AsOf, REPORT_ROWS_MAX, RowPage, WaitFor, read_cursor};

/// Declares a query by its own parameters. The macro adds `min_position` and `wait`, and for an answer `in pages` also `limit`
/// and `cursor`; the attribute describes `limit`.
macro_rules! reading_query {
    (@declare $name:ident { $($(#[$meta:meta])* $field:ident,)* }) => {
        #[derive(Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            $($(#[$meta])* pub(super) $field: Option<String>,)*
        }

        impl $name {
            pub(super) fn wait_for(&self) -> Result<WaitFor, Problem> {
                wait_for(self.min_position.as_deref(), self.wait.as_deref())
            }
        }
    };
    ($name:ident { $($own:tt)* } $(in pages #[$limit:meta] $(then { $($rest:tt)* })?)?) => {
        reading_query!(@declare $name {
            $($own)*
            /// Wait until the answer includes this position.
            #[schemars(with = "Option<words::PositionNumber>")]
            min_position,
            /// The longest wait, in seconds.
            #[schemars(with = "Option<words::WaitSeconds>")]
            wait,
            $(
                /// Maximum number of rows of the page.
                #[$limit]
                limit,
                /// `next_cursor` of the previous page.
                cursor,
                $($($rest)*)?
            )?
        });
    };
}

reading_query!(SalesQuery {
    /// The first day included.
    #[schemars(with = "Option<words::Day>")]
    from,
    /// The last day included.
    #[schemars(with = "Option<words::Day>")]
    to,
    /// The key that rows are grouped by; `day` by default.
    #[schemars(with = "Option<words::SalesKey>")]
    by,
    /// Only this site.
    #[schemars(with = "Option<uuid::Uuid>")]
    site,
    /// Only this currency.
    #[schemars(with = "Option<words::CurrencyCode>")]
    currency,
    /// The report as of a past position or instant.
    as_of,
} in pages #[schemars(with = "Option<u64>", range(min = 1, max = REPORT_ROWS_MAX))] then {
    /// `csv` or `json`; `json` by default.
    #[schemars(with = "Option<words::ReportFormat>")]
    format,
});

reading_query!(StockReportQuery {
    /// Only this site.
    #[schemars(with = "Option<uuid::Uuid>")]
    site,
    /// Only this product.
    product,
    /// The report as of a past position or instant.
    as_of,
} in pages #[schemars(with = "Option<u64>", range(min = 1, max = REPORT_ROWS_MAX))] then {
    /// `csv` or `json`; `json` by default.
    #[schemars(with = "Option<words::ReportFormat>")]
    format,
});

reading_query!(StockListQuery {
    /// Only this site.
    #[schemars(with = "Option<uuid::Uuid>")]
    site,
    /// Only this product.
    product,
} in pages #[schemars(with = "Option<words::PageLimit>")]);

reading_query!(ListPageQuery {} in pages #[schemars(with = "Option<words::PageLimit>")]);

reading_query!(DocumentQuery {
    /// Only this site.
    #[schemars(with = "Option<uuid::Uuid>")]
    site,
    /// Only documents with this number.
    reference,
} in pages #[schemars(with = "Option<words::PageLimit>")]);

reading_query!(OneQuery {});

/// The format of the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    Json,
    Csv,
}

/// Refuses an invalid parameter.
pub(super) fn bad(name: &str, value: &str, needed: &str) -> Problem {
    Problem::new(ErrorCode::InvalidParameter, format!("{name}={value:?}: {needed}")).at(name.to_owned())
}

/// `YYYY-MM-DD`.
pub(super) fn day(name: &str, text: Option<&str>) -> Result<Option<Date>, Problem> {
    let read = |text: &str| {
        // jiff also accepts week dates and dates with a time.
        let plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        plain.then(|| text.parse().ok()).flatten().ok_or_else(|| bad(name, text, "a day is written 2010-12-31"))
    };
    text.map(read).transpose()
}

pub(super) fn site(text: Option<&str>) -> Result<Option<SiteId>, Problem> {
    text.map(|text| text.parse().map_err(|_| bad("site", text, "a site is named by its UUID"))).transpose()
}

pub(super) fn currency(text: Option<&str>) -> Result<Option<Currency>, Problem> {
    let read = |text: &str| Currency::parse(text).ok_or_else(|| bad("currency", text, "three capital letters, as EUR"));
    text.map(read).transpose()
}

pub(super) fn position(name: &str, text: Option<&str>) -> Result<Option<Position>, Problem> {
    let read = |text: &str| {
        let number = text.parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok());
        number.map(Position).ok_or_else(|| bad(name, text, "a position is a whole number from 0"))
    };
    text.map(read).transpose()
}

/// `min_position` and `wait`. Without `min_position` nothing is awaited; without `wait` the longest wait applies.
fn wait_for(min_position: Option<&str>, wait: Option<&str>) -> Result<WaitFor, Problem> {
    let seconds = |text: &str| {
        let number = text.parse::<u64>().ok().filter(|number| *number <= WAIT_SECONDS_MAX);
        number.ok_or_else(|| bad("wait", text, &format!("a number of seconds from 0 to {WAIT_SECONDS_MAX}")))
    };
    let within = Duration::from_secs(wait.map_or(Ok(WAIT_SECONDS_MAX), seconds)?);
    Ok(WaitFor { position: position("min_position", min_position)?.unwrap_or(Position::ZERO), within })
}

/// `by`; `day` by default.
pub(super) fn grouping(by: Option<&str>) -> Result<SalesGrouping, Problem> {
    let read = |by: &str| {
        let needed = "day, month, site, product, country, customer, user or entity";
        SalesGrouping::parse(by).ok_or_else(|| bad("by", by, needed))
    };
    by.map_or(Ok(SalesGrouping::Day), read)
}

/// A name, such as a product's.
pub(super) fn name(field: &str, text: Option<&str>) -> Result<Option<Name>, Problem> {
    text.map(|text| Name::new(text).map_err(|error| bad(field, text, &error.to_string()))).transpose()
}

/// A position or an RFC 3339 instant.
pub(super) fn as_of(text: Option<&str>) -> Result<Option<AsOf>, Problem> {
    let Some(text) = text else { return Ok(None) };
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(position("as_of", Some(text))?.map(AsOf::Position));
    }
    // In a query a bare `+` is a space: the offset of 2010-12-01T08:26:00+01:00 arrives without its sign.
    instant::parse(&text.replace(' ', "+"))
        .map(|at| Some(AsOf::Time(at)))
        .ok_or_else(|| bad("as_of", text, "a position, or an instant such as 2010-12-01T08:26:00Z"))
}

/// `format=json|csv`; without it the format that `Accept` prefers.
pub(super) fn format(text: Option<&str>, headers: &HeaderMap) -> Result<Format, Problem> {
    match text {
        Some("json") => Ok(Format::Json),
        Some("csv") => Ok(Format::Csv),
        Some(other) => Err(bad("format", other, "json or csv")),
        None => {
            let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let named = |kind: &str| accept.find(kind);
            let csv_first = match (named("text/csv"), named("application/json")) {
                (Some(csv), Some(json)) => csv < json,
                (csv, _) => csv.is_some(),
            };
            Ok(if csv_first { Format::Csv } else { Format::Json })
        }
    }
}

/// `limit` and `cursor` of a report. Without a limit the whole report is returned.
pub(super) fn report_page(limit: Option<&str>, cursor: Option<&str>, keys: usize) -> Result<Option<RowPage>, Problem> {
    match limit {
        None if cursor.is_some() => Err(bad("limit", "", "a cursor goes with the limit it was given for")),
        None => Ok(None),
        Some(_) => row_page(limit, cursor, keys, REPORT_ROWS_MAX).map(Some),
    }
}

/// `limit` and `cursor` of a list. A page has at most [`PAGE_ROWS_MAX`] rows, which is also the default.
pub(super) fn list_page(limit: Option<&str>, cursor: Option<&str>, keys: usize) -> Result<RowPage, Problem> {
    row_page(limit, cursor, keys, PAGE_ROWS_MAX)
}

fn row_page(limit: Option<&str>, cursor: Option<&str>, keys: usize, max: usize) -> Result<RowPage, Problem> {
    let limit = match limit {
        None => max,
        Some(text) => {
            let number = text.parse::<usize>().ok().filter(|number| (1..=max).contains(number));
            number.ok_or_else(|| bad("limit", text, &format!("a number from 1 to {max}")))?
        }
    };
    let read = |text| read_cursor(text, keys).ok_or_else(|| bad("cursor", text, "a next_cursor of this list"));
    let after = cursor.map(read).transpose()?;
    Ok(RowPage { limit, after })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reporting::write_cursor;

    #[test]
    fn as_of_is_a_position_or_an_instant_even_where_its_plus_became_a_space() {
        assert_eq!(as_of(Some("42")).unwrap(), Some(AsOf::Position(Position(42))));
        let at = instant::parse("2010-12-01T07:26:00Z").unwrap();
        assert_eq!(as_of(Some("2010-12-01T08:26:00 01:00")).unwrap(), Some(AsOf::Time(at)));
        for wrong in ["", "yesterday", "-1", "99999999999999999999"] {
            let problem = as_of(Some(wrong)).map(|_| ()).err();
            assert_eq!(problem.map(|problem| problem.code), Some("INVALID_PARAMETER".to_owned()), "{wrong:?}");
        }
    }

    #[test]
    fn a_day_is_written_one_way() {
        assert_eq!(day("from", Some("2010-12-31")).unwrap(), Some(jiff::civil::date(2010, 12, 31)));
        for wrong in ["2010-13-01", "2010-W52-5", "20101231", "2010-12-31T00:00:00", ""] {
            assert!(day("from", Some(wrong)).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_cursor_survives_its_text_and_nothing_else_is_one() {
        let cursor = write_cursor(&[Some("a/b é"), None]);
        let page = list_page(Some("10"), Some(&cursor), 2).unwrap();
        assert_eq!(page, RowPage { limit: 10, after: Some(vec![Some("a/b é".to_owned()), None]) });
        for wrong in ["", "zz", "5b5d", &write_cursor(&[Some("one key")])] {
            assert!(list_page(None, Some(wrong), 2).is_err(), "{wrong:?}");
        }
        for wrong in ["0", "1001", "-1", "ten"] {
            assert!(list_page(Some(wrong), None, 2).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_caller_chooses_csv_by_parameter_or_by_accept() {
        let accept = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, value.parse().unwrap());
            format(None, &headers).unwrap()
        };
        assert_eq!(accept("text/csv, application/json"), Format::Csv);
        assert_eq!(accept("application/json, text/csv;q=0.5"), Format::Json);
        assert_eq!(accept("*/*"), Format::Json);
        assert_eq!(format(Some("csv"), &HeaderMap::new()).unwrap(), Format::Csv);
        assert!(format(Some("xml"), &HeaderMap::new()).is_err());
    }
}
