//! `POST /api/v1/events`: the same drafts and answers as at a node, with what central decided beside each result.
//! One object; a list, all or nothing; or NDJSON, line by line.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use comptoir_core::event::Draft;
use comptoir_core::fact::Fact;
use comptoir_core::id::TenantId;
use comptoir_core::limits::{LIST_BODY_BYTES_MAX, LIST_DRAFTS_MAX, NDJSON_LINE_BYTES_MAX};
use comptoir_proto::api_v1::tag_of;
use comptoir_proto::api_v1::{Author, Decided, DecidedResponse, DraftDto, check_draft};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::payload::CENTRAL_RESTORED;
use comptoir_proto::problem::{CONTENT_TYPE, Problem};
use http_body_util::BodyExt as _;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use uuid::Uuid;

use super::auth::{author, credential};
use super::error::ProblemResponse;
use super::request::{body_bytes, expect_json, idempotency_key, media_type};
use crate::central::Central;
use crate::ingest::DraftBatch;

const NDJSON: &str = "application/x-ndjson";

/// Takes drafts.
pub(super) async fn append(
    State(central): State<Arc<Central>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ProblemResponse> {
    let credential = credential(&central, &headers).await?;
    let author = author(&credential);
    let key = idempotency_key(&headers)?.map(str::to_owned);
    if media_type(&headers).as_deref() == Some(NDJSON) {
        return Ok(stream(central, credential.tenant, author, key, body));
    }
    expect_json(&headers)?;
    let (bytes, _reserved) = body_bytes(&central, &headers, body, LIST_BODY_BYTES_MAX).await?;
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        let list: Vec<&RawValue> = serde_json::from_slice(&bytes).map_err(malformed_body)?;
        return append_list(&central, credential.tenant, &author, key.as_deref(), &list).await;
    }
    let dto = DraftDto::read(&bytes)?;
    let decided = append_one(&central, credential.tenant, &author, key.as_deref(), dto).await?;
    Ok(Json(DecidedResponse { results: vec![decided] }).into_response())
}

fn malformed_body(error: serde_json::Error) -> Problem {
    Problem::new(ErrorCode::MalformedBody, error.to_string())
}

/// Appends one draft.
pub(super) async fn append_one(
    central: &Arc<Central>,
    tenant: TenantId,
    author: &Author,
    key: Option<&str>,
    dto: DraftDto,
) -> Result<Decided, Problem> {
    let drafts = vec![check(central, tenant, author, key, &dto, 0)?];
    let mut outcomes = submit(central, tenant, drafts_job(author, drafts, true)).await?;
    outcomes.pop().unwrap_or_else(|| Err(Problem::new(ErrorCode::Internal, "a draft was not answered")))
}

/// Appends all of a list, or says of each draft what is wrong with it.
async fn append_list(
    central: &Arc<Central>,
    tenant: TenantId,
    author: &Author,
    key: Option<&str>,
    list: &[&RawValue],
) -> Result<Response, ProblemResponse> {
    if list.is_empty() || list.len() > LIST_DRAFTS_MAX {
        let code = if list.is_empty() { ErrorCode::MalformedBody } else { ErrorCode::TooLarge };
        let detail = format!("a list has 1 to {LIST_DRAFTS_MAX} drafts, got {}; send more as NDJSON", list.len());
        return Err(Problem::new(code, detail).into());
    }
    let read = |(index, text): (usize, &&RawValue)| {
        let dto = DraftDto::read(text.get().as_bytes())?;
        check(central, tenant, author, key, &dto, index)
    };
    let checked: Vec<_> = list.iter().enumerate().map(read).collect();
    if checked.iter().any(Result::is_err) {
        return Ok(batch_rejected(checked.into_iter().map(Result::err)));
    }
    let outcomes = submit(central, tenant, drafts_job(author, checked.into_iter().flatten().collect(), true)).await?;
    if outcomes.iter().any(Result::is_err) {
        return Ok(batch_rejected(outcomes.into_iter().map(Result::err)));
    }
    Ok(Json(DecidedResponse { results: outcomes.into_iter().flatten().collect() }).into_response())
}

