//! Amounts as people read them.

use comptoir_core::money::{Currency, from_minor};
use comptoir_messages::Language;

/// Between groups of three digits, and before the currency, where French typography wants a space that does not break.
const NARROW_SPACE: char = '\u{202f}';

/// An amount of minor units with its currency: `1 234,50 €` in French, `1,234.50 €` in English. Other currencies have their code.
pub fn amount_text(minor: i64, currency: Currency, language: Language) -> String {
    let unit = if currency.as_str() == "EUR" { "€" } else { currency.as_str() };
    format!("{}{NARROW_SPACE}{unit}", number_text(minor, currency, language))
}

/// The same without the currency.
pub fn number_text(minor: i64, currency: Currency, language: Language) -> String {
    let (group, point) = match language {
        Language::French => (NARROW_SPACE, ','),
        Language::English => (',', '.'),
    };
    let plain = from_minor(minor, currency).to_string();
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain.as_str()), |digits| ("-", digits));
    let (whole, decimals) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut text = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(group);
        }
        text.push(digit);
    }
    if let Some(decimals) = decimals {
        text.push(point);
        text.push_str(decimals);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_written_as_its_reader_writes_it() {
        let text = |minor, currency: &str, language| amount_text(minor, Currency::parse(currency).unwrap(), language);
        assert_eq!(text(123_450, "EUR", Language::French), "1\u{202f}234,50\u{202f}€");
        assert_eq!(text(123_450, "EUR", Language::English), "1,234.50\u{202f}€");
        assert_eq!(text(-5, "GBP", Language::French), "-0,05\u{202f}GBP");
        assert_eq!(text(1_000_000, "XOF", Language::French), "1\u{202f}000\u{202f}000\u{202f}XOF");
        assert_eq!(text(999, "TND", Language::English), "0.999\u{202f}TND");
    }
}
