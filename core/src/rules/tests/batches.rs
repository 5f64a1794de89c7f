//! Batches, as central ingests them: load the keys, fold, write what changed. The result must equal one fold over everything,
//! which shows that no key is missing.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::logs::{in_order, logs, sealed};
use super::*;
use crate::rules::{dependent_keys, state_keys};
use crate::state::StateKeys;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_split_into_batches_that_load_only_what_is_touched_gives_the_same(
        log in logs(60),
        sizes in vec(1..12usize, 1..8),
    ) {
        let mut store = DecisionState::default();
        let mut judgements = Vec::new();
        let mut rest = log.as_slice();
        for size in sizes.iter().cycle() {
            let (batch, later) = rest.split_at((*size).min(rest.len()));
            judgements.extend(ingested(&mut store, batch));
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!((store, judgements), folded(&log));
    }
}

#[test]
fn the_release_of_an_acceptance_leads_to_the_count_and_on_to_its_stock() {
    let log = [
        received("TEA", "5", "1"),
        counted(&[("TEA", "4")]),
        count_accepted(CENTRAL, 2).objected(),
        released(CENTRAL, 3),
    ];
    let log = in_order(sealed(log.into()));
    let mut store = DecisionState::default();
    let judgements: Vec<_> = log.chunks(1).flat_map(|batch| ingested(&mut store, batch)).collect();
    assert_eq!(judgements[3].verdict, Verdict::Accepted);
    assert_eq!((store, judgements), folded(&log));
}

#[test]
fn an_event_quarantined_and_released_in_one_batch_is_numbered_in_the_year_of_the_release() {
    let mut log = in_order(sealed(vec![invoiced(1, "i0"), invoiced(1, "i1").objected(), released(CENTRAL, 2)]));
    log[0].context.local_year = 2027;
    log[2].context.local_year = 2027;
    let mut store = DecisionState::default();
    ingested(&mut store, &log[..1]);
    let judgements = ingested(&mut store, &log[1..]);
    assert_eq!(judgements[1].reference.as_deref(), Some("F2027-LYO-000002"));
}

/// One fold over the whole log.
pub(super) fn folded(log: &[Step]) -> (DecisionState, Vec<Judgement>) {
    let mut decision_state = DecisionState::default();
    let judgements = log.iter().map(|step| judged(&mut decision_state, step).0).collect();
    (decision_state, judgements)
}

/// Applies the effects of a decision; returns the written keys.
pub(super) fn apply(decision_state: &mut DecisionState, step: &Step, judgement: &Judgement) -> StateKeys {
    let mut written = StateKeys::default();
    for effect in effects(decision_state, &step.context, &step.known, judgement) {
        evolve(decision_state, &effect);
        effect.writes(&mut written);
    }
    written
}

/// Decides one event and applies its effects; returns the written keys.
fn judged(decision_state: &mut DecisionState, step: &Step) -> (Judgement, StateKeys) {
    let judgement = decide(decision_state, &step.context, &step.known);
    let written = apply(decision_state, step, &judgement);
    (judgement, written)
}

/// As central does: loads the batch's keys, folds, writes back what changed.
fn ingested(store: &mut DecisionState, batch: &[Step]) -> Vec<Judgement> {
    let events: Vec<_> = batch.iter().map(|step| (&step.known, &step.context)).collect();
    let mut decision_state = DecisionState { rulebook: store.rulebook.clone(), ..DecisionState::default() };
    let (mut wanted, mut loaded) = (StateKeys::default(), StateKeys::default());
    for (known, context) in &events {
        state_keys::keys_needed(known, context, &store.rulebook, &mut wanted);
    }
    let mut rounds = 0;
    while !wanted.without(&loaded).is_empty() {
        copy(&wanted.without(&loaded), store, &mut decision_state);
        loaded = wanted.clone();
        dependent_keys(&decision_state, &events, &mut wanted);
        rounds += 1;
    }
    assert!(rounds <= 3, "{rounds} rounds");
    let mut judgements = Vec::new();
    for step in batch {
        let (judgement, written) = judged(&mut decision_state, step);
        copy(&written, &decision_state, store);
        judgements.push(judgement);
    }
    judgements
}

/// Copies the named keys that exist.
fn copy(keys: &StateKeys, from: &DecisionState, to: &mut DecisionState) {
    fn rows<K: Ord + Clone, V: Clone>(keys: &BTreeSet<K>, from: &BTreeMap<K, V>, to: &mut BTreeMap<K, V>) {
        to.extend(keys.iter().filter_map(|key| from.get(key).map(|value| (key.clone(), value.clone()))));
    }
    rows(&keys.stock, &from.stock, &mut to.stock);
    rows(&keys.consumed, &from.consumed, &mut to.consumed);
    rows(&keys.counts, &from.counts, &mut to.counts);
    rows(&keys.deliveries, &from.deliveries, &mut to.deliveries);
    rows(&keys.invoices, &from.invoices, &mut to.invoices);
    rows(&keys.series, &from.series, &mut to.series);
    rows(&keys.entities, &from.entities, &mut to.entities);
    rows(&keys.quarantined, &from.quarantined, &mut to.quarantined);
    if keys.rulebook {
        to.rulebook = from.rulebook.clone();
    }
}
