//! Prints receipts of the log on the shop's printer. What is printed was durable before, and each print is an AUDIT event before
//! its first byte leaves: so of one receipt there is one original, and every later print says DUPLICATA.

mod escpos;
pub(crate) mod layout;
pub(crate) mod till_report;

use std::io;
use std::time::Duration;

use comptoir_core::event::{Content, Draft};
use comptoir_core::fact::{Fact, Refund, Sale};
use comptoir_core::id::{EventId, Name};
use comptoir_core::time::Timestamp;
use comptoir_proto::payload::PayloadError;
use comptoir_proto::stored_v1;
use comptoir_proto::till_v1::TillSession;
use jiff::tz::TimeZone;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

use crate::blocking::blocking;
use crate::config::PrinterConfig;
use crate::event_log::{AppendError, Found, Log, ReadError};
use crate::till::Closing;

/// A printer that is switched on answers at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// For a whole receipt, which a printer takes into its memory.
const WRITE_TIMEOUT: Duration = Duration::from_secs(15);
/// Prints of one receipt.
const COPIES_MAX: u32 = 1_000;

/// Why nothing, or not everything, was printed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrintError {
    /// There is no such event.
    #[error("this node's log has no event {0}")]
    Unknown(EventId),
    /// The event is no sale, refund, cancelled sale or closing.
    #[error("event {id} is {action}; only sales, refunds, cancelled sales and closings of the till are printed")]
    NoReceipt { id: EventId, action: String },
    /// `RECEIPT_PRINTER` is not set.
    #[error("this node has no printer; set RECEIPT_PRINTER to its host and port")]
    NoPrinter,
    /// Nothing was printed or recorded.
    #[error("the printer at {address} cannot be reached, nothing was printed: {error}")]
    Unreachable { address: String, error: io::Error },
    /// The print is recorded, so the next one is a duplicate.
    #[error("the connection to the printer at {address} broke; the receipt may be printed in part: {error}")]
    Broken { address: String, error: io::Error },
    #[error("{0} receipts were printed of event {1}, no more are")]
    TooMany(u32, EventId),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error(transparent)]
    Payload(#[from] PayloadError),
    #[error("a record of the log does not read: {0}")]
    Record(#[from] stored_v1::DecodeError),
}

/// What a receipt is about.
#[derive(Clone, Debug)]
enum Receipt {
    Sale(Sale),
    Training(Sale),
    Refund(Refund),
    Cancelled(Refund),
}

impl Receipt {
    fn sale(&self) -> &Sale {
        match self {
            Receipt::Sale(sale) | Receipt::Training(sale) => sale,
            Receipt::Refund(refund) | Receipt::Cancelled(refund) => &refund.sale,
        }
    }
}

/// What is printed of an event.
enum Printable {
    Receipt(Box<layout::Printed>),
    Closing(Box<Closing>),
}

impl Printable {
    fn read(id: EventId, found: &Found) -> Result<Printable, PrintError> {
        let event = stored_v1::decode(&found.sealed.record)?;
        if event.content.action.as_str() == "TILL_CLOSED" {
            let no_report = || PrintError::NoReceipt { id, action: "a TILL_CLOSED that does not read".to_owned() };
            return Ok(Printable::Closing(Box::new(Closing::read(found.clone()).ok_or_else(no_report)?)));
        }
        Ok(Printable::Receipt(Box::new(layout::Printed::read(id, found)?)))
    }

    /// The bytes for the printer, in the time zone of this machine.
    fn bytes(&self, config: &PrinterConfig, copy: u32, address_of: impl FnOnce(&str) -> String) -> Vec<u8> {
        let zone = TimeZone::system();
        match self {
            Printable::Receipt(receipt) => receipt.bytes_in(&zone, config, copy, &address_of(receipt.path())),
            Printable::Closing(closing) => {
                let record = (closing.closed_at, address_of(&closing.path));
                till_report::z_report(&zone, config, copy, &closing.report, (record.0, &record.1))
            }
        }
    }
}

/// Prints the receipt of an event. `address_of` makes the text of its QR code from its path. Returns which print it was: 1 is the
/// original.
pub(crate) async fn print_receipt(
    log: &Log,
    config: Option<&PrinterConfig>,
    id: EventId,
    user: Option<Name>,
    address_of: impl FnOnce(&str) -> String,
) -> Result<u32, PrintError> {
    let config = config.ok_or(PrintError::NoPrinter)?;
    let (found, printable) = printable(log, id).await?;
    let mut printer = connect(config).await?;
    let copy = record_print(log, id, &found, user).await?;
    let bytes = printable.bytes(config, copy, address_of);
    send(&mut printer, config, &bytes).await?;
    Ok(copy)
}

/// Records a print that a browser makes, where the shop has no printer. Returns which print it is.
pub(crate) async fn record_print_on_page(log: &Log, id: EventId, user: Option<Name>) -> Result<u32, PrintError> {
    let (found, _) = printable(log, id).await?;
    record_print(log, id, &found, user).await
}

/// Prints the report of the open session. It is no document of the log, so it is not recorded.
pub(crate) async fn print_x_report(
    config: Option<&PrinterConfig>,
    session: &TillSession,
    at: Timestamp,
) -> Result<(), PrintError> {
    let config = config.ok_or(PrintError::NoPrinter)?;
    let mut printer = connect(config).await?;
    send(&mut printer, config, &till_report::x_report(&TimeZone::system(), config, session, at)).await
}

async fn printable(log: &Log, id: EventId) -> Result<(Found, Printable), PrintError> {
    let reader = log.clone();
    let found = blocking(move || reader.find(id)).await?.ok_or(PrintError::Unknown(id))?;
    let printable = Printable::read(id, &found)?;
    Ok((found, printable))
}

async fn send(printer: &mut TcpStream, config: &PrinterConfig, bytes: &[u8]) -> Result<(), PrintError> {
    let broken = |error| PrintError::Broken { address: config.address.clone(), error };
    let written = timeout(WRITE_TIMEOUT, async {
        printer.write_all(bytes).await?;
        // The printer has everything when it has seen the end of the stream.
        printer.shutdown().await
    });
    written.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(broken)
}

async fn connect(config: &PrinterConfig) -> Result<TcpStream, PrintError> {
    let connected = timeout(CONNECT_TIMEOUT, TcpStream::connect(&config.address)).await;
    let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    connected.map_err(|error| PrintError::Unreachable { address: config.address.clone(), error })
}

/// Records the next print. Its event's id follows from the receipt and the number of the print, so of two prints at the same
/// time one is the second.
async fn record_print(log: &Log, id: EventId, found: &Found, user: Option<Name>) -> Result<u32, PrintError> {
    let event = stored_v1::decode(&found.sealed.record)?;
    for copy in 1..=COPIES_MAX {
        let print = Uuid::new_v5(&log.identity().node.uuid(), format!("RECEIPT_PRINTED/{id}/{copy}").as_bytes());
        let (print, reader) = (EventId::new(print), log.clone());
        if blocking(move || reader.find(print)).await?.is_some() {
            continue;
        }
        let name = |text: &str| Name::new(text).expect("a constant or a UUID is a name");
        let action = if copy == 1 { "RECEIPT_PRINTED" } else { "RECEIPT_REPRINTED" };
        let subject =
            json!({ "entity_type": event.content.entity_type.as_str(), "entity_id": event.content.entity_id.as_str() });
        let payload = json!({ "action": action, "subject": subject, "context": {} });
        let content = Content {
            site: Some(log.identity().site),
            user: user.clone(),
            ..Content::new(
                name("AUDIT"),
                name(&print.to_string()),
                name("AUDIT_RECORDED"),
                payload.to_string().into_bytes(),
            )
        };
        let appended = log.append(vec![Draft { id: print, occurred_at: None, content }]).await;
        match appended {
            Ok(appended) if appended.iter().all(|one| !one.duplicate) => return Ok(copy),
            // Another print took the number.
            Ok(_) | Err(AppendError::EventIdReused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(PrintError::TooMany(COPIES_MAX, id))
}

fn receipt_of(id: EventId, action: &str, fact: Fact) -> Result<Receipt, PrintError> {
    match fact {
        Fact::SaleRecorded(sale) => Ok(Receipt::Sale(sale)),
        Fact::TrainingSaleRecorded(sale) => Ok(Receipt::Training(sale)),
        Fact::SaleRefunded(refund) => Ok(Receipt::Refund(refund)),
        Fact::SaleCancelled(refund) => Ok(Receipt::Cancelled(refund)),
        _ => Err(PrintError::NoReceipt { id, action: action.to_owned() }),
    }
}
