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
use comptoir_proto::stored_v1;

use super::answer::{decided, record_result, stored_result};
use super::decide::{BatchDecider, CountedView};
use super::error::{DraftRefusal, IdReused, IngestError};
use crate::event_store::NodeHead;
use crate::restore_window;
use crate::tenant::Tenant;

/// Drafts of one request, checked by [`comptoir_proto::api_v1::check_draft`].
#[derive(Debug)]
pub(crate) struct DraftBatch {
    /// Each with its parsed payload.
    pub(crate) drafts: Vec<(Draft, Fact)>,
    /// Whether one refused draft refuses all drafts.
    pub(crate) atomic: bool,
    /// Whether central is the author, and not a shop through central.
    pub(crate) by_central: bool,
    /// Whether these are the first events of central's own log.
    pub(crate) opens_epoch: bool,
}

/// How a draft is processed.
#[derive(Clone)]
enum DraftPlan {
    Seal,
    /// The event is already in the log.
    Stored(Box<Decided>),
    /// The event is already a row of this batch, with this index.
    Row(usize),
    /// The same draft is already in this request, with this index.
    Draft(usize),
    Refused(DraftRefusal),
}

impl DraftBatch {
    /// Whether any draft must wait for the restore window to close.
    pub(super) fn must_wait_for_restore(&self) -> bool {
        self.drafts.iter().any(|(_, fact)| restore_window::must_wait_for_restore(fact))
    }

