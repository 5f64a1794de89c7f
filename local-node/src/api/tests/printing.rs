//! Prints on a printer that keeps what it receives.

use std::io;

use comptoir_core::id::EventId;
use comptoir_messages::Language;
use comptoir_proto::till_v1::{CountedCash, TillClosed, TillSession};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::Shop;
use super::shop::id;
use crate::config::PrinterConfig;
use crate::receipt_printer::layout::Printed;
use crate::receipt_printer::till_report::{x_report, z_report};
use crate::receipt_printer::{PrintError, print_receipt};

/// A printer on loopback: what each connection sent.
async fn printer() -> (PrinterConfig, tokio::sync::mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let (sent, received) = tokio::sync::mpsc::channel(10);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            connection.read_to_end(&mut bytes).await.expect("a whole receipt");
            let _ = sent.send(bytes).await;
        }
    });
    (config(address), received)
}

fn config(address: String) -> PrinterConfig {
    let heading = vec!["Café du Port".to_owned(), "Brest".to_owned()];
    PrinterConfig { address, columns: 32, heading, language: Language::French }
}

async fn sold(shop: &Shop) -> EventId {
    let sale = json!({
        "id": id(1), "entity_type": "SALE", "entity_id": "t-1", "action": "SALE_RECORDED",
        "payload": {
            "currency": "EUR", "total_minor": 2050, "receipt_no": "2026-00017",
            "lines": [
                { "product": "crepe", "quantity": "2", "unit_price": "2.55", "vat_rate": "10", "description": "Crêpe au sucre\u{1b}@" },
                { "product": "cidre", "quantity": "1", "unit_price": "16.4", "vat_rate": "20", "discount_minor": 100 },
            ],
            "payments": [{ "method": "espèces", "amount_minor": 2050 }],
        },
    });
    let reply = shop.post(&sale).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    EventId::new(id(1))
}

fn print<'a>(
    shop: &'a Shop,
    config: &'a PrinterConfig,
    id: EventId,
) -> impl Future<Output = Result<u32, PrintError>> + 'a {
    print_receipt(shop.node.log(), Some(config), id, None, |path| format!("https://c.example{path}"))
}

/// The golden bytes: a change of the layout is a change of this text.
#[tokio::test]
async fn a_receipt_is_these_bytes() {
    let shop = Shop::open().await;
    let id = sold(&shop).await;
    let found = shop.node.log().find(id).unwrap().expect("the sale is in the log");
    let printed = Printed::read(id, &found).unwrap();
    let bytes = printed.bytes_in(&TimeZone::UTC, &config("printer:9100".to_owned()), 2, "https://c.example/r/x");
    let expected = [
        "\x1b@\x1bt\x10",
        "\x1ba\x01\x1bE\x01Café du Port\n\x1bE\x00\x1ba\x00",
        "\x1ba\x01\x1bE\x00Brest\n\x1bE\x00\x1ba\x00",
        "\x1ba\x01\x1d!\x11DUPLICATA 1\n\x1d!\x00\x1ba\x00",
        "\x1ba\x01\x1bE\x01Vente\n\x1bE\x00\x1ba\x00",
        "N° 2026-00017\n",
        "15/01/2027 08:00\n",
        "--------------------------------\n",
        "Crêpe au sucre @\n",
        "  2 x 2,55                  5,10\n",
        "cidre\n",
        "  1 x 16,40 - 1,00         15,40\n",
        "--------------------------------\n",
        "\x1bE\x01Total                    20,50 \u{80}\n\x1bE\x00",
        "dont TVA 10 %               0,46\n",
        "dont TVA 20 %               2,57\n",
        "espèces                    20,50\n",
        "\x1ba\x01\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x05\x1d(k\x03\x001E1",
        "\x1d(k\x18\x001P0https://c.example/r/x\x1d(k\x03\x001Q0\x1ba\x00",
        "\x1bd\x04\x1dVB\x00",
    ];
    // In Windows-1252 each of these characters is the byte of its code point.
    let shown: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    assert_eq!(shown, expected.concat());
}

