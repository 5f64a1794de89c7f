//! Reads one value of a row from its column and converts it, or returns the reason why it cannot.

use comptoir_core::money::{self, PRICE_SCALE_MAX, parse_decimal};
use comptoir_core::time::Timestamp;
use comptoir_proto::instant;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::mapping::{ConditionSpec, DecimalAs, FieldSpec, MappingError, Sign, WhenEmpty, meaningless};
use super::rows::{Header, SourceRow};

/// A field of the mapping, with its column resolved and its zone loaded.
#[derive(Debug)]
pub(super) struct Field {
    source: Source,
    spec: FieldSpec,
    zone: Option<TimeZone>,
}

#[derive(Debug)]
enum Source {
    Column(usize),
    Constant(String),
}

impl Field {
    pub(super) fn new(spec: &FieldSpec, header: &Header) -> Result<Field, MappingError> {
        let source = match (&spec.column, &spec.constant) {
            (Some(column), _) => Source::Column(header.column(column)?),
            (None, constant) => Source::Constant(constant.clone().unwrap_or_default()),
        };
        let zone = match &spec.zone {
            Some(name) => Some(
                TimeZone::get(name)
                    .or_else(|error| meaningless(format!("{name:?} is not an IANA time zone: {error}")))?,
            ),
            None => None,
        };
        Ok(Field { source, spec: spec.clone(), zone })
    }

    /// The value, `None` if it is absent, or the reason why it is invalid.
    pub(super) fn value(&self, row: &SourceRow) -> Result<Option<String>, String> {
        let column = match &self.source {
            Source::Constant(value) => return Ok(Some(value.clone())),
            Source::Column(column) => *column,
        };
        let text = row.text(column);
        let text = if self.spec.untrimmed { text } else { text.trim() };
        let text = self.spec.strip_suffix.as_deref().and_then(|end| text.strip_suffix(end)).unwrap_or(text);
        if text.is_empty() {
            return match (&self.spec.default, self.spec.empty) {
                (Some(default), _) => Ok(Some(default.clone())),
                (None, Some(WhenEmpty::Absent)) => Ok(None),
                (None, None) => Err(format!("{} is empty", self.name())),
            };
        }
        self.converted(text).map(Some)
    }

    fn converted(&self, text: &str) -> Result<String, String> {
        if let (Some(format), Some(zone)) = (&self.spec.datetime, &self.zone) {
            return instant(text, format, zone).map_err(|why| format!("{} {text:?}: {why}", self.name()));
        }
        let Some(conversion) = self.spec.decimal else { return Ok(text.to_owned()) };
        let number = parse_decimal(text, PRICE_SCALE_MAX);
        let number = number.ok_or_else(|| format!("{} {text:?} is not a decimal", self.name()))?;
        Ok(money::plain(match conversion {
            DecimalAs::AsIs => number,
            DecimalAs::Abs => number.abs(),
            DecimalAs::Negate => -number,
        }))
    }

    fn name(&self) -> &str {
        self.spec.column.as_deref().unwrap_or("the constant")
    }
}

/// Converts a wall-clock time to an instant. A time that the clock skipped or showed twice is read as most calendars do: after
/// the gap, and the first of the two.
fn instant(text: &str, format: &str, zone: &TimeZone) -> Result<String, String> {
    let civil = DateTime::strptime(format, text).map_err(|error| format!("is not {format:?}: {error}"))?;
    let zoned = civil.to_zoned(zone.clone()).map_err(|error| error.to_string())?;
    Ok(instant::format(Timestamp(zoned.timestamp().as_microsecond())))
}

/// A condition on one column, with its column resolved.
#[derive(Debug)]
pub(super) struct Condition {
    column: usize,
    spec: ConditionSpec,
}

impl Condition {
    pub(super) fn new(spec: &ConditionSpec, header: &Header) -> Result<Condition, MappingError> {
        Ok(Condition { column: header.column(&spec.column)?, spec: spec.clone() })
    }

    /// Whether it holds. A condition on the sign needs a number; the error is the reason why the row is bad.
    pub(super) fn holds(&self, row: &SourceRow) -> Result<bool, String> {
        let text = row.text(self.column).trim();
        if let Some(start) = &self.spec.starts_with {
            return Ok(text.starts_with(start.as_str()));
        }
        if let Some(whole) = &self.spec.equals {
            return Ok(text == whole);
        }
        let number = parse_decimal(text, PRICE_SCALE_MAX);
        let number = number.ok_or_else(|| format!("{} {text:?} is not a number", self.spec.column))?;
        Ok(match self.spec.sign {
            Some(Sign::Zero) => number.is_zero(),
            Some(Sign::Negative) => number.is_sign_negative() && !number.is_zero(),
            Some(Sign::Positive) | None => number.is_sign_positive() && !number.is_zero(),
        })
    }
}
