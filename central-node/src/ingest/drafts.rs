//! Events posted at central itself: sealed by central's own node and decided in the same transaction.

use std::collections::HashMap;

use comptoir_core::event::{Draft, Event, TimeSource};
use comptoir_core::fact::{Fact, ParsedEvent};
use comptoir_core::id::EventId;
use comptoir_core::position::Seq;
use comptoir_core::rulebook::Rule;
use comptoir_core::rules;
use comptoir_core::state::EntityKey;
use comptoir_core::time::Timestamp;
use comptoir_proto::api_v1::Decided;
use comptoir_proto::edits_v1::{CurrentEntity, Edit, Edits, Tag};
use comptoir_proto::error_code::ErrorCode;
use comptoir_proto::problem::Problem;
use comptoir_proto::stored_v1;

use super::IngestError;
use super::answer::{decided, result, stored_result};
use super::decide::{BatchDecider, CountedView};
use crate::event_store::NodeHead;
use crate::tenant::Tenant;

/// Drafts of one request, checked by [`comptoir_proto::api_v1::check_draft`].
#[derive(Debug)]
pub(crate) struct DraftBatch {
    /// With what their payloads say.
    pub(crate) drafts: Vec<(Draft, Fact)>,
    /// Whether one that is refused refuses all.
    pub(crate) atomic: bool,
    /// Whether central itself speaks, and not a shop through central.
    pub(crate) by_central: bool,
    /// Whether these are the first events of central's own log.
    pub(crate) opens_epoch: bool,
}

/// What is done with a draft.
#[derive(Clone)]
enum DraftOutcome {
    Seal,
    /// It is in the log already.
    Stored(Decided),
    /// It is the same as a row of this batch.
    Row(usize),
    /// It is the same as a draft before it in this request.
    Draft(usize),
    Refused(Problem),
}

impl DraftBatch {
    /// The drafts as the rules see them, before they have a place: for what has to be loaded.
    pub(crate) fn as_known(&self, tenant: &Tenant, central: &NodeHead) -> Vec<ParsedEvent> {
        let known = |(draft, fact): &(Draft, Fact)| ParsedEvent {
            event: Event {
                id: draft.id,
                tenant: tenant.id,
                node: tenant.central_node,
                epoch: central.epoch,
                seq: Seq::ZERO,
                occurred_at: draft.occurred_at.unwrap_or(Timestamp(0)),
                time_source: if draft.occurred_at.is_some() { TimeSource::Caller } else { TimeSource::Node },
                identity_position: 0,
                content: draft.content.clone(),
            },
            fact: fact.clone(),
            objection: None,
        };
        self.drafts.iter().map(known).collect()
    }

    /// Seals and judges what is new, answers what is known, refuses what may not be written.
    pub(crate) fn take(&self, decider: &mut BatchDecider<'_>) -> Result<Vec<Result<Decided, Problem>>, IngestError> {
        if self.atomic {
            return self.take_all(decider);
        }
        // Each is a request of its own, made from what those before it left.
        self.drafts.iter().map(|draft| self.take_one(decider, draft)).collect()
    }

    fn take_one(
        &self,
        decider: &mut BatchDecider<'_>,
        (draft, fact): &(Draft, Fact),
    ) -> Result<Result<Decided, Problem>, IngestError> {
        let (row, duplicate) = match self.fate(decider, draft, fact, &mut Edits::default())? {
            DraftOutcome::Refused(problem) => return Ok(Err(problem)),
            DraftOutcome::Stored(decided) => return Ok(Ok(decided)),
            DraftOutcome::Seal => {
                (decider.seal(draft.id, draft.occurred_at, draft.content.clone(), fact.clone())?, false)
            }
            DraftOutcome::Row(row) => (row, true),
            DraftOutcome::Draft(_) => unreachable!("a draft alone has none before it"),
        };
        Ok(Ok(answer(decider, row, duplicate)))
    }

    fn take_all(&self, decider: &mut BatchDecider<'_>) -> Result<Vec<Result<Decided, Problem>>, IngestError> {
        let mut fates = self.fates(decider)?;
        if fates.iter().any(|fate| matches!(fate, DraftOutcome::Refused(_))) {
            for fate in &mut fates {
                if !matches!(fate, DraftOutcome::Refused(_)) {
                    let detail = "another draft of this list was refused, and a list is all or nothing";
                    *fate = DraftOutcome::Refused(Problem::new(ErrorCode::BatchRejected, detail));
                }
            }
        }
        let mut rows: Vec<Option<usize>> = Vec::with_capacity(fates.len());
        let mut answers = Vec::with_capacity(fates.len());
        for (fate, (draft, fact)) in fates.into_iter().zip(&self.drafts) {
            let (row, duplicate) = match fate {
                DraftOutcome::Refused(problem) => {
                    answers.push(Err(problem));
                    rows.push(None);
                    continue;
                }
                DraftOutcome::Stored(decided) => {
                    answers.push(Ok(decided));
                    rows.push(None);
                    continue;
                }
                DraftOutcome::Seal => {
                    (decider.seal(draft.id, draft.occurred_at, draft.content.clone(), fact.clone())?, false)
                }
                DraftOutcome::Row(row) => (row, true),
                DraftOutcome::Draft(earlier) => {
                    let row = rows.get(earlier).copied().flatten();
                    (row.expect("an earlier draft with the same id was sealed"), true)
                }
            };
            rows.push(Some(row));
            answers.push(Ok(answer(decider, row, duplicate)));
        }
        Ok(answers)
    }

