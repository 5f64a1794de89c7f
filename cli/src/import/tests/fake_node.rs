//! A node as an importer sees it: accepts NDJSON, checks each draft as the real node does, recognises ids, and fails on demand.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use comptoir_core::event::Draft;
use comptoir_core::fact::Fact;
use comptoir_proto::api_v1::{Appended, Author, DraftDto, LineResult, check_draft};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use uuid::Uuid;

/// How a request goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    No,
    /// 503 with Retry-After; nothing was recorded.
    Busy,
    /// 429 without a problem document.
    TooMany,
    /// Everything was recorded, but only half of the answer is sent.
    AnswerCut,
    /// Every second draft is refused for the moment.
    QueueFull,
    /// The log is read-only until an operator acts.
    LogReadOnly,
    /// 403: every request is refused.
    Forbidden,
}

#[derive(Default)]
pub(super) struct Held {
    pub(super) drafts: Vec<(Draft, Fact)>,
    by_id: HashMap<Uuid, usize>,
    pub(super) faults: Vec<Fault>,
    pub(super) requests: u64,
}

pub(super) struct FakeNode {
    pub(super) url: String,
    held: Arc<Mutex<Held>>,
}

impl FakeNode {
    pub(super) async fn start() -> FakeNode {
        let held = Arc::new(Mutex::new(Held::default()));
        let app = Router::new().route("/api/v1/events", post(append)).route("/api/v1/events/{id}", get(one));
        let app = app.with_state(Arc::clone(&held)).layer(axum::extract::DefaultBodyLimit::disable());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        tokio::spawn(crate::server::serve(
            listener,
            app,
            crate::server::Limits::default(),
            std::sync::Arc::default(),
            std::future::pending(),
        ));
        FakeNode { url: format!("http://{address}"), held }
    }

    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap()
    }

    /// The facts, in the order in which they came.
    pub(super) fn facts(&self) -> Vec<(String, Fact)> {
        self.held().drafts.iter().map(|(draft, fact)| (draft.content.entity_id.to_string(), fact.clone())).collect()
    }
}

async fn one(State(held): State<Arc<Mutex<Held>>>, Path(id): Path<Uuid>) -> StatusCode {
    if held.lock().unwrap().by_id.contains_key(&id) { StatusCode::OK } else { StatusCode::NOT_FOUND }
}

async fn append(State(held): State<Arc<Mutex<Held>>>, request: Request) -> Response {
    assert_eq!(request.headers()["content-type"], "application/x-ndjson");
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let mut held = held.lock().unwrap();
    held.requests += 1;
    let fault = held.faults.pop();
    match fault {
        Some(Fault::Busy) => {
            let problem = Problem::new(ErrorCode::QueueFull, "full").retry_after(0);
            return (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "0")], axum::Json(problem)).into_response();
        }
        Some(Fault::TooMany) => return (StatusCode::TOO_MANY_REQUESTS, "slow down").into_response(),
        Some(Fault::Forbidden) => {
            let problem = Problem::new(ErrorCode::Forbidden, "not with this key");
            return (StatusCode::FORBIDDEN, axum::Json(problem)).into_response();
        }
        Some(Fault::No | Fault::AnswerCut | Fault::QueueFull | Fault::LogReadOnly) | None => {}
    }
    let mut answer = String::new();
    for (index, line) in body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).enumerate() {
        let result = if matches!(fault, Some(Fault::QueueFull)) && index % 2 == 1 {
            refused(index, Problem::new(ErrorCode::QueueFull, "full"))
        } else if matches!(fault, Some(Fault::LogReadOnly)) {
            refused(index, Problem::new(ErrorCode::LogReadOnly, "a write failed"))
        } else {
            held.record(index, line)
        };
        answer.push_str(&serde_json::to_string(&result).unwrap());
        answer.push('\n');
    }
    if matches!(fault, Some(Fault::AnswerCut)) {
        let half = answer.as_bytes()[..answer.len() / 2].to_vec();
        let cut = [Ok(half), Err(std::io::Error::other("cut"))];
        return Body::from_stream(futures_util::stream::iter(cut)).into_response();
    }
    answer.into_response()
}

fn refused(index: usize, problem: Problem) -> LineResult {
    LineResult::Refused { line: index as u64 + 1, event_id: None, problem }
}

impl Held {
    fn record(&mut self, index: usize, line: &[u8]) -> LineResult {
        let dto: DraftDto = serde_json::from_slice(line).unwrap();
        let author = Author { site: None, central: false, namespace: Uuid::nil() };
        let (draft, fact) = match check_draft(&dto, &author, None, index) {
            Ok(checked) => checked,
            Err(problem) => return refused(index, problem),
        };
        let id = draft.id.uuid();
        let duplicate = self.by_id.get(&id).copied();
        if duplicate.is_some_and(|known| self.drafts[known].0 != draft) {
            return refused(index, Problem::new(ErrorCode::EventIdReused, "other content"));
        }
        let seq = duplicate.unwrap_or(self.drafts.len());
        if duplicate.is_none() {
            self.by_id.insert(id, seq);
            self.drafts.push((draft, fact));
        }
        LineResult::Appended(Appended {
            event_id: id,
            seq: seq as u64 + 1,
            chain: String::new(),
            duplicate: duplicate.is_some(),
        })
    }
}
