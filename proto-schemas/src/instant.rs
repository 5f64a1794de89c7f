//! Instants as text: RFC 3339 in UTC, microseconds, `2010-12-01T08:26:00Z`.

use comptoir_core::time::Timestamp;
use jiff::fmt::temporal::Pieces;

/// Parses an RFC 3339 instant in any offset; `None` if it is not one or is outside the years 1 to 9999.
pub fn parse(text: &str) -> Option<Timestamp> {
    let instant: jiff::Timestamp = text.parse().ok()?;
    let micros = Timestamp(instant.as_microsecond());
    (Timestamp::MIN..=Timestamp::MAX).contains(&micros).then_some(micros)
}

/// The same, in UTC if the text has no offset: the documents of phones and desktops define no zone for a device.
pub fn parse_or_utc(text: &str) -> Option<Timestamp> {
    parse(text).or_else(|| parse(&format!("{text}Z")))
}

/// Why [`parse`] refuses a text: it is no instant of the standard, such as RFC 3339, or one outside the range.
pub fn refusal(text: &str, standard: &str) -> String {
    let is_instant = Pieces::parse(text).is_ok_and(|pieces| pieces.time().is_some());
    if is_instant && parse(&format!("{text}Z")).is_none() {
        let (min, max) = (format(Timestamp::MIN), format(Timestamp::MAX));
        return format!("{text:?} is out of range: an instant lies between {min} and {max}");
    }
    format!("{text:?} is no {standard} instant such as 2026-01-07T10:00:00Z")
}

/// Writes an instant in UTC, with as many decimals as it needs.
pub fn format(at: Timestamp) -> String {
    match jiff::Timestamp::from_microsecond(at.0) {
        Ok(instant) => instant.to_string(),
        Err(_) => format!("{}us", at.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_survives_its_text() {
        let at = parse("2010-12-01T09:26:00.5+01:00").unwrap();
        assert_eq!(format(at), "2010-12-01T08:26:00.5Z");
        assert_eq!(parse(&format(at)), Some(at));
        assert_eq!(parse("2010-12-01 08:26"), None);
        assert_eq!(parse("yesterday"), None);
        assert_eq!(parse_or_utc("2010-12-01 08:26:00.5"), Some(at));
        assert_eq!(parse_or_utc("2010-12-01T09:26:00.5+01:00"), Some(at));
    }

    /// O5.
    #[test]
    fn an_instant_outside_the_range_is_not_called_malformed() {
        for text in ["9999-12-31T00:00:00Z", "9999-12-31T00:00:00", "0000-12-31T23:00:00+00:00"] {
            assert_eq!(parse(text), None);
            let expected = format!(
                "{text:?} is out of range: an instant lies between 0001-01-01T00:00:00Z and 9999-12-30T00:00:00Z"
            );
            assert_eq!(refusal(text, "RFC 3339"), expected);
        }
        // Without an offset, and without a time.
        for text in ["2026-01-07T10:00:00", "2026-01-07", "yesterday", "9999-99-99T00:00:00Z", ""] {
            let expected = format!("{text:?} is no RFC 3339 instant such as 2026-01-07T10:00:00Z");
            assert_eq!(refusal(text, "RFC 3339"), expected);
        }
    }
}
