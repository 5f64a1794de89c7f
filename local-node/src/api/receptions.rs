//! Goods that come in. A reception is undone by an event that takes its own lots out again; nothing is changed or removed.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use comptoir_core::event::{Draft, Event};
use comptoir_core::id::{EventId, Name};
use comptoir_http_edge::{
    PAGE_ROWS, PathParams, ProblemResponse, RequestBody, idempotency_key, invalid_parameter, malformed_body,
    page_limit, read_query,
};
use comptoir_proto::api_v1::{AppendResponse, DraftDto, EventDto};
use comptoir_proto::commands_v1::ShopCommand;
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::openapi::words;
use comptoir_proto::payload::read_fact;
use comptoir_proto::problem::Problem;
use comptoir_proto::read_v1::{EntityRow, RowList};
use comptoir_proto::stored_v1;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use super::JSON_BYTES_MAX;
use super::authorize::Permitted;
use super::command::CommandResponse;
use super::costs::{self, PURCHASE_ORDER, UNIT_COST};
use super::draft::CheckedDraft;
use super::record::record_one;
use super::sales_list::{ReceiptNumber, before_cursor, event, newest_first};
use crate::blocking::blocking;
use crate::event_log::{Found, ReadError};
use crate::node::Node;
use crate::read_models;

const RECEIVED: &str = "GOODS_RECEIVED";
const RETURNED: &str = "GOODS_RETURNED";
/// The version of their payloads that knows orders and what is undone.
const SCHEMA_VERSION: u16 = 2;

/// `POST /api/v1/receptions`. A line without a cost gets that of its purchase order.
pub(super) async fn receive(permitted: Permitted, headers: HeaderMap, body: RequestBody) -> CommandResponse {
    let command = ShopCommand::ReceiveGoods;
    let key = idempotency_key(&headers)?;
    let body = body.json_or_nothing(JSON_BYTES_MAX).await?;
    let dto = command.draft(None, &body, permitted.node().author(), key)?;
    let checked = CheckedDraft::new(&permitted, &dto, None, 0).map_err(|problem| command.problem(problem))?;
    let node = permitted.node().clone();
    let checked = blocking(move || with_costs(&node, checked)).await?;
    let recorded = record_one(permitted.node(), checked).await;
    Ok(Json(recorded.map_err(|problem| command.problem(problem))?))
}

/// The draft with the costs of its purchase order on lines that name none. A retry gets those of the first attempt, so that it is
/// the same event.
fn with_costs(node: &Node, mut checked: CheckedDraft) -> Result<CheckedDraft, ReadError> {
    let payload: Value = serde_json::from_slice(&checked.draft.content.payload).unwrap_or_default();
    let Some(priced) = priced(node, &checked.draft, payload)? else { return Ok(checked) };
    let content = &mut checked.draft.content;
    let bytes = priced.to_string().into_bytes();
    // A cost that an order spells in another way than a payload may is left out.
    if let Ok((fact, None)) = read_fact(&content.entity_type, &content.action, content.schema_version, &bytes) {
        content.payload = bytes;
        checked.fact = fact;
    }
    Ok(checked)
}

/// The payload with costs; `None` if there is none to add.
fn priced(node: &Node, draft: &Draft, mut payload: Value) -> Result<Option<Value>, ReadError> {
    let order = payload["order"].as_str().and_then(|order| Name::new(order).ok());
    let lacks = |line: &Value| line.get(UNIT_COST).is_none();
    let (Some(order), true) = (order, payload["lines"].as_array().is_some_and(|lines| lines.iter().any(lacks))) else {
        return Ok(None);
    };
    let before = node.log().find(draft.id)?;
    let before = before.and_then(|found| stored_v1::decode(&found.sealed.record).ok()).map(|event| payload_of(&event));
    let known = match &before {
        Some(before) => before["lines"].clone(),
        None => order_lines(node, order)?,
    };
    let mut is_changed = false;
    for (at, line) in payload["lines"].as_array_mut().into_iter().flatten().enumerate() {
        let same = |other: &&Value| other["product"] == line["product"];
        let known = known.as_array();
        let cost = match before {
            Some(_) => known.and_then(|lines| lines.get(at)).filter(same),
            None => known.and_then(|lines| lines.iter().find(same)),
        };
        let cost = cost.and_then(|known| known[UNIT_COST].as_str()).map(str::to_owned);
        if lacks(line)
            && let (Some(cost), Some(line)) = (cost, line.as_object_mut())
        {
            line.insert(UNIT_COST.to_owned(), cost.into());
            is_changed = true;
        }
    }
    Ok(is_changed.then_some(payload))
}

/// The lines of a purchase order as this node knows it.
fn order_lines(node: &Node, order: Name) -> Result<Value, ReadError> {
    let Ok(entity_type) = Name::new(PURCHASE_ORDER) else { return Ok(Value::Null) };
    let target = read_models::entity(entity_type, order);
    let found = node.read_models().one::<EntityRow>(&target, node.sync_progress())?;
    let fields = found.and_then(|found| serde_json::from_str::<Value>(found.row.row.fields.get()).ok());
    Ok(fields.map_or(Value::Null, |mut fields| fields["lines"].take()))
}

