//! Decisions that central had reported before it was restored, and their outcome when the nodes return in another order.

use proptest::collection::vec;
use proptest::prelude::*;

use super::batches::{apply, folded};
use super::logs::{in_order, interleaved, sealed};
use super::*;
use crate::rules::{PriorDecision, decide_prior};
use crate::state::{Document, Series, SeriesKey};

/// Decides with a prior decision and applies the effects.
fn decide_with_prior(state: &mut DecisionState, step: &Step, prior_decision: &PriorDecision) -> Judgement {
    let judgement = decide_prior(state, &step.context, &step.known, prior_decision);
    apply(state, step, &judgement);
    judgement
}

fn prior(verdict: Verdict, code: Option<Code>, reference: Option<&str>) -> PriorDecision {
    PriorDecision { verdict, code, reference: reference.map(str::to_owned), resolution: None }
}

fn number(reference: &str) -> PriorDecision {
    prior(Verdict::Accepted, None, Some(reference))
}

impl Story {
    /// Adds a step with a prior decision.
    fn when_restored(mut self, step: Step, prior_decision: &PriorDecision) -> Story {
        self.head += 1;
        let mut step = step;
        step.known.event.id = event(self.head);
        step.known.event.seq = Seq(self.head);
        step.context.position = Position(self.head);
        self.last = Some(decide_with_prior(&mut self.state, &step, prior_decision));
        self
    }

    fn series(&self) -> Series {
        let key = SeriesKey { document: Document::Invoice, site: Some(site(SHOP)), year: 2026 };
        self.state.series.get(&key).cloned().unwrap_or_default()
    }
}

fn with_client() -> Story {
    given([created(1, "CLIENT", "c1", &["name=\"Ada\""])])
}

#[test]
fn prior_numbers_are_restored_in_any_order_and_no_new_invoice_takes_one() {
    let story = with_client()
        .when(invoiced(1, "i1"))
        .with_reference("F2026-LYO-000001")
        .when_restored(invoiced(2, "i4"), &number("F2026-LYO-000004"))
        .then_accepted_with(&[Flag::DecisionRestored])
        .with_reference("F2026-LYO-000004")
        .when(invoiced(1, "i5"))
        .with_reference("F2026-LYO-000005")
        .when_restored(invoiced(1, "i2"), &number("F2026-LYO-000002"))
        .with_reference("F2026-LYO-000002");
    assert_eq!(story.series(), Series { last: 5, skipped: [3].into() }, "nobody has come back for number 3");
    let story = story.when_restored(invoiced(1, "i3"), &number("F2026-LYO-000003"));
    assert_eq!(story.series(), Series { last: 5, skipped: [].into() });
}

#[test]
fn a_prior_number_that_another_invoice_has_is_decided_again() {
    with_client()
        .when(invoiced(1, "i1"))
        .when_restored(invoiced(2, "i2"), &number("F2026-LYO-000001"))
        .then_accepted()
        .with_reference("F2026-LYO-000002");
}

#[test]
fn a_prior_number_of_another_year_belongs_to_that_years_series() {
    let story = with_client()
        .when_restored(invoiced(1, "i1").in_year(2027), &number("F2026-LYO-000003"))
        .with_reference("F2026-LYO-000003")
        .when(invoiced(1, "i2").in_year(2027))
        .with_reference("F2027-LYO-000001");
    assert_eq!(story.series(), Series { last: 3, skipped: [1, 2].into() });
}

#[test]
fn a_reference_of_another_shop_or_document_is_not_restored() {
    for reference in ["F2026-PAR-000003", "A2026-LYO-000003", "F2026-LYO-0", "F2026-LYO-4294967295", "", "-", "é-1"] {
        with_client()
            .when_restored(invoiced(1, "i1"), &number(reference))
            .then_accepted()
            .with_reference("F2026-LYO-000001");
    }
}