#[tokio::test]
async fn one_print_is_the_original_and_each_later_one_a_duplicate() {
    let shop = Shop::open().await;
    let id = sold(&shop).await;
    let (config, mut received) = printer().await;
    let copies = [
        print(&shop, &config, id).await.unwrap(),
        print(&shop, &config, id).await.unwrap(),
        print(&shop, &config, id).await.unwrap(),
    ];
    assert_eq!(copies, [1, 2, 3]);
    let mut has_mark = Vec::new();
    for _ in 0..3 {
        let bytes = received.recv().await.expect("a receipt");
        has_mark.push(String::from_utf8_lossy(&bytes).contains("DUPLICATA"));
    }
    assert_eq!(has_mark, [false, true, true]);
    let log = shop.get("/api/v1/events?last=3").await.json();
    let actions: Vec<&str> =
        log["events"].as_array().unwrap().iter().map(|event| event["payload"]["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["RECEIPT_PRINTED", "RECEIPT_REPRINTED", "RECEIPT_REPRINTED"]);
}

#[tokio::test]
async fn of_prints_at_the_same_time_one_is_the_original() {
    let shop = Shop::open().await;
    let id = sold(&shop).await;
    let (config, _received) = printer().await;
    let prints = futures_util::future::join_all((0..8).map(|_| print(&shop, &config, id))).await;
    let mut copies: Vec<u32> = prints.into_iter().map(Result::unwrap).collect();
    copies.sort_unstable();
    assert_eq!(copies, [1, 2, 3, 4, 5, 6, 7, 8]);
}

/// The till may try again: the paper that comes then is the original.
#[tokio::test]
async fn a_printer_that_is_off_uses_up_no_original() {
    let shop = Shop::open().await;
    let id = sold(&shop).await;
    let (config, mut received) = printer().await;
    let off = PrinterConfig { address: "127.0.0.1:1".to_owned(), ..config.clone() };
    assert!(matches!(print(&shop, &off, id).await, Err(PrintError::Unreachable { .. })));
    assert_eq!(print(&shop, &config, id).await.unwrap(), 1);
    assert!(!String::from_utf8_lossy(&received.recv().await.unwrap()).contains("DUPLICATA"));
}

#[tokio::test]
async fn what_is_no_sale_has_no_receipt() {
    let shop = Shop::open().await;
    let config = config("127.0.0.1:1".to_owned());
    let unknown = print(&shop, &config, EventId::new(id(9))).await;
    assert!(matches!(unknown, Err(PrintError::Unknown(_))), "{unknown:?}");
    let client = json!({ "id": id(2), "entity_type": "CLIENT", "entity_id": "c", "action": "CREATE", "payload": { "name": "Dup" } });
    assert_eq!(shop.post(&client).await.status, 200);
    let refused = print(&shop, &config, EventId::new(id(2))).await;
    assert!(matches!(refused, Err(PrintError::NoReceipt { .. })), "{refused:?}");
    // The shop of the tests has no printer.
    let path = format!("/api/v1/events/{}/print", id(2));
    shop.send("POST", &path, "application/json", "").await.problem(409, "PRINTER_MISSING");
    let none = print_receipt(shop.node.log(), None, EventId::new(id(2)), None, str::to_owned).await;
    assert!(matches!(none, Err(PrintError::NoPrinter)), "{none:?}");
    let error = io::Error::from(io::ErrorKind::TimedOut);
    let broken = PrintError::Broken { address: "printer:9100".to_owned(), error };
    assert!(broken.to_string().contains("may be printed in part"), "{broken}");
}

/// The shop without a printer: the browser prints, and the node says which print it is.
#[tokio::test]
async fn a_print_on_the_page_is_recorded_by_the_same_rule() {
    let shop = Shop::open().await;
    let event = sold(&shop).await;
    let path = format!("/api/v1/events/{event}/print");
    let print = async |body: &str| shop.send("POST", &path, "application/json", body.to_owned()).await;
    print("").await.problem(409, "PRINTER_MISSING");
    for copy in 1..=3 {
        assert_eq!(print(r#"{"on":"page"}"#).await.json(), json!({ "copy": copy }));
    }
    print(r#"{"on":"paper"}"#).await.problem(400, "MALFORMED_BODY");
    let log = shop.get("/api/v1/events?last=3").await.json();
    let actions = log["events"].as_array().unwrap().iter().map(|event| event["payload"]["action"].clone());
    assert_eq!(actions.collect::<Vec<_>>(), ["RECEIPT_PRINTED", "RECEIPT_REPRINTED", "RECEIPT_REPRINTED"]);
    // The shop buys a printer: its first print is a duplicate too.
    let (config, _received) = printer().await;
    assert_eq!(self::print(&shop, &config, event).await.unwrap(), 4);
}

fn session() -> TillSession {
    let sums = json!({
        "sales": 12, "sales_minor": 123_450, "refunds": 1, "refunds_minor": 290, "cash_in_minor": 5_000, "cash_out_minor": 2_000,
        "payments": [{ "method": "card", "amount_minor": 100_000 }, { "method": "cash", "amount_minor": 23_160 }],
        "taxes": [{ "rate": "5.5", "amount_minor": 1_200 }, { "rate": "20", "amount_minor": 16_000 }], "other_currencies": 2,
    });
    TillSession {
        id: id(7),
        number: 17,
        opened_at: "2027-01-15T08:00:00Z".to_owned(),
        opened_by: None,
        currency: "EUR".to_owned(),
        float_minor: 10_000,
        sums: serde_json::from_value(sums).unwrap(),
        expected_minor: 36_160,
        moves: Vec::new(),
    }
}

/// What both reports of that session say first.
const SUMS: [&str; 14] = [
    "--------------------------------\n",
    "Ventes (12)             1 234,50\n",
    "Remboursements (1)         -2,90\n",
    "\x1bE\x01Total                 1 231,60 \u{80}\n\x1bE\x00",
    "dont TVA 5,5 %             12,00\n",
    "dont TVA 20 %             160,00\n",
    "--------------------------------\n",
    "carte                   1 000,00\n",
    "esp\u{e8}ces                   231,60\n",
    "Dans une autre devise : 2\n",
    "--------------------------------\n",
    "Fond de caisse            100,00\n",
    "Entr\u{e9}es d'esp\u{e8}ces          50,00\n",
    "Sorties d'esp\u{e8}ces         -20,00\n",
];

/// The golden bytes of an X report.
#[test]
fn an_x_report_is_these_bytes() {
    let at = comptoir_core::time::Timestamp(1_800_000_000_000_000);
    let bytes = x_report(&TimeZone::UTC, &config("printer:9100".to_owned()), &session(), at);
    let head = [
        "\x1b@\x1bt\x10",
        "\x1ba\x01\x1bE\x01Café du Port\n\x1bE\x00\x1ba\x00",
        "\x1ba\x01\x1bE\x00Brest\n\x1bE\x00\x1ba\x00",
        "\x1ba\x01\x1bE\x01Rapport X, session 17\n\x1bE\x00\x1ba\x00",
        "Ouverture : 15/01/2027 08:00\n",
        "Édité : 15/01/2027 08:00\n",
    ];
    let end = ["\x1bE\x01Espèces attendues       361,60 \u{80}\n\x1bE\x00", "\x1bd\x04\x1dVB\x00"];
    let shown: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    assert_eq!(shown, [&head[..], &SUMS, &end].concat().concat());
}

/// The golden bytes of a Z report that is printed a second time.
#[test]
fn a_z_report_is_these_bytes() {
    let TillSession { number, opened_at, currency, float_minor, sums, expected_minor, .. } = session();
    let report = TillClosed {
        number,
        currency,
        opened_at,
        float_minor,
        sums,
        expected_minor,
        counted_minor: 36_000,
        difference_minor: -160,
        counted: vec![
            CountedCash { value_minor: 5_000, count: 7 },
            CountedCash { value_minor: 1_000, count: 1 },
            CountedCash { value_minor: 500, count: 0 },
        ],
        reason: Some("erreur de rendu".to_owned()),
        grand_total_minor: 12_345_678,
        unsent: 14,
    };
    let at = comptoir_core::time::Timestamp(1_800_000_000_000_000);
    let config = config("printer:9100".to_owned());
    let bytes = z_report(&TimeZone::UTC, &config, 2, &report, (at, "https://c.example/r/x"));
    let head = [
        "\x1b@\x1bt\x10",
        "\x1ba\x01\x1bE\x01Café du Port\n\x1bE\x00\x1ba\x00",
        "\x1ba\x01\x1bE\x00Brest\n\x1bE\x00\x1ba\x00",
        "\x1ba\x01\x1d!\x11DUPLICATA 1\n\x1d!\x00\x1ba\x00",
        "\x1ba\x01\x1bE\x01Rapport Z n° 17\n\x1bE\x00\x1ba\x00",
        "Ouverture : 15/01/2027 08:00\n",
        "Clôture : 15/01/2027 08:00\n",
    ];
    let end = [
        "Espèces attendues         361,60\n",
        "Espèces comptées          360,00\n",
        "\x1bE\x01Écart                    -1,60 \u{80}\n\x1bE\x00",
        "erreur de rendu\n",
        "  7 x 50,00               350,00\n",
        "  1 x 10,00                10,00\n",
        "--------------------------------\n",
        "\x1bE\x01Grand total         123 456,78 \u{80}\n\x1bE\x00",
        "À transmettre au siège : 14\n",
        "\x1ba\x01\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x05\x1d(k\x03\x001E1",
        "\x1d(k\x18\x001P0https://c.example/r/x\x1d(k\x03\x001Q0\x1ba\x00",
        "\x1bd\x04\x1dVB\x00",
    ];
    let shown: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    assert_eq!(shown, [&head[..], &SUMS, &end].concat().concat());
}

/// The Z report is printed as a receipt is: from the log, and each print is recorded.
#[tokio::test]
async fn a_closing_is_printed_like_a_receipt() {
    let shop = Shop::open().await;
    let send = async |what: &str, body: Value| {
        let path = format!("/api/v1/till/{what}");
        shop.send("POST", &path, "application/json", body.to_string()).await.json()
    };
    send("open", json!({ "float_minor": 100 })).await;
    let closed = send("close", json!({ "number": 1, "counted_minor": 100 })).await;
    let event: EventId = closed["id"].as_str().unwrap().parse().unwrap();
    let (config, mut received) = printer().await;
    assert_eq!(print(&shop, &config, event).await.unwrap(), 1);
    let paper = received.recv().await.unwrap();
    assert!(String::from_utf8_lossy(&paper).contains("Rapport Z n"), "{paper:?}");
    assert_eq!(print(&shop, &config, event).await.unwrap(), 2);
    let path = format!("/api/v1/events/{event}/print");
    let on_page = shop.send("POST", &path, "application/json", r#"{"on":"page"}"#).await;
    assert_eq!(on_page.json(), json!({ "copy": 3 }));
}

/// Paper that nobody takes for a receipt.
#[tokio::test]
async fn a_training_sale_is_marked_at_both_ends() {
    let shop = Shop::open().await;
    let sale = json!({
        "id": id(1), "entity_type": "TRAINING", "entity_id": "t-1", "action": "TRAINING_SALE_RECORDED",
        "payload": { "currency": "EUR", "total_minor": 200, "lines": [{ "product": "p", "quantity": "1", "unit_price": "2" }] },
    });
    assert_eq!(shop.post(&sale).await.status, 200);
    let (config, mut received) = printer().await;
    assert_eq!(print(&shop, &config, EventId::new(id(1))).await.unwrap(), 1);
    let paper: String = received.recv().await.unwrap().iter().map(|byte| char::from(*byte)).collect();
    assert_eq!(paper.matches("\x1d!\x11ÉCOLE\n").count(), 2, "{paper:?}");
}
