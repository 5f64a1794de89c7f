//! A report as CSV: a header, then cells of text or of decimals written as text. No floats are involved.

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cell<'a> {
    /// Text that a user typed: it may contain a formula.
    Text(&'a str),
    /// A number that central wrote: digits, a sign, a point.
    Number(&'a str),
    /// The value is unknown.
    Empty,
}

/// The content type of a table.
pub(crate) const CONTENT_TYPE: &str = "text/csv; charset=utf-8; header=present";

/// The whole table. Lines end with CR LF, as in RFC 4180.
pub(super) fn table<'a>(header: &[&str], rows: impl Iterator<Item = Vec<Cell<'a>>>) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row.into_iter().map(|cell| written(cell).into_bytes()))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// A spreadsheet reads a text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return as a formula, and would execute
/// a product's name. A leading apostrophe makes it text.
fn written(cell: Cell<'_>) -> String {
    match cell {
        Cell::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{text}"),
        Cell::Text(text) | Cell::Number(text) => text.to_owned(),
        Cell::Empty => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_would_be_a_formula_is_made_text_and_a_negative_number_stays_one() {
        let rows = [
            vec![Cell::Text("=cmd|' /C calc'!A0"), Cell::Number("-5")],
            vec![Cell::Text("a \"quoted\", name"), Cell::Empty],
        ];
        let csv = String::from_utf8(table(&["key", "quantity"], rows.into_iter()).unwrap()).unwrap();
        assert_eq!(csv, "key,quantity\r\n'=cmd|' /C calc'!A0,-5\r\n\"a \"\"quoted\"\", name\",\r\n");
    }
}
