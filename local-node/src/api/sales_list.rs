//! The sales of this node as its log has them, for a till: the last ones, and one with its refunds. The number on a receipt is
//! `epoch-seq` of its record, so that no two receipts of a node share one.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use comptoir_core::event::{Content, Event};
use comptoir_core::id::EventId;
use comptoir_core::position::Seq;
use comptoir_http_edge::{PAGE_ROWS, PathParams, ProblemResponse, invalid_parameter, page_limit, read_query};
use comptoir_proto::api_v1::EventDto;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use comptoir_proto::read_v1::RowList;
use comptoir_proto::shop_v1::SaleAndRefunds;
use comptoir_proto::stored_v1;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::events::shown;
use crate::blocking::blocking;
use crate::event_log::{Found, Log, ReadError, Sealed};
use crate::node::Node;

/// Records read at a time.
const STRETCH: u64 = 64;
const STRETCH_BYTES: usize = 32 * 1024 * 1024;
/// Records that one request looks at. The answer says where it stopped.
const LOOKED_AT_MAX: u64 = 20_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SalesQuery {
    /// Maximum number of rows of the page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A place in the log, and what is printed as a receipt's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ReceiptNumber {
    epoch: u32,
    seq: u64,
}

impl ReceiptNumber {
    pub(super) fn parse(text: &str) -> Option<ReceiptNumber> {
        let (epoch, seq) = text.split_once('-')?;
        Some(ReceiptNumber { epoch: epoch.parse().ok()?, seq: seq.parse().ok()? })
    }

    pub(super) fn text(self) -> String {
        format!("{}-{}", self.epoch, self.seq)
    }
}

/// The place in the log that a cursor of a list newest first names.
pub(super) fn before_cursor(cursor: Option<String>) -> Result<Option<ReceiptNumber>, Problem> {
    let before = cursor.map(|text| {
        ReceiptNumber::parse(&text)
            .ok_or_else(|| invalid_parameter("cursor", &text, "give the `next_cursor` of the page before"))
    });
    before.transpose()
}

/// `GET /api/v1/sales`: sales and refunds, newest first.
pub(super) async fn list(State(node): State<Arc<Node>>, uri: Uri) -> Result<Json<RowList<EventDto>>, ProblemResponse> {
    let SalesQuery { limit, cursor } = read_query(&uri)?;
    let limit = page_limit(limit, PAGE_ROWS)?;
    let before = before_cursor(cursor)?;
    let log = node.log().clone();
    let (found, next) = blocking(move || newest_first(&log, before, limit, &|event| is_sale(&event.content))).await?;
    let rows = found.iter().map(|found| event(&node, found)).collect::<Result<_, _>>()?;
    Ok(Json(RowList { rows, next_cursor: next.map(ReceiptNumber::text) }))
}

/// `GET /api/v1/sales/{id}`: by the event's id or the receipt's number.
pub(super) async fn one(
    State(node): State<Arc<Node>>,
    PathParams(id): PathParams<String>,
) -> Result<Json<SaleAndRefunds>, ProblemResponse> {
    let log = node.log().clone();
    let asked = id.clone();
    let found = blocking(move || sale_and_refunds(&log, &asked)).await?;
    let (sale, refunds, is_complete) =
        found.ok_or_else(|| Problem::new(ErrorCode::NotFound, format!("this node's log has no sale {id}")))?;
    let refunds = refunds.iter().map(|found| event(&node, found)).collect::<Result<_, _>>()?;
    Ok(Json(SaleAndRefunds { sale: event(&node, &sale)?, refunds, is_complete }))
}

pub(super) fn event(node: &Node, found: &Found) -> Result<EventDto, ProblemResponse> {
    let is_open = found.epoch == node.log().head().epoch.number;
    let sending = if is_open { node.sync_progress().sending } else { None };
    shown(&found.sealed, found.decision.as_deref(), sending)
}

fn is_sale(content: &Content) -> bool {
    content.entity_type.as_str() == "SALE"
}

fn payload(event: &Event) -> Value {
    serde_json::from_slice(&event.content.payload).unwrap_or_default()
}

fn record_at(log: &Log, at: ReceiptNumber) -> Result<Option<Sealed>, ReadError> {
    if !log.epochs().iter().any(|epoch| epoch.number == at.epoch) || !(1..=log.last(at.epoch).0).contains(&at.seq) {
        return Ok(None);
    }
    Ok(log.read(at.epoch, Seq(at.seq), 1, STRETCH_BYTES)?.into_iter().next())
}