/// 422 with one problem per draft: its own, or that another one was refused.
fn batch_rejected(problems: impl Iterator<Item = Option<Problem>>) -> Response {
    let other = || {
        Problem::new(ErrorCode::BatchRejected, "another draft of this list was refused, and a list is all or nothing")
    };
    let own = |(index, problem): (usize, Option<Problem>)| {
        let problem = problem.unwrap_or_else(other);
        let pointer = format!("/{index}{}", problem.pointer.as_deref().unwrap_or_default());
        serde_json::to_value(problem.at(pointer).with("index", index)).unwrap_or_default()
    };
    let problems: Vec<Value> = problems.enumerate().map(own).collect();
    let problem = Problem::new(ErrorCode::BatchRejected, "nothing of the list was written").with("problems", problems);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let content_type = [(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE))];
    (StatusCode::UNPROCESSABLE_ENTITY, content_type, body).into_response()
}

/// Checked drafts of one request.
pub(super) fn drafts_job(author: &Author, drafts: Vec<(Draft, Fact)>, atomic: bool) -> DraftBatch {
    DraftBatch { drafts, atomic, by_central: author.central, opens_epoch: false }
}

/// Writes drafts and waits for what was decided.
pub(super) async fn submit(
    central: &Central,
    tenant: TenantId,
    drafts: DraftBatch,
) -> Result<Vec<Result<Decided, Problem>>, Problem> {
    let outcomes = central.ingest_queue().submit(tenant, drafts).await?;
    Ok(outcomes.into_iter().map(|outcome| outcome.map_err(Problem::from)).collect())
}

/// Checks a draft as a node would, and what only matters at central.
pub(super) fn check(
    central: &Central,
    tenant: TenantId,
    author: &Author,
    key: Option<&str>,
    dto: &DraftDto,
    index: usize,
) -> Result<(Draft, Fact), Problem> {
    let (draft, fact) = check_draft(dto, author, key, index)?;
    if tag_of(dto)?.is_some_and(|tag| !tag.is_version()) {
        let detail = format!("central's ETags are a version in quotes, got {:?}", dto.if_match);
        return Err(Problem::new(ErrorCode::MalformedBody, detail).at("/if_match"));
    }
    match &fact {
        // It excuses decisions that moved, so it takes access to the database to record it, not a token.
        Fact::CentralRestored => {
            let detail = format!("{CENTRAL_RESTORED} is recorded by `comptoir admin restored open`");
            Err(Problem::new(ErrorCode::CentralOnly, detail).at("/action"))
        }
        Fact::DeliveryCreated(order) if order.qr.is_empty() => {
            let secret = central.derived_secret(&format!("qr/{tenant}/{}", draft.id));
            with_qr(dto, &secret.to_hex()[..32], draft.id.uuid(), author)
        }
        _ => Ok((draft, fact)),
    }
}

/// The same delivery with a code to scan. It depends on the event's id and our key alone: a retry finds the same, nobody guesses it.
fn with_qr(dto: &DraftDto, qr: &str, id: Uuid, author: &Author) -> Result<(Draft, Fact), Problem> {
    let wrong = |error: serde_json::Error| Problem::new(ErrorCode::Internal, error.to_string());
    let mut payload: Map<String, Value> = serde_json::from_str(dto.payload.get()).map_err(wrong)?;
    payload.insert("qr".to_owned(), qr.into());
    let payload: Box<RawValue> = to_raw_value(&payload).map_err(wrong)?;
    let dto = DraftDto {
        id: Some(id),
        entity_type: dto.entity_type.clone(),
        entity_id: dto.entity_id.clone(),
        action: dto.action.clone(),
        occurred_at: dto.occurred_at.clone(),
        user: dto.user.clone(),
        base_version: dto.base_version,
        if_match: dto.if_match.clone(),
        causation: dto.causation,
        correlation: dto.correlation,
        schema_version: dto.schema_version,
        payload,
    };
    check_draft(&dto, author, None, 0)
}

/// One line of the answer to an NDJSON stream.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "LineResult")]
pub(super) enum LineDto {
    Decided(Decided),
    Refused {
        line: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        event_id: Option<Uuid>,
        problem: Problem,
    },
}

/// Answers line by line, while the body still comes in.
fn stream(central: Arc<Central>, tenant: TenantId, author: Author, key: Option<String>, body: Body) -> Response {
    let (answers, lines) = mpsc::channel::<Result<Bytes, std::convert::Infallible>>(16);
    tokio::spawn(async move {
        let mut stream = NdjsonSession { central, tenant, author, key, line: 0, answers };
        // Whoever no longer listens has ended the stream.
        let _ = stream.run(body).await;
    });
    let content_type = [(header::CONTENT_TYPE, HeaderValue::from_static(NDJSON))];
    (content_type, Body::from_stream(ReceiverStream::new(lines))).into_response()
}

