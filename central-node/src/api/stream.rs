//! `POST /api/v1/events` as NDJSON: one draft per line, one result per line, in the order of the lines.
//!
//! Lines that have already arrived are decided together. A bad line is refused alone, and the others continue.

use std::sync::Arc;

use axum::response::Response;
use comptoir_core::event::Draft;
use comptoir_core::fact::Fact;
use comptoir_core::limits::LIST_DRAFTS_MAX;
use comptoir_http_edge::{ClientGone, LineAnswers, NdjsonLine, NdjsonLines, RefusedLine, line_answers};
use comptoir_proto::api_v1::{Decided, DraftDto};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::auth::DraftWriter;
use super::drafts::{check, drafts_job, submit};
use crate::central::Central;

/// Groups of results that wait for the caller to read them.
const ANSWERS_AHEAD: usize = 16;
/// Lines in a group, including refused ones.
const GROUP_LINES_MAX: usize = 2 * LIST_DRAFTS_MAX;

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

/// Responds at once; results follow as the lines arrive.
pub(super) fn answer(central: Arc<Central>, author: DraftWriter, key: Option<String>, lines: NdjsonLines) -> Response {
    let (answers, response) = line_answers(ANSWERS_AHEAD);
    let stream = Stream { central, author, key, answers };
    tokio::spawn(async move {
        // Lines of a disconnected caller that were already decided stay decided; a retry finds them.
        if let Err(ClientGone) = stream.follow(lines).await {
            tracing::debug!("The caller of a stream went away");
        }
    });
    response
}

struct Stream {
    central: Arc<Central>,
    author: DraftWriter,
    key: Option<String>,
    answers: LineAnswers,
}

/// Lines that are decided together, with the refused lines between them.
#[derive(Default)]
struct LineGroup {
    slots: Vec<Slot>,
    drafts: Vec<(Draft, Fact)>,
}

enum Slot {
    /// The next of the group's drafts.
    Draft {
        line: u64,
        id: Uuid,
    },
    Refused {
        line: u64,
        refused: RefusedLine,
    },
}

impl Stream {
    async fn follow(self, mut lines: NdjsonLines) -> Result<(), ClientGone> {
        loop {
            let mut group = LineGroup::default();
            while !group.is_full()
                && let Some(line) = lines.next_buffered()
            {
                self.gather(&mut group, line);
            }
            if !group.slots.is_empty() {
                self.answers.send(&self.decide(group).await).await?;
            } else if lines.ended() {
                return Ok(());
            } else {
                lines.fill().await;
            }
        }
    }

    fn gather(&self, group: &mut LineGroup, line: NdjsonLine) {
        let number = line.number;
        match line.text.and_then(|text| self.check(number, &text)) {
            Ok(draft) => {
                group.slots.push(Slot::Draft { line: number, id: draft.0.id.uuid() });
                group.drafts.push(draft);
            }
            Err(refused) => group.slots.push(Slot::Refused { line: number, refused }),
        }
    }

    fn check(&self, line: u64, text: &[u8]) -> Result<(Draft, Fact), RefusedLine> {
        let dto = DraftDto::read(text)?;
        // Ids derived from the request's key depend on the line's number, so that the same stream again means the same
        // events.
        let index = usize::try_from(line - 1).unwrap_or(usize::MAX);
        check(&self.central, &self.author, self.key.as_deref(), &dto, index)
            .map_err(|problem| RefusedLine { event_id: dto.id, problem: Box::new(problem) })
    }

    /// One result per line, in order.
    async fn decide(&self, group: LineGroup) -> Vec<LineDto> {
        let mut outcomes = match group.drafts.is_empty() {
            true => Ok(Vec::new()),
            false => submit(&self.central, self.author.tenant(), drafts_job(&self.author, group.drafts, false)).await,
        }
        .map(Vec::into_iter);
        let mut next = || match &mut outcomes {
            Ok(outcomes) => outcomes.next().unwrap_or_else(|| Err(unanswered())),
            Err(problem) => Err(problem.clone()),
        };
        let result = |slot| match slot {
            Slot::Refused { line, refused: RefusedLine { event_id, problem } } => {
                LineDto::Refused { line, event_id, problem: *problem }
            }
            Slot::Draft { line, id } => match next() {
                Ok(decided) => LineDto::Decided(decided),
                Err(problem) => LineDto::Refused { line, event_id: Some(id), problem },
            },
        };
        group.slots.into_iter().map(result).collect()
    }
}

impl LineGroup {
    fn is_full(&self) -> bool {
        self.drafts.len() >= LIST_DRAFTS_MAX || self.slots.len() >= GROUP_LINES_MAX
    }
}

fn unanswered() -> Problem {
    Problem::new(ErrorCode::Internal, "a draft was not answered")
}
