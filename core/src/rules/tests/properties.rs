//! Properties of every log, each checked on a few hundred small random logs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::batches::{apply, folded};
use super::logs::{in_order, interleaved, logs, sealed};
use super::*;
use crate::state::WriteStamp;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn deciding_again_gives_the_same_and_applying_what_was_decided_gives_the_same_world(log in logs(60)) {
        let (decision_state, judgements) = folded(&log);
        let mut rebuilt = DecisionState::default();
        for (step, judgement) in log.iter().zip(&judgements) {
            prop_assert_eq!(&decide(&rebuilt, &step.context, &step.known), judgement);
            apply(&mut rebuilt, step, judgement);
        }
        prop_assert_eq!(rebuilt, decision_state);
    }

    #[test]
    fn numbers_are_without_gap_or_double_in_every_series_under_any_interleaving(
        log in logs(60),
        choices in vec(0..4u8, 1..40),
    ) {
        let (_, judgements) = folded(&interleaved(&log, &choices));
        let mut series: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for reference in judgements.iter().filter_map(|judgement| judgement.reference.as_ref()) {
            let (prefix, number) = reference.rsplit_once('-').expect("a reference ends with its number");
            series.entry(prefix.to_owned()).or_default().push(number.parse().expect("digits"));
        }
        for (prefix, numbers) in series {
            prop_assert_eq!(&numbers, &(1..=numbers.len() as u64).collect::<Vec<_>>(), "{}", prefix);
        }
    }

    #[test]
    fn what_is_held_is_what_came_less_what_went(log in logs(80)) {
        let (decision_state, judgements) = folded(&log);
        let expected = plainly_summed(&log, &judgements);
        for (key, item) in &decision_state.stock {
            let held = expected.get(&(key.site, key.product.clone())).copied().unwrap_or_default();
            prop_assert_eq!(item.quantity(), held, "{:?}", key);
            prop_assert!(item.lots.iter().all(|lot| lot.quantity > Decimal::ZERO));
            prop_assert!(item.backordered.is_zero() || item.lots.is_empty(), "a lot pays what is owed first");
            prop_assert!(item.lots.iter().is_sorted_by_key(|lot| (lot.position, lot.line)));
        }
        prop_assert!(decision_state.consumed.values().all(|taken| taken.quantity >= Decimal::ZERO && taken.cost >= Decimal::ZERO));
    }

    #[test]
    fn every_piece_leaves_at_the_cost_of_the_oldest(moves in vec((any::<bool>(), 1..9u8, 0..5u8), 1..40)) {
        let step = |(comes, quantity, cost): &(bool, u8, u8)| match comes {
            true => received("TEA", &quantity.to_string(), &cost.to_string()),
            false => sold("s", &[("TEA", &quantity.to_string())]),
        };
        let (decision_state, _) = folded(&in_order(sealed(moves.iter().map(step).collect())));

        let (mut held, mut owed, mut spent) = (VecDeque::new(), 0u32, 0u32);
        for (comes, quantity, cost) in &moves {
            for _ in 0..*quantity {
                match (comes, owed) {
                    (true, 0) => held.push_back(u32::from(*cost)),
                    (true, _) => { owed -= 1; spent += u32::from(*cost) }
                    (false, _) => match held.pop_front() {
                        Some(cost) => spent += cost,
                        None => owed += 1,
                    },
                }
            }
        }
        let item = decision_state.stock.values().next().expect("tea moved");
        prop_assert_eq!(item.value(), Decimal::from(held.iter().sum::<u32>()));
        prop_assert_eq!((item.backordered, item.consumed_cost), (Decimal::from(owed), Decimal::from(spent)));
    }

    #[test]
    fn every_interleaving_keeps_each_nodes_order(log in logs(40), choices in vec(0..4u8, 1..40)) {
        let merged = interleaved(&log, &choices);
        prop_assert_eq!(merged.len(), log.len());
        for node in [1, 2, 3, CENTRAL].map(node_id) {
            let of_node = |steps: &[Step]| -> Vec<EventId> {
                steps.iter().filter(|step| step.known.event.node == node).map(|step| step.known.event.id).collect()
            };
            prop_assert_eq!(of_node(&merged), of_node(&log));
        }
    }

    #[test]
    fn the_last_writer_wins_whatever_order_its_writes_arrive_in(
        edits in vec((1..4u8, 0..6u8, 0..12i64, 0..4u8), 1..25),
        choices in vec(0..3u8, 1..20),
    ) {
        let step = |(node, kind, time, field): &(u8, u8, i64, u8)| {
            let write = [["x=1"], ["x="], ["y=1"], ["y=2"]][usize::from(*field)];
            let step = match kind {
                0 => deleted(*node, "CLIENT", "c"),
                1 => created(*node, "CLIENT", "c", &write),
                _ => updated(*node, "CLIENT", "c", &write),
            };
            step.at(*time)
        };
        let log = in_order(sealed(edits.iter().map(step).collect()));
        let (decision_state, judgements) = folded(&interleaved(&log, &choices));
        let client = decision_state.entities.values().next().cloned().unwrap_or_default();
        let applied = latest(&log);
        prop_assert_eq!((client.deleted, client.fields), applied);
        prop_assert!(judgements.iter().all(|judgement| matches!(judgement.verdict, Verdict::Accepted | Verdict::Superseded)));
    }
}