    fn fates(&self, decider: &BatchDecider<'_>) -> Result<Vec<DraftOutcome>, IngestError> {
        let mut seen: HashMap<EventId, usize> = HashMap::new();
        let mut edits = Edits::default();
        let mut fates: Vec<DraftOutcome> = Vec::with_capacity(self.drafts.len());
        for (index, (draft, fact)) in self.drafts.iter().enumerate() {
            let fate = match seen.get(&draft.id) {
                Some(&earlier) if self.drafts[earlier].0 != *draft => DraftOutcome::Refused(reused(draft.id)),
                // What became of the earlier one becomes of this one.
                Some(&earlier) => match &fates[earlier] {
                    DraftOutcome::Seal => DraftOutcome::Draft(earlier),
                    other => other.clone(),
                },
                None => self.fate(decider, draft, fact, &mut edits)?,
            };
            seen.entry(draft.id).or_insert(index);
            fates.push(fate);
        }
        Ok(fates)
    }

    fn fate(
        &self,
        decider: &BatchDecider<'_>,
        draft: &Draft,
        fact: &Fact,
        edits: &mut Edits,
    ) -> Result<DraftOutcome, IngestError> {
        match decider.held(draft.id) {
            Some(CountedView::Stored(held)) => {
                let same = stored_v1::decode(&held.record).is_ok_and(|event| draft.same_content(&event));
                if !same {
                    return Ok(DraftOutcome::Refused(reused(draft.id)));
                }
                let result = stored_result(&held.decision, held.seq)?;
                return Ok(DraftOutcome::Stored(decided(result, held.chain, true)));
            }
            Some(CountedView::Here(row)) => {
                let same = decider.rows[row].event.as_deref().is_some_and(|event| draft.same_content(event));
                return Ok(if same { DraftOutcome::Row(row) } else { DraftOutcome::Refused(reused(draft.id)) });
            }
            None => {}
        }
        let refused = self.may_not(decider, draft, fact).or_else(|| out_of_date(decider, draft, fact, edits));
        let refused = refused.or_else(|| too_large(decider, draft, fact));
        Ok(refused.map_or(DraftOutcome::Seal, DraftOutcome::Refused))
    }

    /// What a shop may not write through central: sealed by central's node, the rules would take it for central's own word.
    fn may_not(&self, decider: &BatchDecider<'_>, draft: &Draft, fact: &Fact) -> Option<Problem> {
        let content = &draft.content;
        let by_a_log = matches!(fact, Fact::EpochOpened | Fact::ClockChanged(_));
        if by_a_log && !self.opens_epoch {
            let detail = format!("{} is written by a node's log itself", content.action);
            return Some(Problem::new(ErrorCode::CentralOnly, detail).at("/action"));
        }
        let rule = decider.decision_state.rulebook.rule_for(&content.entity_type);
        let sets_fields = matches!(fact, Fact::Created(_) | Fact::Updated(_) | Fact::Deleted);
        if self.by_central || !sets_fields || !matches!(rule, Rule::CentralOnly | Rule::ServerWins) {
            return None;
        }
        let detail = format!("{} is under the rule {}: only central writes it", content.entity_type, rule.as_str());
        Some(Problem::new(ErrorCode::CentralOnly, detail).at("/entity_type"))
    }
}

/// Whoever edits through central writes as central's node, so that no rule between nodes sees two people who edit the same entity. Their
/// drafts are held to what they saw here, under the tenant's lock and under every rule.
fn out_of_date(decider: &BatchDecider<'_>, draft: &Draft, fact: &Fact, edits: &mut Edits) -> Option<Problem> {
    let content = &draft.content;
    let edit = Edit::of(fact, content.base_version.map(Tag::of_version))?;
    let key = EntityKey { entity_type: content.entity_type.clone(), entity_id: content.entity_id.clone() };
    let now =
        decider.decision_state.entities.get(&key).filter(|entity| entity.is_known()).map(|entity| CurrentEntity {
            version: entity.version.0,
            tag: Tag::of_version(entity.version.0).as_str().to_owned(),
            lives: !entity.deleted,
        });
    edits.check(draft, &edit, now.as_ref()).err()
}

/// What the rules would reject is told before it stands in the log.
fn too_large(decider: &BatchDecider<'_>, draft: &Draft, fact: &Fact) -> Option<Problem> {
    let content = &draft.content;
    let key = EntityKey { entity_type: content.entity_type.clone(), entity_id: content.entity_id.clone() };
    let detail = rules::grown(&key, decider.decision_state.entities.get(&key), fact)?;
    Some(Problem::new(ErrorCode::EntityTooLarge, detail).at("/payload"))
}

fn answer(decider: &BatchDecider<'_>, row: usize, duplicate: bool) -> Decided {
    let (new, decision) = (&decider.rows[row], &decider.decisions[row]);
    decided(result(decision, new.seq), new.chain, duplicate)
}

fn reused(id: EventId) -> Problem {
    Problem::new(ErrorCode::EventIdReused, format!("event {id} exists with other content")).at("/id")
}
