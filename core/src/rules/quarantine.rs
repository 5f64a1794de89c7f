//! Quarantine: an event that could not be decided waits for a person. Its release is an event; the quarantined event takes effect
//! at the release's position, once.

use crate::decision::{Code, DecisionContext, Judgement, Verdict};
use crate::fact::{Fact, ParsedEvent};
use crate::id::EventId;
use crate::rulebook::Rule;
use crate::rules::{Effect, judge, with_detail};
use crate::state::{DecisionState, Quarantined};

/// The decision of a release is that of the released event without its objection. If that still cannot take effect, the release
/// is rejected and the event stays in quarantine.
pub(super) fn decide(
    decision_state: &DecisionState,
    context: &DecisionContext,
    event: EventId,
    rule: Rule,
) -> Judgement {
    let refused = |code, detail| with_detail(Judgement::refused(Verdict::Rejected, code, rule), detail);
    let Some(held) = decision_state.quarantined.get(&event).filter(|held| !is_release(&held.known)) else {
        return refused(Code::UnknownEvent, format!("no event {event} is in quarantine"));
    };
    if held.released {
        return refused(Code::AlreadyApplied, format!("event {event} was released before"));
    }
    let judgement = judge(decision_state, &release_context(held, context), &held.known, true);
    match judgement.verdict {
        Verdict::Quarantined => Judgement { verdict: Verdict::Rejected, ..judgement },
        _ => judgement,
    }
}

/// The effects of an accepted release: those of the event, and the release itself.
pub(super) fn effects(
    decision_state: &DecisionState,
    context: &DecisionContext,
    event: EventId,
    judgement: &Judgement,
) -> Vec<Effect> {
    let Some(held) = decision_state.quarantined.get(&event) else { return Vec::new() };
    let mut effects = super::effects(decision_state, &release_context(held, context), &held.known, judgement);
    effects.push(Effect::Released { event });
    effects
}

pub(super) fn quarantine(context: &DecisionContext, known: &ParsedEvent) -> Effect {
    Effect::Quarantined(Box::new(Quarantined { known: known.clone(), context: context.clone(), released: false }))
}

/// A release cannot be released, since it would release itself.
pub(super) fn is_release(known: &ParsedEvent) -> bool {
    matches!(known.fact, Fact::QuarantineReleased { .. })
}

/// Position, receipt and year are the release's; time, location and user stay the event's.
fn release_context(held: &Quarantined, release: &DecisionContext) -> DecisionContext {
    DecisionContext {
        position: release.position,
        received_at: release.received_at,
        local_year: release.local_year,
        effective_at: held.context.effective_at,
        site_code: held.context.site_code.clone(),
        by_central: held.context.by_central,
    }
}
