//! A receipt in ESC/POS, the command language of receipt printers, with the code page Windows-1252. Only commands that every such
//! printer has: initialise, code page, alignment, emphasis, size, QR code, feed, cut.

const INITIALISE: &[u8] = b"\x1b@";
const CODE_PAGE_1252: &[u8] = b"\x1bt\x10";
const LEFT: &[u8] = b"\x1ba\x00";
const CENTRE: &[u8] = b"\x1ba\x01";
const BOLD: &[u8] = b"\x1bE\x01";
const NOT_BOLD: &[u8] = b"\x1bE\x00";
const LARGE: &[u8] = b"\x1d!\x11";
const NORMAL: &[u8] = b"\x1d!\x00";
const FEED_AND_CUT: &[u8] = b"\x1bd\x04\x1dVB\x00";
/// QR code, model 2; a module of 5 dots; error correction M.
const QR_FORM: &[u8] = b"\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x05\x1d(k\x03\x001E1";
const QR_PRINT: &[u8] = b"\x1d(k\x03\x001Q0";
/// The longest text of a QR code; a receipt's address is far shorter.
const QR_BYTES_MAX: usize = 512;

/// A document for the printer, written from top to bottom.
pub(super) struct Document {
    bytes: Vec<u8>,
    columns: usize,
}

impl Document {
    pub(super) fn new(columns: usize) -> Document {
        Document { bytes: [INITIALISE, CODE_PAGE_1252].concat(), columns }
    }

    /// A centred line, emphasised or not.
    pub(super) fn title(&mut self, text: &str, is_bold: bool) {
        self.bytes.extend(CENTRE);
        self.bytes.extend(if is_bold { BOLD } else { NOT_BOLD });
        self.wrapped(text, self.columns);
        self.bytes.extend([NOT_BOLD, LEFT].concat());
    }

    /// A centred line of twice the size.
    pub(super) fn banner(&mut self, text: &str) {
        self.bytes.extend([CENTRE, LARGE].concat());
        self.wrapped(text, self.columns / 2);
        self.bytes.extend([NORMAL, LEFT].concat());
    }

    pub(super) fn line(&mut self, text: &str) {
        self.wrapped(text, self.columns);
    }

    /// A label on the left and an amount on the right, on one line or on two.
    pub(super) fn amount(&mut self, label: &str, amount: &str) {
        let (label, amount) = (encoded(label), encoded(amount));
        let gap = self.columns.saturating_sub(label.len() + amount.len());
        if gap == 0 {
            self.pieces(&label, self.columns);
        } else {
            self.bytes.extend(&label);
        }
        let gap = if gap == 0 { self.columns.saturating_sub(amount.len()) } else { gap };
        self.bytes.extend(std::iter::repeat_n(b' ', gap));
        self.bytes.extend(amount);
        self.bytes.push(b'\n');
    }

    pub(super) fn bold_amount(&mut self, label: &str, amount: &str) {
        self.bytes.extend(BOLD);
        self.amount(label, amount);
        self.bytes.extend(NOT_BOLD);
    }

    pub(super) fn rule(&mut self) {
        self.bytes.extend(std::iter::repeat_n(b'-', self.columns));
        self.bytes.push(b'\n');
    }

    /// A QR code; nothing if the text is too long for one.
    pub(super) fn qr(&mut self, text: &str) {
        let Ok(length) = u16::try_from(text.len() + 3) else { return };
        if text.len() > QR_BYTES_MAX {
            return;
        }
        self.bytes.extend(CENTRE);
        self.bytes.extend(QR_FORM);
        self.bytes.extend(b"\x1d(k");
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend(b"1P0");
        self.bytes.extend(text.as_bytes());
        self.bytes.extend(QR_PRINT);
        self.bytes.extend(LEFT);
    }

    pub(super) fn cut(mut self) -> Vec<u8> {
        self.bytes.extend(FEED_AND_CUT);
        self.bytes
    }

    fn wrapped(&mut self, text: &str, columns: usize) {
        self.pieces(&encoded(text), columns);
    }

    fn pieces(&mut self, text: &[u8], columns: usize) {
        for piece in text.chunks(columns.max(1)) {
            self.bytes.extend(piece);
            self.bytes.push(b'\n');
        }
    }
}

/// A text in Windows-1252. A control character is a space, since a product's description could otherwise command the printer;
/// what the code page lacks is a question mark.
fn encoded(text: &str) -> Vec<u8> {
    text.chars().map(byte_of).collect()
}

fn byte_of(character: char) -> u8 {
    match character {
        '\u{202f}' | '\u{2007}' | '\u{2009}' => b' ',
        '€' => 0x80,
        '‚' => 0x82,
        '„' => 0x84,
        '…' => 0x85,
        'Š' => 0x8a,
        'Œ' => 0x8c,
        'Ž' => 0x8e,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '•' => 0x95,
        '–' => 0x96,
        '—' => 0x97,
        'š' => 0x9a,
        'œ' => 0x9c,
        'ž' => 0x9e,
        'Ÿ' => 0x9f,
        _ if character.is_control() => b' ',
        _ => u8::try_from(u32::from(character)).unwrap_or(b'?'),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// A description, a number or a heading never becomes a command.
        #[test]
        fn no_text_becomes_a_command(text in "\\PC{0,80}|[\\x00-\\x1f\\x7f-\\x9f]{0,40}", columns in 1..50usize) {
            let mut document = Document::new(columns);
            let before = document.bytes.len();
            document.line(&text);
            document.amount(&text, "1,00");
            let written = &document.bytes[before..];
            prop_assert!(written.iter().all(|byte| *byte == b'\n' || *byte >= b' '), "{:?}", written);
            prop_assert!(written.split(|byte| *byte == b'\n').all(|line| line.len() <= columns.max(4)), "{:?}", written);
        }
    }

    #[test]
    fn french_letters_and_the_euro_have_their_code() {
        assert_eq!(encoded("Crème brûlée 1\u{202f}234,50 € Œuf"), b"Cr\xe8me br\xfbl\xe9e 1 234,50 \x80 \x8cuf");
        assert_eq!(encoded("漢\x1b@"), b"? @");
    }

    #[test]
    fn an_amount_is_on_the_right_of_its_label_or_below() {
        let mut document = Document::new(16);
        let before = document.bytes.len();
        document.amount("Total", "5,10 EUR");
        document.amount("A long description", "5,10 EUR");
        let text = String::from_utf8_lossy(&document.bytes[before..]).into_owned();
        assert_eq!(text, "Total   5,10 EUR\nA long descripti\non\n        5,10 EUR\n");
    }
}
