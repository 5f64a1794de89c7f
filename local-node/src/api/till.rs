//! The till's sessions: `docs/spec/till.md`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use comptoir_core::event::Content;
use comptoir_core::id::{EventId, Name};
use comptoir_core::money::Currency;
use comptoir_http_edge::{
    PAGE_ROWS, ProblemResponse, RequestBody, idempotency_key, invalid_parameter, malformed_body, page_limit, read_query,
};
use comptoir_proto::api_v1::{AppendResponse, EventDto};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::openapi::words;
use comptoir_proto::problem::Problem;
use comptoir_proto::read_v1::{EntityRow, RowList};
use comptoir_proto::till_v1::{CloseTill, MoveCash, OpenTill, TillState};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::JSON_BYTES_MAX;
use super::authorize::Permitted;
use super::draft::append_response;
use super::events::shown;
use super::receipts::refused as not_printed;
use super::refusal::not_appended;
use crate::blocking::blocking;
use crate::event_log::ReadError;
use crate::node::Node;
use crate::read_models::RowPage;
use crate::receipt_printer::print_x_report;
use crate::till::{TillAuthor, TillError, closing, last_closed};

/// Products that are asked for the shop's currency.
const PRODUCTS_ASKED: usize = 100;

/// `GET /api/v1/till`.
pub(super) async fn state(State(node): State<Arc<Node>>) -> Result<Json<TillState>, ProblemResponse> {
    Ok(Json(blocking(move || read(&node)).await?))
}

fn read(node: &Node) -> Result<TillState, ReadError> {
    Ok(TillState {
        currency: currency(node)?.as_str().to_owned(),
        asks_for_float: node.till_config().asks_for_float,
        session: node.till().current()?,
        last_closed: last_closed(node.log())?,
        unsent: node.log().pending()?.count,
    })
}

/// The setting, else what the products name, else the euro.
fn currency(node: &Node) -> Result<Currency, ReadError> {
    if let Some(currency) = node.till_config().currency {
        return Ok(currency);
    }
    let product = Name::new("PRODUCT").expect("a constant is a name");
    let page = RowPage { limit: PRODUCTS_ASKED, after: None };
    let rows = node.read_models().list::<EntityRow>(&product, &page, node.sync_progress(), |_| true)?;
    let named = rows.rows.iter().find_map(|row| {
        let fields: Value = serde_json::from_str(row.row.fields.get()).ok()?;
        Currency::parse(fields.get("currency")?.as_str()?)
    });
    Ok(named.unwrap_or_else(|| Currency::parse("EUR").expect("three capital letters")))
}

/// `POST /api/v1/till/open`.
pub(super) async fn open(permitted: Permitted, body: RequestBody) -> Result<Json<TillState>, ProblemResponse> {
    let asked: OpenTill = body_of(body).await?;
    let author = author(&permitted, "TILL_OPENED")?;
    let (node, reader) = (permitted.node().clone(), permitted.node().clone());
    let currency = blocking(move || currency(&reader)).await?;
    let till = node.till().clone();
    finished(tokio::spawn(async move { till.open(currency, asked, author).await })).await?;
    Ok(Json(blocking(move || read(&node)).await?))
}

/// `POST /api/v1/till/cash`.
pub(super) async fn move_cash(
    permitted: Permitted,
    headers: HeaderMap,
    body: RequestBody,
) -> Result<Json<AppendResponse>, ProblemResponse> {
    let key = idempotency_key(&headers)?.map(str::to_owned);
    let asked: MoveCash = body_of(body).await?;
    let author = author(&permitted, "CASH_MOVED")?;
    let namespace = permitted.node().author().namespace;
    let id = match (asked.id, key) {
        (Some(id), _) if id.is_nil() || id.is_max() => {
            return Err(Problem::new(ErrorCode::MalformedBody, format!("{id} names no event")).at("/id").into());
        }
        (Some(id), _) => EventId::new(id),
        (None, Some(key)) => EventId::new(namespace).derived(&format!("{key}/0")),
        (None, None) => {
            let detail = "give the movement an id, or the request an Idempotency-Key header";
            return Err(Problem::new(ErrorCode::IdempotencyKeyMissing, detail).at("/id").into());
        }
    };
    let till = permitted.node().till().clone();
    let moved = finished(tokio::spawn(async move { till.move_cash(id, asked, author).await })).await?;
    Ok(Json(append_response(vec![moved])))
}