/// The random logs must reach every outcome.
#[test]
fn the_random_logs_reach_every_outcome_of_the_rules() {
    let mut runner = TestRunner::deterministic();
    let (mut reached, mut flags) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..600 {
        let log = logs(80).new_tree(&mut runner).expect("a log").current();
        for judgement in folded(&log).1 {
            reached.insert((judgement.verdict, judgement.code));
            flags.extend(judgement.flags);
        }
    }
    let expected = [
        (Verdict::Accepted, None),
        (Verdict::Superseded, Some(Code::StockReadOnly)),
        (Verdict::Superseded, Some(Code::CentralOnly)),
        (Verdict::Superseded, Some(Code::Overwritten)),
        (Verdict::Superseded, Some(Code::EntityExists)),
        (Verdict::Conflict, Some(Code::AlreadyValidated)),
        (Verdict::Conflict, Some(Code::VersionConflict)),
        (Verdict::Conflict, Some(Code::EntityExists)),
        (Verdict::Conflict, Some(Code::UnknownEntity)),
        (Verdict::Conflict, Some(Code::EntityDeleted)),
        (Verdict::Conflict, Some(Code::AlreadyCancelled)),
        (Verdict::Rejected, Some(Code::CentralOnly)),
        (Verdict::Rejected, Some(Code::UnknownEntity)),
        (Verdict::Rejected, Some(Code::UnknownEvent)),
        (Verdict::Rejected, Some(Code::AlreadyApplied)),
        (Verdict::Rejected, Some(Code::ActionNotAllowed)),
        (Verdict::Quarantined, Some(Code::TotalMismatch)),
        (Verdict::Quarantined, Some(Code::QrMismatch)),
        (Verdict::Quarantined, Some(Code::UnknownEntity)),
    ];
    assert_eq!(reached, BTreeSet::from(expected));
    // Prior decisions come from outside: `promises`.
    flags.insert(Flag::DecisionRestored);
    // Central adds its knowledge of the clock when the event is received: `clock`.
    flags.extend(Flag::ALL.into_iter().filter(|flag| flag.is_about_time()));
    assert_eq!(flags, BTreeSet::from(Flag::ALL));
}

type Quantities = BTreeMap<(Option<SiteId>, Name), Decimal>;