struct NdjsonSession {
    central: Arc<Central>,
    tenant: TenantId,
    author: Author,
    key: Option<String>,
    line: u64,
    answers: mpsc::Sender<Result<Bytes, std::convert::Infallible>>,
}

/// The caller went away.
struct ClientGone;

impl NdjsonSession {
    async fn run(&mut self, mut body: Body) -> Result<(), ClientGone> {
        let mut waiting: Vec<u8> = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return Err(ClientGone) };
            let Ok(data) = frame.into_data() else { continue };
            waiting.extend_from_slice(&data);
            let whole = waiting.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            if whole == 0 && waiting.len() > NDJSON_LINE_BYTES_MAX {
                return self.too_long().await;
            }
            let lines: Vec<u8> = waiting.drain(..whole).collect();
            self.take(&lines).await?;
        }
        self.take(&std::mem::take(&mut waiting)).await
    }

    /// Takes whole lines, a list's worth at a time.
    async fn take(&mut self, lines: &[u8]) -> Result<(), ClientGone> {
        let mut lines = lines.split(|byte| *byte == b'\n').peekable();
        while lines.peek().is_some() {
            let mut outcomes: Vec<LineDto> = Vec::new();
            let mut drafts: Vec<(Draft, Fact)> = Vec::new();
            let mut places: Vec<(usize, u64)> = Vec::new();
            while let Some(text) = lines.next() {
                self.line += 1;
                if text.trim_ascii().is_empty() {
                    self.line -= u64::from(lines.peek().is_none());
                    continue;
                }
                match self.read(text) {
                    Ok(draft) => {
                        places.push((outcomes.len(), self.line));
                        outcomes.push(refused(self.line, Some(draft.0.id.uuid()), unanswered()));
                        drafts.push(draft);
                    }
                    Err((event_id, problem)) => outcomes.push(refused(self.line, event_id, problem)),
                }
                if drafts.len() == LIST_DRAFTS_MAX {
                    break;
                }
            }
            self.write(drafts, &places, &mut outcomes).await;
            self.answer(&outcomes).await?;
        }
        Ok(())
    }

    fn read(&self, text: &[u8]) -> Result<(Draft, Fact), (Option<Uuid>, Problem)> {
        if text.len() > NDJSON_LINE_BYTES_MAX {
            return Err((None, line_too_long()));
        }
        let dto = DraftDto::read(text).map_err(|problem| (None, problem))?;
        let index = usize::try_from(self.line - 1).unwrap_or(usize::MAX);
        check(&self.central, self.tenant, &self.author, self.key.as_deref(), &dto, index)
            .map_err(|problem| (dto.id, problem))
    }

    async fn write(&self, drafts: Vec<(Draft, Fact)>, places: &[(usize, u64)], outcomes: &mut [LineDto]) {
        if drafts.is_empty() {
            return;
        }
        let ids: Vec<Uuid> = drafts.iter().map(|(draft, _)| draft.id.uuid()).collect();
        let written = submit(&self.central, self.tenant, drafts_job(&self.author, drafts, false)).await;
        let results = match written {
            Ok(results) => results,
            Err(problem) => vec![Err(problem); ids.len()],
        };
        for (((place, line), id), result) in places.iter().zip(ids).zip(results) {
            if let Some(outcome) = outcomes.get_mut(*place) {
                *outcome = match result {
                    Ok(decided) => LineDto::Decided(decided),
                    Err(problem) => refused(*line, Some(id), problem),
                };
            }
        }
    }

    async fn answer(&self, outcomes: &[LineDto]) -> Result<(), ClientGone> {
        let mut text = Vec::new();
        for outcome in outcomes {
            text.extend(serde_json::to_vec(outcome).unwrap_or_default());
            text.push(b'\n');
        }
        if text.is_empty() {
            return Ok(());
        }
        self.answers.send(Ok(text.into())).await.map_err(|_| ClientGone)
    }

    /// Where the next line begins is not known any more: the stream ends.
    async fn too_long(&mut self) -> Result<(), ClientGone> {
        self.line += 1;
        self.answer(&[refused(self.line, None, line_too_long())]).await
    }
}

fn refused(line: u64, event_id: Option<Uuid>, problem: Problem) -> LineDto {
    LineDto::Refused { line, event_id, problem }
}

fn unanswered() -> Problem {
    Problem::new(ErrorCode::Internal, "a draft was not answered")
}

fn line_too_long() -> Problem {
    Problem::new(ErrorCode::TooLarge, format!("a line has at most {NDJSON_LINE_BYTES_MAX} bytes"))
}
