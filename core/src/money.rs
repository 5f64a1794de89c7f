//! Amounts. Money is an integer of minor units; prices, costs and quantities are decimals. No floats.

use rust_decimal::{Decimal, RoundingStrategy};

/// A three-letter ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Three capital letters; `None` otherwise.
    pub fn parse(text: &str) -> Option<Currency> {
        let bytes: [u8; 3] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Currency(bytes))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII capitals are let in")
    }

    /// The decimals of its minor unit (ISO 4217): 0 for XOF and JPY, 3 for TND, otherwise 2.
    pub fn minor_digits(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

/// The largest quantity, price or cost: nine digits before the point, so that a product of two never loses a digit.
pub const INTEGER_DIGITS_MAX: usize = 9;
/// Decimals of a quantity.
pub const QUANTITY_SCALE_MAX: u32 = 4;
/// Decimals of a price or cost.
pub const PRICE_SCALE_MAX: u32 = 6;

/// Reads `-?digits[.digits]` exactly: at most nine digits before the point and `scale_max` after it. Nothing else is a decimal
/// here: no exponent, no plus sign, no bare point.
pub fn parse_decimal(text: &str, scale_max: u32) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (integer, fraction) = match digits.split_once('.') {
        Some((integer, fraction)) if !fraction.is_empty() => (integer, fraction),
        Some(_) => return None,
        None => (digits, ""),
    };
    let all_digits = integer.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    let fits = !integer.is_empty() && integer.len() <= INTEGER_DIGITS_MAX && fraction.len() <= scale_max as usize;
    (all_digits && fits).then(|| Decimal::from_str_exact(text).ok()).flatten()
}

/// An amount of major units as minor units, unrounded.
pub fn to_minor(amount: Decimal, currency: Currency) -> Decimal {
    amount * Decimal::from(10u64.pow(currency.minor_digits()))
}

/// A whole number of minor units as major units: 1234 EUR minor is 12.34.
pub fn from_minor(minor: i64, currency: Currency) -> Decimal {
    Decimal::new(minor, currency.minor_digits())
}

/// Rounds half up (away from zero), as each line of a receipt is rounded. `None` if it does not fit 64 bits.
pub fn round_half_up(amount: Decimal) -> Option<i64> {
    i64::try_from(amount.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)).ok()
}

/// A decimal as shown and compared: no trailing zeros, never `-0`.
pub fn plain(amount: Decimal) -> String {
    let amount = amount.normalize();
    if amount.is_zero() { "0".to_owned() } else { amount.to_string() }
}

/// A plain decimal amount of major units with at least its currency's decimals: `5.1` EUR is `5.10`, `8.885` EUR stays as it is.
pub fn padded(plain: &str, currency: Currency) -> String {
    let digits = currency.minor_digits() as usize;
    let decimals = plain.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let point = if decimals == 0 && digits > 0 { "." } else { "" };
    format!("{plain}{point}{}", "0".repeat(digits.saturating_sub(decimals)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_read_exactly_or_not_at_all() {
        assert_eq!(plain(parse_decimal("2.550", PRICE_SCALE_MAX).unwrap()), "2.55");
        assert_eq!(plain(parse_decimal("-0.0", PRICE_SCALE_MAX).unwrap()), "0");
        for bad in ["", "-", ".5", "5.", "1e3", "+1", "1 ", "1,5", "1234567890", "0.00001", "٣", "--1", "NaN"] {
            assert_eq!(parse_decimal(bad, QUANTITY_SCALE_MAX), None, "{bad:?}");
        }
    }

    #[test]
    fn a_line_is_rounded_half_up_in_its_own_minor_unit() {
        let euro = Currency::parse("EUR").unwrap();
        let dinar = Currency::parse("TND").unwrap();
        let price = parse_decimal("0.005", PRICE_SCALE_MAX).unwrap();
        assert_eq!(round_half_up(to_minor(price, euro)), Some(1));
        assert_eq!(round_half_up(to_minor(-price, euro)), Some(-1));
        assert_eq!(round_half_up(to_minor(price, dinar)), Some(5));
        assert_eq!(from_minor(1234, euro).to_string(), "12.34");
        assert_eq!(Currency::parse("eur"), None);
    }

    #[test]
    fn an_amount_has_at_least_its_currency_s_decimals() {
        let shown = |text: &str, currency: &str| padded(text, Currency::parse(currency).unwrap());
        assert_eq!(
            ["5", "5.1", "-5.1", "5.10", "8.885", "0"].map(|text| shown(text, "EUR")),
            ["5.00", "5.10", "-5.10", "5.10", "8.885", "0.00"]
        );
        assert_eq!((shown("5", "XOF"), shown("5.5", "XOF")), ("5".to_owned(), "5.5".to_owned()));
        assert_eq!((shown("5", "TND"), shown("5.25", "TND")), ("5.000".to_owned(), "5.250".to_owned()));
    }
}