/// Quantities without lots: every accepted movement added up, each count compared with the sum at its own position.
fn plainly_summed(log: &[Step], judgements: &[Judgement]) -> Quantities {
    let mut held = Quantities::new();
    let mut counts: BTreeMap<EventId, Quantities> = BTreeMap::new();
    for (step, judgement) in log.iter().zip(judgements) {
        if judgement.verdict != Verdict::Accepted {
            continue;
        }
        let known = match &step.known.fact {
            Fact::QuarantineReleased { event } => {
                &log.iter().find(|other| other.known.event.id == *event).expect("it was accepted").known
            }
            _ => &step.known,
        };
        let site = known.event.content.site;
        if let Fact::StockCounted(list) = &known.fact {
            let mut count = Quantities::new();
            for line in &list.lines {
                let key = (site, line.product.clone());
                let before = held.get(&key).copied().unwrap_or_default();
                *count.entry(key).or_insert(-before) += line.quantity;
            }
            counts.insert(known.event.id, count);
        }
        if let Fact::StockCountAccepted { count } = &known.fact {
            for (key, difference) in &counts[count] {
                *held.entry(key.clone()).or_default() += *difference;
            }
        }
        for (product, quantity) in plain_movements(&known.fact) {
            *held.entry((site, product)).or_default() += quantity;
        }
    }
    held
}

fn plain_movements(fact: &Fact) -> Vec<(Name, Decimal)> {
    let pieces =
        |lines: &[SaleLine]| lines.iter().map(|line| (line.product.clone(), line.quantity)).collect::<Vec<_>>();
    let goods =
        |list: &Reception| list.lines.iter().map(|line| (line.product.clone(), line.quantity)).collect::<Vec<_>>();
    let gone =
        |lines: Vec<(Name, Decimal)>| lines.into_iter().map(|(product, quantity)| (product, -quantity)).collect();
    match fact {
        Fact::SaleRecorded(sale) => gone(pieces(&sale.lines)),
        Fact::SaleRefunded(refund) | Fact::SaleCancelled(refund) => pieces(&refund.sale.lines),
        Fact::GoodsReceived(list) | Fact::ProductionValidated(list) => goods(list),
        Fact::GoodsReturned(list) => gone(goods(list)),
        Fact::StockWrittenOff(list) => {
            gone(list.lines.iter().map(|line| (line.product.clone(), line.quantity)).collect())
        }
        Fact::StockAdjusted(list) => list.lines.iter().map(|line| (line.product.clone(), line.quantity)).collect(),
        _ => Vec::new(),
    }
}

/// Last-writer-wins by definition, from all writes at once: whether the entity is deleted, and its fields.
fn latest(log: &[Step]) -> (bool, BTreeMap<String, String>) {
    let writes: Vec<(WriteStamp, &Fact)> = log
        .iter()
        .map(|step| {
            (
                WriteStamp::of(
                    step.context.effective_at,
                    step.known.event.node,
                    step.known.event.epoch,
                    step.known.event.seq,
                ),
                &step.known.fact,
            )
        })
        .collect();
    let last = |of: fn(&Fact) -> bool| writes.iter().filter(|(_, fact)| of(fact)).map(|(stamp, _)| *stamp).max();
    let tombstone = last(|fact| matches!(fact, Fact::Deleted));
    let created = last(|fact| matches!(fact, Fact::Created(_)));
    let mut fields: BTreeMap<String, (WriteStamp, Option<String>)> = BTreeMap::new();
    for (stamp, fact) in &writes {
        let (Fact::Created(written) | Fact::Updated(written)) = fact else { continue };
        for (name, value) in written {
            if Some(*stamp) > tombstone && fields.get(name).is_none_or(|(other, _)| stamp > other) {
                fields.insert(name.clone(), (*stamp, value.clone()));
            }
        }
    }
    let remaining = fields.into_iter().filter_map(|(name, (_, value))| Some((name, value?))).collect();
    (tombstone.is_some() && created <= tombstone, remaining)
}
