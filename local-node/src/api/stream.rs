//! `POST /api/v1/events` as NDJSON: a draft per line, a result per line.
//!
//! Lines are checked in order and gathered into groups. Several groups are in flight at once, so that checking and flushing
//! overlap and group commit has something to group. Records and answers have the order of the lines. An invalid line is refused
//! alone. A line that edits an entity acts as a request of its own, as if the next line came after its answer: see
//! [`precondition`].
//!
//! Answers flow while lines still arrive. A caller that sends without reading is blocked once [`ANSWERS_AHEAD`] groups of answers
//! wait for it, so that memory stays bounded.

use std::collections::{HashSet, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use axum::response::Response;
use comptoir_core::event::Draft;
use comptoir_core::id::EventId;
use comptoir_core::limits::LIST_DRAFTS_MAX;
use comptoir_core::state::EntityKey;
use comptoir_http_edge::{ClientGone, LineAnswers, NdjsonLine, NdjsonLines, RefusedLine, line_answers};
use comptoir_proto::api_v1::{DraftDto, LineResult};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::stored_v1;
use tokio::sync::OwnedMutexGuard;
use tokio::time::sleep;
use uuid::Uuid;

use super::authorize::Permitted;
use super::draft::{CheckedDraft, appended_dto};
use super::precondition;
use super::refusal::{id_reused, not_appended};
use crate::event_log::{AppendError, Appended, Reused};
use crate::till::Selling;

/// Groups in flight.
const GROUPS_IN_FLIGHT: usize = 8;
/// Payload bytes of a group: with one more draft of any size it still fits the log's batch of 256 entries of 4 KiB.
const GROUP_BYTES_MAX: usize = 512 * 1024;
/// Groups of answers that wait for the caller to read them: about a megabyte.
const ANSWERS_AHEAD: usize = 64;
/// How often a group is offered to a full queue before its lines are answered with a retry time.
const BUSY_TRIES: u32 = 10;

type Appending = Pin<Box<dyn Future<Output = Result<Vec<Appended>, AppendError>> + Send>>;

/// Answers at once; the results follow as the lines arrive.
pub(super) fn answer(permitted: Permitted, key: Option<String>, lines: NdjsonLines) -> Response {
    let (answers, response) = line_answers(ANSWERS_AHEAD);
    let stream =
        Stream { permitted, key, answers, open: Group::default(), in_flight: VecDeque::new(), ids: HashSet::new() };
    tokio::spawn(stream.run(lines));
    response
}

/// Lines that are recorded together, including refused ones.
#[derive(Default)]
struct Group {
    slots: Vec<Slot>,
    drafts: Vec<Draft>,
    /// What the node knew of the author's rights at the first of them.
    identity_position: u64,
    bytes: usize,
    editing: Option<Editing>,
}

/// The lock of edits, from the first line of a group that edits something until the group is durable.
struct Editing {
    guard: Arc<OwnedMutexGuard<()>>,
    /// The entities that the group edits. The next edit of one of them must see the group's effect.
    keys: HashSet<EntityKey>,
}

enum Slot {
    /// The next of the group's drafts.
    Draft { line: u64, id: EventId },
    /// Refused before it reached the log.
    Refused(LineResult),
}

struct InFlight {
    group: Group,
    appending: Appending,
}

struct Stream {
    permitted: Permitted,
    key: Option<String>,
    answers: LineAnswers,
    open: Group,
    in_flight: VecDeque<InFlight>,
    /// Ids of the open group and of those in flight.
    ids: HashSet<EventId>,
}

impl Stream {
    async fn run(mut self, mut lines: NdjsonLines) {
        // Lines already accepted stay recorded: a retry finds them as duplicates.
        if let Err(ClientGone) = self.follow(&mut lines).await {
            tracing::debug!("The caller of a stream went away");
        }
    }

    async fn follow(&mut self, lines: &mut NdjsonLines) -> Result<(), ClientGone> {
        loop {
            while let Some(line) = lines.next_buffered() {
                self.process_line(line).await?;
            }
            // No more input is buffered: the gathered lines are recorded, so that a waiting caller gets its answer.
            self.submit().await?;
            if lines.ended() {
                return self.drain().await;
            }
            match self.in_flight.front_mut() {
                None => lines.fill().await,
                Some(oldest) => tokio::select! {
                    appended = &mut oldest.appending => self.answer_oldest(appended).await?,
                    () = lines.fill() => {}
                },
            }
        }
    }

    async fn process_line(&mut self, line: NdjsonLine) -> Result<(), ClientGone> {
        let number = line.number;
        match line.text.and_then(|text| self.check(number, &text)) {
            Ok(checked) => {
                if self.ids.contains(&checked.draft.id) {
                    // A repeated id: whether it is the same fact is known once the first is durable.
                    self.submit().await?;
                    self.drain().await?;
                }
                match self.objection(&checked).await? {
                    Some(problem) => self.refuse(number, Some(checked.draft.id.uuid()), problem),
                    None => self.gather(number, checked),
                }
            }
            Err(RefusedLine { event_id, problem }) => self.refuse(number, event_id, *problem),
        }
        if self.open.drafts.len() >= LIST_DRAFTS_MAX
            || self.open.slots.len() >= 2 * LIST_DRAFTS_MAX
            || self.open.bytes >= GROUP_BYTES_MAX
        {
            self.submit().await?;
        }
        Ok(())
    }

    fn check(&self, line: u64, text: &[u8]) -> Result<CheckedDraft, RefusedLine> {
        let dto = DraftDto::read(text).map_err(RefusedLine::from)?;
        // Ids derived from the request's key use the line number, so that a repeated stream gives the same events.
        let index = usize::try_from(line - 1).unwrap_or(usize::MAX);
        match CheckedDraft::new(&self.permitted, &dto, self.key.as_deref(), index) {
            Ok(checked) => Ok(checked),
            Err(problem) => Err(RefusedLine { event_id: dto.id, problem: Box::new(problem) }),
        }
    }

    /// The problem of a draft that is recorded on its own.
    async fn objection(&mut self, checked: &CheckedDraft) -> Result<Option<Problem>, ClientGone> {
        if let Some(reused) = self.reused(&checked.draft) {
            return Ok(Some(id_reused(reused)));
        }
        if checked.edit.is_none() {
            return Ok(None);
        }
        self.begin_edit(&checked.draft).await?;
        Ok(match precondition::check_edits(self.permitted.node(), vec![checked.clone()]).await {
            Ok((mut moved, _)) => moved.pop().map(|(_, problem)| problem),
            Err(problem) => Some(problem),
        })
    }

    /// Takes the lock of edits for the open group. Such a group begins when nothing is in flight, so that it never waits for its
    /// caller to read answers, and it edits each entity once, so that each line is compared with the effect of the lines before
    /// it.
    async fn begin_edit(&mut self, draft: &Draft) -> Result<(), ClientGone> {
        let content = &draft.content;
        let key = EntityKey { entity_type: content.entity_type.clone(), entity_id: content.entity_id.clone() };
        if self.open.editing.as_ref().is_none_or(|editing| editing.keys.contains(&key)) {
            self.submit().await?;
            self.drain().await?;
            let guard = Arc::new(self.permitted.node().edits().clone().lock_owned().await);
            self.open.editing = Some(Editing { guard, keys: HashSet::new() });
        }
        if let Some(editing) = &mut self.open.editing {
            editing.keys.insert(key);
        }
        Ok(())
    }

    /// Whether the log has the draft's id with other content. Checked in advance, because the log would refuse the whole group,
    /// and its other lines would be recorded after later groups.
    fn reused(&self, draft: &Draft) -> Option<Reused> {
        let found = self.permitted.node().log().find(draft.id).ok().flatten()?;
        let event = stored_v1::decode(&found.sealed.record).ok()?;
        let reused = Reused { index: 0, id: draft.id, epoch: found.epoch, seq: found.sealed.seq };
        (!draft.same_content(&event)).then_some(reused)
    }

    fn gather(&mut self, line: u64, checked: CheckedDraft) {
        let CheckedDraft { draft, identity_position, .. } = checked;
        if self.open.drafts.is_empty() {
            self.open.identity_position = identity_position;
        }
        self.ids.insert(draft.id);
        self.open.bytes += draft.content.payload.len();
        self.open.slots.push(Slot::Draft { line, id: draft.id });
        self.open.drafts.push(draft);
    }

    fn refuse(&mut self, line: u64, event_id: Option<Uuid>, problem: Problem) {
        self.open.slots.push(Slot::Refused(LineResult::Refused { line, event_id, problem }));
    }

    /// Sends the open group to the log, after the groups before it.
    async fn submit(&mut self) -> Result<(), ClientGone> {
        if self.open.slots.is_empty() {
            return Ok(());
        }
        let mut group = std::mem::take(&mut self.open);
        while self.in_flight.len() >= GROUPS_IN_FLIGHT {
            self.answer_next().await?;
        }
        let selling = match self.permitted.node().till().selling(&mut group.drafts).await {
            Ok(selling) => selling.map(Arc::new),
            Err(error) => {
                let refused = Box::pin(std::future::ready(Err(error)));
                self.in_flight.push_back(InFlight { group, appending: refused });
                return Ok(());
            }
        };
        let mut tries = 0;
        let appending = loop {
            let mut appending = self.start_append(&group);
            // Polled once here, which puts it into the log's queue: the order of groups is the order of lines.
            match poll_fn(|context| Poll::Ready(appending.as_mut().poll(context))).await {
                // The locks are held until the group is durable, even if the caller goes away.
                Poll::Pending => match (&group.editing, &selling) {
                    (None, None) => break appending,
                    (editing, selling) => {
                        let editing = editing.as_ref().map(|editing| editing.guard.clone());
                        break holding_locks((editing, selling.clone()), appending);
                    }
                },
                Poll::Ready(Err(AppendError::Busy { retry_after })) if tries < BUSY_TRIES => {
                    tries += 1;
                    sleep(retry_after).await;
                }
                Poll::Ready(done) => break Box::pin(std::future::ready(done)),
            }
        };
        self.in_flight.push_back(InFlight { group, appending });
        Ok(())
    }

    fn start_append(&self, group: &Group) -> Appending {
        let (log, drafts) = (self.permitted.node().log().clone(), group.drafts.clone());
        let identity_position = group.identity_position;
        if drafts.is_empty() {
            return Box::pin(std::future::ready(Ok(Vec::new())));
        }
        Box::pin(async move { log.append_of_user(drafts, identity_position).await })
    }

    /// Waits for everything in flight.
    async fn drain(&mut self) -> Result<(), ClientGone> {
        while !self.in_flight.is_empty() {
            self.answer_next().await?;
        }
        Ok(())
    }

    async fn answer_next(&mut self) -> Result<(), ClientGone> {
        match self.in_flight.front_mut() {
            Some(oldest) => {
                let appended = (&mut oldest.appending).await;
                self.answer_oldest(appended).await
            }
            None => Ok(()),
        }
    }

    async fn answer_oldest(&mut self, appended: Result<Vec<Appended>, AppendError>) -> Result<(), ClientGone> {
        let Some(InFlight { mut group, .. }) = self.in_flight.pop_front() else { return Ok(()) };
        for slot in &group.slots {
            if let Slot::Draft { id, .. } = slot {
                self.ids.remove(id);
            }
        }
        let mut appended = appended;
        // Another request recorded one of the ids first: the others are sent again without it.
        while let Err(AppendError::EventIdReused(reused)) = appended {
            group.refuse_reused(&reused);
            appended = self.start_append(&group).await;
        }
        self.answers.send(&group.answered(appended)).await
    }
}

/// Continues in a task that holds the lock.
type Locks = (Option<Arc<OwnedMutexGuard<()>>>, Option<Arc<Selling>>);

fn holding_locks(locks: Locks, appending: Appending) -> Appending {
    let task = tokio::spawn(async move {
        let appended = appending.await;
        drop(locks);
        appended
    });
    Box::pin(async move { task.await.unwrap_or_else(|error| Err(AppendError::ReadOnly { reason: error.to_string() })) })
}

impl Group {
    /// Turns the drafts of these indexes into refusals.
    fn refuse_reused(&mut self, reused: &[Reused]) {
        let mut index = 0;
        for slot in &mut self.slots {
            let Slot::Draft { line, id } = *slot else { continue };
            if let Some(reused) = reused.iter().find(|reused| reused.index == index) {
                let (event_id, problem) = (Some(id.uuid()), id_reused(*reused));
                *slot = Slot::Refused(LineResult::Refused { line, event_id, problem });
            }
            index += 1;
        }
        let mut index = 0;
        self.drafts.retain(|_| {
            index += 1;
            !reused.iter().any(|reused| reused.index == index - 1)
        });
    }

    /// One result per line, in order.
    fn answered(self, appended: Result<Vec<Appended>, AppendError>) -> Vec<LineResult> {
        let (mut appended, problem) = match appended {
            Ok(appended) => (appended.into_iter(), None),
            Err(error) => (Vec::new().into_iter(), Some(not_appended(error))),
        };
        let answer = |slot| match slot {
            Slot::Refused(result) => result,
            Slot::Draft { line, id } => match appended.next() {
                Some(appended) => LineResult::Appended(appended_dto(appended)),
                None => {
                    let unanswered = || Problem::new(ErrorCode::Internal, "the log did not answer for this draft");
                    let problem = problem.clone().unwrap_or_else(unanswered);
                    LineResult::Refused { line, event_id: Some(id.uuid()), problem }
                }
            },
        };
        self.slots.into_iter().map(answer).collect()
    }
}
