//! Instants as text: RFC 3339 in UTC, microseconds, `2010-12-01T08:26:00Z`.

use comptoir_core::time::Timestamp;

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
}