    /// The drafts as the rules see them, without a seq; they determine what has to be loaded.
    pub(super) fn as_known(&self, tenant: &Tenant, central: &NodeHead) -> Vec<ParsedEvent> {
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

    /// Seals and decides new drafts, answers known ones, and refuses those that may not be written.
    pub(super) fn decide(
        &self,
        decider: &mut BatchDecider<'_>,
    ) -> Result<Vec<Result<Decided, DraftRefusal>>, IngestError> {
        if self.atomic {
            return self.decide_all(decider);
        }
        // Each draft is a request of its own, made after those before it.
        self.drafts.iter().map(|draft| self.decide_one(decider, draft)).collect()
    }

    fn decide_one(
        &self,
        decider: &mut BatchDecider<'_>,
        (draft, fact): &(Draft, Fact),
    ) -> Result<Result<Decided, DraftRefusal>, IngestError> {
        let (row, duplicate) = match self.plan(decider, draft, fact, &mut Edits::default())? {
            DraftPlan::Refused(refusal) => return Ok(Err(refusal)),
            DraftPlan::Stored(decided) => return Ok(Ok(*decided)),
            DraftPlan::Seal => (decider.seal(draft.id, draft.occurred_at, draft.content.clone(), fact.clone())?, false),
            DraftPlan::Row(row) => (row, true),
            DraftPlan::Draft(_) => unreachable!("a draft alone has none before it"),
        };
        Ok(Ok(answer(decider, row, duplicate)))
    }

    fn decide_all(&self, decider: &mut BatchDecider<'_>) -> Result<Vec<Result<Decided, DraftRefusal>>, IngestError> {
        let plans = self.plans(decider)?;
        if plans.iter().any(|plan| matches!(plan, DraftPlan::Refused(_))) {
            let refusals = plans.into_iter().map(|plan| match plan {
                DraftPlan::Refused(refusal) => Err(refusal),
                _ => Err(DraftRefusal::BatchRejected),
            });
            return Ok(refusals.collect());
        }
        let mut rows: Vec<Option<usize>> = Vec::with_capacity(plans.len());
        let mut answers = Vec::with_capacity(plans.len());
        for (plan, (draft, fact)) in plans.into_iter().zip(&self.drafts) {
            let (row, duplicate) = match plan {
                DraftPlan::Refused(_) => unreachable!("a refused draft refuses all"),
                DraftPlan::Stored(decided) => {
                    answers.push(Ok(*decided));
                    rows.push(None);
                    continue;
                }
                DraftPlan::Seal => {
                    (decider.seal(draft.id, draft.occurred_at, draft.content.clone(), fact.clone())?, false)
                }
                DraftPlan::Row(row) => (row, true),
                DraftPlan::Draft(earlier) => {
                    let row = rows.get(earlier).copied().flatten();
                    (row.expect("an earlier draft with the same id was sealed"), true)
                }
            };
            rows.push(Some(row));
            answers.push(Ok(answer(decider, row, duplicate)));
        }
        Ok(answers)
    }

    fn plans(&self, decider: &BatchDecider<'_>) -> Result<Vec<DraftPlan>, IngestError> {
        let mut seen: HashMap<EventId, usize> = HashMap::new();
        let mut edits = Edits::default();
        let mut plans: Vec<DraftPlan> = Vec::with_capacity(self.drafts.len());
        for (index, (draft, fact)) in self.drafts.iter().enumerate() {
            let plan = match seen.get(&draft.id) {
                Some(&earlier) if self.drafts[earlier].0 != *draft => DraftPlan::Refused(IdReused(draft.id).into()),
                // The same outcome as for the earlier draft.
                Some(&earlier) => match &plans[earlier] {
                    DraftPlan::Seal => DraftPlan::Draft(earlier),
                    other => other.clone(),
                },
                None => self.plan(decider, draft, fact, &mut edits)?,
            };
            seen.entry(draft.id).or_insert(index);
            plans.push(plan);
        }
        Ok(plans)
    }

    fn plan(
        &self,
        decider: &BatchDecider<'_>,
        draft: &Draft,
        fact: &Fact,
        edits: &mut Edits,
    ) -> Result<DraftPlan, IngestError> {
        match decider.counted(draft.id) {
            Some(CountedView::Stored(held)) => {
                let same = stored_v1::decode(&held.record).is_ok_and(|event| draft.same_content(&event));
                if !same {
                    return Ok(DraftPlan::Refused(IdReused(draft.id).into()));
                }
                let result = stored_result(&held.decision, held.seq)?;
                return Ok(DraftPlan::Stored(Box::new(decided(result, held.chain, true))));
            }
            Some(CountedView::Row(row)) => {
                let same = decider.rows[row].event.as_deref().is_some_and(|event| draft.same_content(event));
                return Ok(if same { DraftPlan::Row(row) } else { DraftPlan::Refused(IdReused(draft.id).into()) });
            }
            None => {}
        }
        let refusal = self.central_only(decider, draft, fact).or_else(|| out_of_date(decider, draft, fact, edits));
        let refusal = refusal.or_else(|| too_large(decider, draft, fact));
        Ok(refusal.map_or(DraftPlan::Seal, DraftPlan::Refused))
    }

    /// Refuses what a shop may not write through central. Central's node seals the event, so the rules would treat it as
    /// central's own.
    fn central_only(&self, decider: &BatchDecider<'_>, draft: &Draft, fact: &Fact) -> Option<DraftRefusal> {
        let content = &draft.content;
        let by_a_log = matches!(fact, Fact::EpochOpened | Fact::ClockChanged(_));
        if by_a_log && !self.opens_epoch {
            return Some(DraftRefusal::WrittenByLog { action: content.action.clone() });
        }
        let rule = decider.decision_state.rulebook.rule_for(&content.entity_type);
        let sets_fields = matches!(fact, Fact::Created(_) | Fact::Updated(_) | Fact::Deleted);
        if self.by_central || !sets_fields || !matches!(rule, Rule::CentralOnly | Rule::ServerWins) {
            return None;
        }
        Some(DraftRefusal::CentralOnly { entity_type: content.entity_type.clone(), rule })
    }
}

/// Refuses an edit made from another version than the current one. All edits through central are sealed by central's node,
/// and the rules only detect conflicts between nodes. So two people who edit the same entity here are separated by this
/// check, under the tenant's lock and whatever the entity's rule.
fn out_of_date(decider: &BatchDecider<'_>, draft: &Draft, fact: &Fact, edits: &mut Edits) -> Option<DraftRefusal> {
    let content = &draft.content;
    let edit = Edit::of(fact, content.base_version.map(Tag::of_version))?;
    let key = EntityKey { entity_type: content.entity_type.clone(), entity_id: content.entity_id.clone() };
    let now =
        decider.decision_state.entities.get(&key).filter(|entity| entity.is_known()).map(|entity| CurrentEntity {
            version: entity.version.0,
            tag: Tag::of_version(entity.version.0).as_str().to_owned(),
            lives: !entity.deleted,
        });
    edits.check(draft, &edit, now.as_ref()).err().map(|refusal| DraftRefusal::OutOfDate(Box::new(refusal)))
}

/// Refuses what the rules would reject, before it is in the log.
fn too_large(decider: &BatchDecider<'_>, draft: &Draft, fact: &Fact) -> Option<DraftRefusal> {
    let content = &draft.content;
    let key = EntityKey { entity_type: content.entity_type.clone(), entity_id: content.entity_id.clone() };
    rules::grown(&key, decider.decision_state.entities.get(&key), fact).map(DraftRefusal::EntityTooLarge)
}

fn answer(decider: &BatchDecider<'_>, row: usize, duplicate: bool) -> Decided {
    let (new, decision) = (&decider.rows[row], &decider.decisions[row]);
    decided(record_result(decision, new.seq), new.chain, duplicate)
}