/// `POST /api/v1/till/close`.
pub(super) async fn close(permitted: Permitted, body: RequestBody) -> Result<Json<EventDto>, ProblemResponse> {
    let asked: CloseTill = body_of(body).await?;
    let author = author(&permitted, "TILL_CLOSED")?;
    let node = permitted.node().clone();
    let (till, number) = (node.till().clone(), asked.number);
    finished(tokio::spawn(async move { till.close(asked, author).await })).await?;
    let log = node.log().clone();
    let closed = blocking(move || closing(&log, number)).await?;
    let closed = closed.ok_or_else(|| Problem::new(ErrorCode::Internal, "the closing is not in the log".to_owned()))?;
    Ok(Json(shown(&closed.found.sealed, closed.found.decision.as_deref(), node.sync_progress().sending)?))
}

/// `POST /api/v1/till/print`.
pub(super) async fn print(permitted: Permitted) -> Result<StatusCode, ProblemResponse> {
    let node = permitted.node().clone();
    let reader = node.clone();
    let session = blocking(move || reader.till().current()).await?;
    let session = session.ok_or_else(|| problem(TillError::NotOpen))?;
    print_x_report(node.printer(), &session, node.log().now()).await.map_err(not_printed)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClosingsQuery {
    /// Maximum number of rows of the page.
    #[schemars(with = "Option<words::PageLimit>")]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// `GET /api/v1/till/closings`.
pub(super) async fn closings(
    State(node): State<Arc<Node>>,
    uri: Uri,
) -> Result<Json<RowList<EventDto>>, ProblemResponse> {
    let ClosingsQuery { limit, cursor } = read_query(&uri)?;
    let limit = page_limit(limit, PAGE_ROWS)?;
    let before = cursor.as_deref().map(|text| {
        let number = text.parse::<u64>().ok().filter(|number| *number > 0);
        number.ok_or_else(|| invalid_parameter("cursor", text, "give the `next_cursor` of the page before"))
    });
    let (before, log, sending) = (before.transpose()?, node.log().clone(), node.sync_progress().sending);
    let (found, next) = blocking(move || {
        let newest = last_closed(&log)?.min(before.map_or(u64::MAX, |before| before - 1));
        let oldest = newest.saturating_sub(u64::try_from(limit).unwrap_or(u64::MAX)) + 1;
        let mut found = Vec::new();
        for number in (oldest..=newest).rev() {
            found.extend(closing(&log, number)?.map(|closing| closing.found));
        }
        Ok::<_, ReadError>((found, (oldest > 1 && newest > 0).then(|| oldest.to_string())))
    })
    .await?;
    let rows = found.iter().map(|found| shown(&found.sealed, found.decision.as_deref(), sending));
    Ok(Json(RowList { rows: rows.collect::<Result<_, _>>()?, next_cursor: next }))
}

async fn body_of<T: DeserializeOwned>(body: RequestBody) -> Result<T, ProblemResponse> {
    let body = body.json(JSON_BYTES_MAX).await?;
    // A derived reader takes a list of values in the order of the members, too.
    if !body.trim_ascii_start().starts_with(b"{") {
        let detail = "an object is expected, with names for its members";
        return Err(Problem::new(ErrorCode::MalformedBody, detail).into());
    }
    Ok(serde_json::from_slice(&body).map_err(|error| malformed_body(&error))?)
}

/// Who records an action of the till, if the caller may.
fn author(permitted: &Permitted, action: &str) -> Result<TillAuthor, Problem> {
    let name = |text: &str| Name::new(text).expect("a constant is a name");
    let mut content = Content {
        site: Some(permitted.node().log().identity().site),
        ..Content::new(name("TILL_SESSION"), name("-"), name(action), Vec::new())
    };
    let identity_position = permitted.check(&mut content)?;
    Ok(TillAuthor { user: content.user, identity_position })
}

/// The outcome of a task: it goes on when its caller goes away, so that the till never waits for a lost one.
async fn finished<T>(task: tokio::task::JoinHandle<Result<T, TillError>>) -> Result<T, Problem> {
    let done = task.await.map_err(|error| Problem::new(ErrorCode::Internal, error.to_string()))?;
    done.map_err(problem)
}

fn problem(error: TillError) -> Problem {
    let detail = error.to_string();
    match error {
        TillError::AlreadyOpen(number) => Problem::new(ErrorCode::TillAlreadyOpen, detail).with("number", number),
        TillError::NotOpen => Problem::new(ErrorCode::TillNotOpen, detail),
        TillError::OtherSession { open, .. } => {
            Problem::new(ErrorCode::TillNotOpen, detail).at("/number").with("number", open)
        }
        TillError::ReasonRequired { counted_minor, expected_minor } => {
            let problem = Problem::new(ErrorCode::ReasonRequired, detail).at("/reason");
            problem.with("counted_minor", counted_minor).with("expected_minor", expected_minor)
        }
        TillError::Invalid { pointer, .. } => Problem::new(ErrorCode::InvalidPayload, detail).at(pointer),
        TillError::Read(error) => error.into(),
        TillError::Append(error) => not_appended(error),
    }
}