fn payload_of(event: &Event) -> Value {
    serde_json::from_slice(&event.content.payload).unwrap_or_default()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReceptionsQuery {
    /// Only those of this purchase order.
    order: Option<String>,
    /// Maximum number of rows of the page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// `GET /api/v1/receptions`: the receptions of this node's log and what went back, newest first. A page may end early, since each
/// request looks at a bounded number of records.
pub(super) async fn list(
    State(node): State<Arc<Node>>,
    permitted: Permitted,
    uri: Uri,
) -> Result<Json<RowList<EventDto>>, ProblemResponse> {
    let ReceptionsQuery { order, limit, cursor } = read_query(&uri)?;
    let limit = page_limit(limit, PAGE_ROWS)?;
    let before = before_cursor(cursor)?;
    let log = node.log().clone();
    let keep = move |event: &Event| {
        event.content.entity_type.as_str() == "RECEPTION"
            && order.as_ref().is_none_or(|order| payload_of(event)["order"] == order.as_str())
    };
    let (found, next) = blocking(move || newest_first(&log, before, limit, &keep)).await?;
    let row = |found: &Found| event(&node, found).map(|event| costs::shown_to(permitted.caller(), event));
    let rows = found.iter().map(row).collect::<Result<_, _>>()?;
    Ok(Json(RowList { rows, next_cursor: next.map(ReceiptNumber::text) }))
}

/// Why a reception is undone.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReceptionCancellation")]
pub(super) struct Cancellation {
    /// Why, in the words of the person who undoes it.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

/// `POST /api/v1/receptions/{id}/cancel`: records that all goods of a reception went again. The event's id is derived from the
/// reception's, so that a reception is undone once, however often this is asked.
pub(super) async fn cancel(
    permitted: Permitted,
    PathParams(id): PathParams<String>,
    body: RequestBody,
) -> CommandResponse {
    let id: EventId =
        id.parse().map_err(|_| invalid_parameter("id", &id, "a reception is named by its event's UUID"))?;
    let body = body.json(JSON_BYTES_MAX).await?;
    let Cancellation { reason } = serde_json::from_slice(&body).map_err(|error| malformed_body(&error))?;
    if reason.trim().is_empty() {
        return Err(Problem::new(ErrorCode::MalformedBody, "say why the reception is undone").at("/reason").into());
    }
    let undoing = id.derived("undone");
    let log = permitted.node().log().clone();
    let (reception, before) = blocking(move || Ok::<_, ReadError>((log.find(id)?, log.find(undoing)?))).await?;
    let reception = reception.and_then(|found| stored_v1::decode(&found.sealed.record).ok());
    let missing = || Problem::new(ErrorCode::NotFound, format!("this node's log has no reception {id}"));
    let reception = reception.filter(|event| event.content.action.as_str() == RECEIVED).ok_or_else(missing)?;
    let dto = undo(&reception, undoing, &reason)?;
    // Its author may do it, also where it is done already.
    let checked = CheckedDraft::new(&permitted, &dto, None, 0)?;
    if let Some(before) = before {
        let done = comptoir_proto::api_v1::Appended {
            event_id: undoing.uuid(),
            seq: before.sealed.seq.0,
            chain: before.sealed.chain.to_string(),
            duplicate: true,
        };
        return Ok(Json(AppendResponse { results: vec![done] }));
    }
    Ok(Json(record_one(permitted.node(), checked).await?))
}

fn undo(reception: &Event, id: EventId, reason: &str) -> Result<DraftDto, Problem> {
    let received = payload_of(reception);
    let line = |line: &Value| {
        let mut gone = json!({ "product": line["product"], "quantity": line["quantity"] });
        if let Some(lot) = line.get("lot") {
            gone["lot"] = lot.clone();
        }
        gone
    };
    let lines: Vec<Value> = received["lines"].as_array().into_iter().flatten().map(line).collect();
    let mut payload = json!({ "lines": lines, "undoes": reception.content.entity_id.as_str(), "reason": reason });
    for member in ["supplier", "reference"] {
        if let Some(value) = received.get(member) {
            payload[member] = value.clone();
        }
    }
    let internal = |error: serde_json::Error| Problem::new(ErrorCode::Internal, error.to_string());
    Ok(DraftDto {
        id: Some(id.uuid()),
        entity_type: "RECEPTION".to_owned(),
        entity_id: reception.content.entity_id.to_string(),
        action: RETURNED.to_owned(),
        occurred_at: None,
        user: None,
        base_version: None,
        if_match: None,
        causation: Some(reception.id.uuid()),
        correlation: None,
        schema_version: Some(SCHEMA_VERSION),
        payload: to_raw_value(&payload).map_err(internal)?,
    })
}