/// The newest record of an event, if it is the one at this place: after a restore an older epoch has it too.
fn newest_at(log: &Log, epoch: u32, sealed: &Sealed) -> Result<Option<Found>, ReadError> {
    let Ok(header) = stored_v1::header(&sealed.record) else { return Ok(None) };
    let found = log.find(header.event_id)?;
    Ok(found.filter(|found| (found.epoch, found.sealed.seq) == (epoch, sealed.seq)))
}

type FoundBackwards = (Vec<Found>, Option<ReceiptNumber>);

/// Events of one kind before a place, backwards, and where to go on; `None` at the log's beginning.
pub(super) fn newest_first(
    log: &Log,
    before: Option<ReceiptNumber>,
    limit: usize,
    keep: &dyn Fn(&Event) -> bool,
) -> Result<FoundBackwards, ReadError> {
    let (mut rows, mut looked_at) = (Vec::new(), 0);
    for epoch in log.epochs().into_iter().rev().map(|epoch| epoch.number) {
        let mut end = match before {
            Some(before) if epoch > before.epoch => continue,
            Some(before) if epoch == before.epoch => log.last(epoch).0.min(before.seq.saturating_sub(1)),
            _ => log.last(epoch).0,
        };
        while end > 0 {
            let first = end.saturating_sub(STRETCH - 1).max(1);
            for sealed in stretch(log, epoch, first, end)?.into_iter().rev() {
                let at = ReceiptNumber { epoch, seq: sealed.seq.0 };
                let is_one = stored_v1::decode(&sealed.record).is_ok_and(|event| keep(&event));
                if is_one && let Some(found) = newest_at(log, epoch, &sealed)? {
                    rows.push(found);
                    if rows.len() == limit {
                        return Ok((rows, Some(at)));
                    }
                }
            }
            looked_at += end - first + 1;
            if looked_at >= LOOKED_AT_MAX {
                return Ok((rows, Some(ReceiptNumber { epoch, seq: first })));
            }
            end = first - 1;
        }
    }
    Ok((rows, None))
}

/// The records of a stretch, all of them: large ones come in several reads.
fn stretch(log: &Log, epoch: u32, first: u64, last: u64) -> Result<Vec<Sealed>, ReadError> {
    let mut records: Vec<Sealed> = Vec::new();
    let mut from = first;
    while from <= last {
        let count = usize::try_from(last - from + 1).unwrap_or(usize::MAX);
        let read = log.read(epoch, Seq(from), count, STRETCH_BYTES)?;
        let Some(end) = read.last().map(|sealed| sealed.seq.0) else { break };
        records.extend(read);
        from = end + 1;
    }
    Ok(records)
}

type SaleFound = Option<(Found, Vec<Found>, bool)>;

/// A sale and the refunds after it that name it; whether all records after it were looked at.
fn sale_and_refunds(log: &Log, id: &str) -> Result<SaleFound, ReadError> {
    let Some(sale) = sale_named(log, id)? else { return Ok(None) };
    let Ok(event) = stored_v1::decode(&sale.sealed.record) else { return Ok(None) };
    if !is_sale(&event.content) || event.content.action.as_str() != "SALE_RECORDED" {
        return Ok(None);
    }
    let original = event.content.entity_id.as_str();
    let (mut refunds, mut looked_at) = (Vec::new(), 0);
    for epoch in log.epochs().into_iter().map(|epoch| epoch.number).filter(|number| *number >= sale.epoch) {
        let mut first = if epoch == sale.epoch { sale.sealed.seq.0 + 1 } else { 1 };
        let last = log.last(epoch).0;
        while first <= last {
            let end = last.min(first + STRETCH - 1);
            for sealed in stretch(log, epoch, first, end)? {
                let undoes = stored_v1::decode(&sealed.record).is_ok_and(|event| {
                    matches!(event.content.action.as_str(), "SALE_REFUNDED" | "SALE_CANCELLED")
                        && payload(&event)["original"] == original
                });
                if undoes {
                    refunds.extend(newest_at(log, epoch, &sealed)?);
                }
            }
            looked_at += end - first + 1;
            if looked_at >= LOOKED_AT_MAX && end < last {
                return Ok(Some((sale, refunds, false)));
            }
            first = end + 1;
        }
    }
    Ok(Some((sale, refunds, true)))
}

fn sale_named(log: &Log, id: &str) -> Result<Option<Found>, ReadError> {
    if let Ok(id) = id.parse::<EventId>() {
        return log.find(id);
    }
    let Some(at) = ReceiptNumber::parse(id) else { return Ok(None) };
    let Some(sealed) = record_at(log, at)? else { return Ok(None) };
    match stored_v1::header(&sealed.record) {
        Ok(header) => log.find(header.event_id),
        Err(_) => Ok(None),
    }
}
