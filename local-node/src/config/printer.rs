//! Settings of the shop's receipt printer.

use comptoir_messages::Language;

use super::ConfigError;

/// Characters of a line, on 58 mm and 80 mm of paper.
const COLUMNS: [usize; 2] = [32, 42];
const HEADING_LINES_MAX: usize = 6;

/// The printer that receipts go to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PrinterConfig {
    /// `RECEIPT_PRINTER`: host and port of a printer that takes ESC/POS over TCP.
    pub address: String,
    /// `RECEIPT_COLUMNS`: characters of a line.
    pub columns: usize,
    /// `RECEIPT_HEADING`: the lines at the top, such as the shop's name and address.
    pub heading: Vec<String>,
    /// `RECEIPT_LANGUAGE`.
    pub language: Language,
}

impl PrinterConfig {
    /// `None` where the shop has no printer.
    pub(super) fn from_settings(
        get: &dyn Fn(&str) -> Option<String>,
        wrong: &mut Vec<ConfigError>,
    ) -> Option<PrinterConfig> {
        let mut refuse = |setting, value: &str, needed| {
            wrong.push(ConfigError::Invalid { setting, value: value.to_owned(), needed });
        };
        let address = get("RECEIPT_PRINTER")?;
        let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
        if !matches!(port, Some(Ok(1..))) {
            refuse("RECEIPT_PRINTER", &address, "a host and a port are needed, such as 192.168.1.20:9100");
        }
        let columns = get("RECEIPT_COLUMNS").unwrap_or_else(|| "42".to_owned());
        let is_known = |columns: &usize| COLUMNS.contains(columns);
        let columns = columns.parse().ok().filter(is_known).unwrap_or_else(|| {
            refuse("RECEIPT_COLUMNS", &columns, "32 or 42 is needed");
            COLUMNS[1]
        });
        let heading = get("RECEIPT_HEADING").unwrap_or_default();
        let lines: Vec<String> =
            heading.split('|').map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        if lines.len() > HEADING_LINES_MAX || lines.iter().any(|line| line.chars().count() > columns) {
            refuse(
                "RECEIPT_HEADING",
                &heading,
                "at most 6 lines, separated by |, of at most RECEIPT_COLUMNS characters",
            );
        }
        let language = match get("RECEIPT_LANGUAGE").as_deref() {
            None | Some("fr") => Language::French,
            Some("en") => Language::English,
            Some(other) => {
                refuse("RECEIPT_LANGUAGE", other, "fr or en is needed");
                Language::French
            }
        };
        Some(PrinterConfig { address, columns, heading: lines, language })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Option<PrinterConfig>, Vec<ConfigError>> {
        let get = |name: &str| settings.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned());
        let mut wrong = Vec::new();
        let read = PrinterConfig::from_settings(&get, &mut wrong);
        if wrong.is_empty() { Ok(read) } else { Err(wrong) }
    }

    #[test]
    fn without_an_address_there_is_no_printer() {
        assert_eq!(read(&[("RECEIPT_COLUMNS", "32")]), Ok(None));
    }

    #[test]
    fn a_printer_has_defaults_and_wrong_settings_are_all_named() {
        let config = read(&[("RECEIPT_PRINTER", "printer:9100"), ("RECEIPT_HEADING", "Café du Port | Brest")]);
        let config = config.expect("valid").expect("a printer");
        assert_eq!((config.columns, config.language), (42, Language::French));
        assert_eq!(config.heading, ["Café du Port", "Brest"]);
        for address in ["printer", ":9100", "printer:0", "printer:99999", "printer:"] {
            assert_eq!(read(&[("RECEIPT_PRINTER", address)]).unwrap_err().len(), 1, "{address}");
        }
        let wrong = [
            ("RECEIPT_PRINTER", "printer"),
            ("RECEIPT_COLUMNS", "80"),
            ("RECEIPT_HEADING", "a|b|c|d|e|f|g"),
            ("RECEIPT_LANGUAGE", "de"),
        ];
        assert_eq!(read(&wrong).unwrap_err().len(), 4);
    }
}
