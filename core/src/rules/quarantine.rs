//! Quarantine: what could not be judged waits for a person. Its release is an event; the old one takes effect at the release's position,
//! once.

use crate::decision::{Code, DecisionContext, Judgement, Verdict};
use crate::fact::{Fact, ParsedEvent};
use crate::id::EventId;
use crate::rulebook::Rule;
use crate::rules::{Effect, judge, with_detail};
use crate::state::{DecisionState, Quarantined};

/// The judgement of a release is that of the event it releases, without what stood against it. Where that still cannot take effect, the
/// release is rejected and the event goes on waiting.
pub(super) fn decide(decision_state: &DecisionState, place: &DecisionContext, event: EventId, rule: Rule) -> Judgement {
    let refused = |code, detail| with_detail(Judgement::refused(Verdict::Rejected, code, rule), detail);
    let Some(held) = decision_state.quarantined.get(&event).filter(|held| !is_release(&held.known)) else {
        return refused(Code::UnknownEvent, format!("no event {event} is in quarantine"));
    };
    if held.released {
        return refused(Code::AlreadyApplied, format!("event {event} was released before"));
    }
    let judgement = judge(decision_state, &place_of_release(held, place), &held.known, true);
    match judgement.verdict {
        Verdict::Quarantined => Judgement { verdict: Verdict::Rejected, ..judgement },
        _ => judgement,
    }
}

/// What follows from a release that was not rejected: what follows from the event, and that it was released.
pub(super) fn effects(
    decision_state: &DecisionState,
    place: &DecisionContext,
    event: EventId,
    judgement: &Judgement,
) -> Vec<Effect> {
    let Some(held) = decision_state.quarantined.get(&event) else { return Vec::new() };
    let mut effects = super::effects(decision_state, &place_of_release(held, place), &held.known, judgement);
    effects.push(Effect::Released { event });
    effects
}

/// What a quarantine has to remember.
pub(super) fn set_apart(place: &DecisionContext, known: &ParsedEvent) -> Effect {
    Effect::SetApart(Box::new(Quarantined { known: known.clone(), place: place.clone(), released: false }))
}

/// A release cannot be released: what it releases is not itself.
pub(super) fn is_release(known: &ParsedEvent) -> bool {
    matches!(known.fact, Fact::QuarantineReleased { .. })
}

/// Position, receipt and year are the release's; when it happened, where, and by whom stay the event's own.
fn place_of_release(held: &Quarantined, release: &DecisionContext) -> DecisionContext {
    DecisionContext {
        position: release.position,
        received_at: release.received_at,
        local_year: release.local_year,
        effective_at: held.place.effective_at,
        site_code: held.place.site_code.clone(),
        by_central: held.place.by_central,
    }
}
