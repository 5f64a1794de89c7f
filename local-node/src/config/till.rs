//! Settings of the till.

use comptoir_core::money::Currency;

use super::ConfigError;

/// How the screens of the till begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TillConfig {
    /// `TILL_SESSIONS`: whether the screens ask for the float before the first sale. A program may sell in any case.
    pub asks_for_float: bool,
    /// `TILL_CURRENCY`; that of the products where absent.
    pub currency: Option<Currency>,
}

impl Default for TillConfig {
    fn default() -> TillConfig {
        TillConfig { asks_for_float: true, currency: None }
    }
}

impl TillConfig {
    /// Reads `TILL_SESSIONS` and `TILL_CURRENCY`.
    pub fn from_settings(get: &dyn Fn(&str) -> Option<String>, wrong: &mut Vec<ConfigError>) -> TillConfig {
        let mut refuse = |setting, value: String, needed| {
            wrong.push(ConfigError::Invalid { setting, value, needed });
        };
        let asks_for_float = match get("TILL_SESSIONS") {
            None => true,
            Some(word) if word == "ask" => true,
            Some(word) if word == "off" => false,
            Some(other) => {
                refuse("TILL_SESSIONS", other, "ask or off is needed");
                true
            }
        };
        let currency = get("TILL_CURRENCY").and_then(|text| {
            let currency = Currency::parse(&text);
            if currency.is_none() {
                refuse("TILL_CURRENCY", text, "three capital letters are needed, such as EUR");
            }
            currency
        });
        TillConfig { asks_for_float, currency }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sessions: &str, currency: &str) -> (TillConfig, usize) {
        let get = |name: &str| match name {
            "TILL_SESSIONS" => Some(sessions.to_owned()).filter(|text| !text.is_empty()),
            "TILL_CURRENCY" => Some(currency.to_owned()).filter(|text| !text.is_empty()),
            other => panic!("{other}"),
        };
        let mut wrong = Vec::new();
        (TillConfig::from_settings(&get, &mut wrong), wrong.len())
    }

    #[test]
    fn a_till_asks_for_its_float_unless_a_setting_says_otherwise() {
        assert_eq!(read("", ""), (TillConfig::default(), 0));
        assert_eq!(read("ask", "GBP").0.currency, Currency::parse("GBP"));
        assert!(!read("off", "").0.asks_for_float);
        assert_eq!(read("never", "pounds").1, 2);
    }
}
