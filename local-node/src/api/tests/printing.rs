//! Prints on a printer that keeps what it receives.

use std::io;

use comptoir_core::id::EventId;
use comptoir_messages::Language;
use jiff::tz::TimeZone;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::Shop;
use super::shop::id;
use crate::config::PrinterConfig;
use crate::receipt_printer::layout::Printed;
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
