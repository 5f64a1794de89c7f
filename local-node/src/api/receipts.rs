//! `GET /r/{code}`: whether a receipt is genuine, and its QR code. Anybody who has the receipt may ask, so the answer shows only
//! what the receipt shows.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use comptoir_core::id::EventId;
use comptoir_http_edge::{PathParams, ProblemResponse, RequestBody, invalid_parameter, malformed_body, receipt_answer};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::receipt_code::{NoReceiptCode, ReceiptCode};
use comptoir_proto::receipt_v1::{PrintRequest, PrintedReceipt, ReceiptProof};
use comptoir_proto::stored_v1;
use comptoir_proto::sync_v1::StoredResult;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

use super::authorize::Permitted;
use super::refusal::not_appended;
use crate::blocking::blocking;
use crate::event_log::{Log, ReadError};
use crate::node::Node;
use crate::receipt_printer::{PrintError, print_receipt, record_print_on_page};

/// Bytes of a request to print.
const PRINT_BYTES_MAX: usize = 1024;
/// A module of the QR code, in units of the picture.
const MODULE: u32 = 4;

pub(super) async fn receipt(
    State(node): State<Arc<Node>>,
    PathParams(code): PathParams<String>,
    headers: HeaderMap,
) -> Result<Response, ProblemResponse> {
    let (code, log) = (read_code(&code)?, node.log().clone());
    let proof = blocking(move || proof(&log, &code)).await?;
    Ok(receipt_answer(&proof, &headers))
}

/// The QR code of a receipt.
pub(super) async fn qr(
    State(node): State<Arc<Node>>,
    PathParams(code): PathParams<String>,
) -> Result<Response, ProblemResponse> {
    let code = read_code(&code)?;
    let address = address(&node, &code.path());
    let drawn = QrCode::with_error_correction_level(address.as_bytes(), EcLevel::M);
    let drawn = drawn.map_err(|error| Problem::new(ErrorCode::Internal, format!("{address}: {error}")))?;
    let picture = drawn.render::<svg::Color<'_>>().module_dimensions(MODULE, MODULE).build();
    Ok(([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, "no-store")], picture).into_response())
}

/// `POST /api/v1/events/{id}/print`.
pub(super) async fn print(
    permitted: Permitted,
    PathParams(id): PathParams<String>,
    body: RequestBody,
) -> Result<Json<PrintedReceipt>, ProblemResponse> {
    let node = permitted.node();
    let body = body.json_or_nothing(PRINT_BYTES_MAX).await?;
    let asked = if body.is_empty() { Ok(PrintRequest::default()) } else { serde_json::from_slice(&body) };
    let PrintRequest { on } = asked.map_err(|error| malformed_body(&error))?;
    let id: EventId = id.parse().map_err(|_| invalid_parameter("id", &id, "an event is named by its UUID"))?;
    let user = Some(permitted.caller().name());
    let printed = match on.as_deref() {
        None | Some("printer") => print_receipt(node.log(), node.printer(), id, user, |path| address(node, path)).await,
        Some("page") => record_print_on_page(node.log(), id, user).await,
        Some(other) => {
            let detail = format!("{other:?} prints nothing: printer or page is needed");
            return Err(Problem::new(ErrorCode::MalformedBody, detail).at("/on").into());
        }
    };
    Ok(Json(PrintedReceipt { copy: printed.map_err(refused)? }))
}

pub(super) fn refused(error: PrintError) -> Problem {
    let code = match error {
        PrintError::Unknown(_) => ErrorCode::NotFound,
        PrintError::NoReceipt { .. } => ErrorCode::NoReceipt,
        PrintError::NoPrinter => ErrorCode::PrinterMissing,
        PrintError::Unreachable { .. } => ErrorCode::PrinterUnreachable,
        PrintError::Broken { .. } => ErrorCode::PrintIncomplete,
        PrintError::TooMany(..) => ErrorCode::TooLarge,
        PrintError::Read(error) => return error.into(),
        PrintError::Append(error) => return not_appended(error),
        PrintError::Payload(_) | PrintError::Record(_) => ErrorCode::Internal,
    };
    Problem::new(code, error.to_string())
}

/// The address in a receipt's QR code: central's page, since a customer is not in the shop's network; this node's own path where
/// there is no central.
fn address(node: &Node, path: &str) -> String {
    let central = node.sync_config().central_url.as_ref();
    central.and_then(|url| url.join(path).ok()).map_or_else(|| path.to_owned(), String::from)
}

fn read_code(text: &str) -> Result<ReceiptCode, Problem> {
    text.parse().map_err(|error: NoReceiptCode| Problem::new(ErrorCode::NotFound, error.to_string()))
}

fn proof(log: &Log, code: &ReceiptCode) -> Result<ReceiptProof, ReadError> {
    let identity = log.identity();
    if (code.tenant, code.node) != (identity.tenant, identity.node) || code.seq > log.last(code.epoch) {
        return Ok(ReceiptProof::not_recorded());
    }
    let sealed = log.read(code.epoch, code.seq, 1, usize::MAX)?.into_iter().next().filter(|it| it.seq == code.seq);
    let Some(sealed) = sealed else { return Ok(ReceiptProof::not_recorded()) };
    let Ok(event) = stored_v1::decode(&sealed.record) else { return Ok(ReceiptProof::not_recorded()) };
    let decision = log.decision(code.epoch, code.seq)?;
    let decision = decision.and_then(|bytes| serde_json::from_slice::<StoredResult>(&bytes).ok());
    Ok(ReceiptProof::of(code, &event, sealed.chain, decision.map(|stored| stored.result.verdict)))
}