#[test]
fn a_lost_delivery_stays_lost_before_the_winner_is_resent() {
    let lost = prior(Verdict::Conflict, Some(Code::AlreadyValidated), None);
    let story = given([ordered("d", "qr")])
        .when_restored(validated(2, "d", "qr"), &lost)
        .then(Verdict::Conflict, Code::AlreadyValidated);
    assert_eq!(story.judgement().flags, [Flag::DecisionRestored]);
    let won = prior(Verdict::Accepted, None, None);
    let story = story.when_restored(validated(1, "d", "qr"), &won).then_accepted_with(&[Flag::DecisionRestored]);
    assert_eq!(story.state.deliveries["d"].validation.as_ref().unwrap().node, node_id(1));
    // The next first validation is the third.
    story.when(validated(3, "d", "qr")).then(Verdict::Conflict, Code::AlreadyValidated);
}

#[test]
fn an_accepted_validation_is_never_overruled_by_a_prior_decision() {
    given([ordered("d", "qr"), validated(2, "d", "qr")])
        .when_restored(validated(1, "d", "qr"), &prior(Verdict::Accepted, None, None))
        .then(Verdict::Conflict, Code::AlreadyValidated);
}

#[test]
fn a_prior_decision_changes_neither_refusals_nor_other_facts() {
    let accepted = prior(Verdict::Accepted, None, None);
    given([])
        .when_restored(invoiced(1, "i1").objected(), &number("F2026-LYO-000009"))
        .then(Verdict::Quarantined, Code::TotalMismatch)
        .when_restored(updated(1, "STUDENT", "e", &["x=1"]), &accepted)
        .then(Verdict::Conflict, Code::UnknownEntity)
        .when_restored(ordered("d", "qr").by(1), &accepted)
        .then(Verdict::Rejected, Code::CentralOnly);
}

/// Invoices, some created twice, cancellations of a node's own invoices, and deliveries that every node validates.
fn races() -> impl Strategy<Value = Vec<Step>> {
    let step = (1..4u8, 0..5u8, 0..4u8).prop_map(|(node, kind, id)| match kind {
        0 => invoiced(node, &format!("shared-{id}")),
        1 => invoice_cancelled(node, &format!("own-{node}-{id}")),
        2 => invoiced(node, &format!("own-{node}-{id}")),
        _ => validated(node, &format!("d{id}"), "qr"),
    });
    vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn prior_decisions_are_restored_in_any_order_of_nodes_and_replay_the_same(
        steps in races(),
        remaining in 0..40usize,
        choices in vec(0..3u8, 1..20),
    ) {
        let log = in_order(sealed(steps));
        let (_, first) = folded(&log);
        let (held, lost) = log.split_at(remaining.min(log.len()));
        let (mut state, _) = folded(held);
        let before = state.clone();
        let mut again = Vec::new();
        for step in interleaved(lost, &choices) {
            let at = log.iter().position(|other| other.known.event.id == step.known.event.id).expect("it is of the log");
            let judgement = decide_with_prior(&mut state, &step, &PriorDecision::from_judgement(&first[at]));
            let outcome = |judgement: &Judgement| (judgement.verdict, judgement.code, judgement.reference.clone());
            prop_assert_eq!(outcome(&judgement), outcome(&first[at]), "{:?}", step.known.fact);
            again.push((step, judgement));
        }
        prop_assert!(state.series.values().all(|series| series.skipped.is_empty()), "every number came back");
        let mut replayed = before;
        for (step, stored) in again {
            let judgement = match PriorDecision::restored_by(&stored) {
                Some(prior_decision) => decide_with_prior(&mut replayed, &step, &prior_decision),
                None => {
                    let judgement = decide(&replayed, &step.context, &step.known);
                    apply(&mut replayed, &step, &judgement);
                    judgement
                }
            };
            prop_assert_eq!(judgement, stored);
        }
        prop_assert_eq!(replayed, state);
    }
}
