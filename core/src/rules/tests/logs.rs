//! Small random logs of several nodes. There are few names, so that events meet. Each event's id and content are fixed when it is
//! made, so that a log can be replayed in another order.

use std::collections::{BTreeMap, VecDeque};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::rulebook::{Rule, Rulebook};

const TYPES: [&str; 8] = ["CLIENT", "STUDENT", "PRODUCT", "STUDENT", "NOTE", "STOCK", "STUDENT", "INVOICE"];
const PRODUCTS: [&str; 3] = ["TEA", "RICE", "SALT"];

/// One action; the numbers choose among the few names.
#[derive(Clone, Copy, Debug)]
struct Act {
    node: u8,
    kind: u8,
    numbers: [u8; 4],
    time: i64,
}

/// Logs of up to `length` events of three nodes and central, in one order.
pub(super) fn logs(length: usize) -> impl Strategy<Value = Vec<Step>> {
    let node = prop_oneof![Just(1), Just(2), Just(3), Just(CENTRAL)];
    let act = (node, 0..30u8, any::<[u8; 4]>(), 0..40i64);
    let act = act.prop_map(|(node, kind, numbers, time)| Act { node, kind, numbers, time });
    vec(act, 1..length).prop_map(|acts| in_order(reported(&acts)))
}

/// The log in another order that keeps each node's own order: `choices` picks the node that comes next.
pub(super) fn interleaved(steps: &[Step], choices: &[u8]) -> Vec<Step> {
    let mut waiting: BTreeMap<NodeId, VecDeque<Step>> = BTreeMap::new();
    for step in steps {
        waiting.entry(step.known.event.node).or_default().push_back(step.clone());
    }
    let mut reported = Vec::with_capacity(steps.len());
    for choice in choices.iter().cycle() {
        waiting.retain(|_, queue| !queue.is_empty());
        let Some(next) = waiting.len().checked_sub(1).map(|last| usize::from(*choice).min(last)) else { break };
        reported.extend(waiting.values_mut().nth(next).and_then(VecDeque::pop_front));
    }
    in_order(reported)
}

/// Gives each step its context: positions from 1, and a new year every ten.
pub(super) fn in_order(mut steps: Vec<Step>) -> Vec<Step> {
    for (position, step) in (1..).zip(&mut steps) {
        step.context.position = Position(position);
        step.context.received_at = Timestamp(position as i64 * 1000);
        step.context.local_year = 2020 + (position / 10) as i16;
    }
    steps
}

/// Gives each step its id, and its seq in its node's log.
pub(super) fn sealed(steps: Vec<Step>) -> Vec<Step> {
    let mut seqs: BTreeMap<NodeId, Seq> = BTreeMap::new();
    let seal = |(number, mut step): (u64, Step)| {
        let seq = seqs.entry(step.known.event.node).or_default();
        *seq = seq.next();
        step.known.event.seq = *seq;
        step.known.event.id = event(number);
        step
    };
    (1..).zip(steps).map(seal).collect()
}

fn reported(acts: &[Act]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for act in acts {
        let mut step = happened(act, &steps).at(act.time);
        if act.numbers[3] % 5 == 1 {
            step = step.objected();
        }
        steps.push(step);
    }
    sealed(steps)
}

fn happened(act: &Act, before: &[Step]) -> Step {
    let Act { node, numbers: [a, b, c, d], .. } = *act;
    let product = |number: u8| PRODUCTS[usize::from(number) % PRODUCTS.len()];
    let (first, second) = ((1 + a % 5).to_string(), format!("{}.5", b % 4));
    let lines = [(product(a), first.as_str()), (product(b), second.as_str())];
    let (sale, cost) = (format!("s{}", c % 3), format!("{}.25", c % 4));
    let id = format!("e{}", a % 2);
    let entity_type = TYPES[usize::from(b) % TYPES.len()];
    let values = [format!("x={c}"), format!("y={}", if d % 3 == 0 { String::new() } else { d.to_string() })];
    let pairs: Vec<&str> = values.iter().map(String::as_str).take(1 + usize::from(d % 2)).collect();
    // Central-only facts are written by central, except for an occasional attempt.
    let author = if d % 5 == 0 { node } else { CENTRAL };
    let made_by = |step: Step, node: u8| in_a_site(step.by(node), a);
    match act.kind {
        0..=2 => made_by(sold(&sale, &lines), node),
        3 => made_by(refunded(Some(&sale), &lines), node),
        4 => made_by(refunded(None, &lines[..1]), node),
        5 if c % 2 == 0 => made_by(received_as(&format!("r{}", b % 3), product(a), &first, &cost), node),
        5..=7 => made_by(received_lot(product(a), &first, &cost, if d % 2 == 0 { "L" } else { "" }), node),
        8 if c % 2 == 0 => made_by(undone(&format!("r{}", b % 3), product(a), &first), node),
        8 => made_by(returned(product(a), &first, if d % 2 == 0 { "L" } else { "" }), node),
        9 => made_by(written_off(&lines), node),
        10 => made_by(counted(&lines), node),
        11 | 12 => {
            made_by(count_accepted(author, pick(before, b, |fact| matches!(fact, Fact::StockCounted(_)))), author)
        }
        13 => made_by(adjusted(author, &[(product(a), &format!("-{first}"), ""), (product(b), &second, "")]), author),
        14 => ordered(&id, ["Q", "R"][usize::from(b % 2)]).by(author),
        15 => validated(node, &id, ["Q", "R"][usize::from(c % 2)]),
        16 => made_by(invoiced(node, &format!("i{}", b % 6)), node),
        17 => made_by(invoiced_in_total(node, &format!("i{}", b % 6)), node),
        18 => made_by(invoice_cancelled(node, &format!("i{}", b % 6)), node),
        19 => {
            let is_create = |step: &&Step| matches!(step.known.fact, Fact::Created(_));
            // Two nodes may create the same.
            match before.iter().rev().find(is_create).filter(|_| c % 4 == 3) {
                Some(made) => made.clone().by(node),
                None => based(created(node, entity_type, &id, &pairs), before, d),
            }
        }
        20..=22 => based(updated(node, entity_type, &id, &pairs), before, d),
        23 | 24 => based(deleted(node, entity_type, &id), before, d),
        25 => created(CENTRAL, "PRODUCT", product(a), &pairs),
        26 => {
            let edit = |fact: &Fact| matches!(fact, Fact::Created(_) | Fact::Updated(_) | Fact::Deleted);
            let conflict = pick(before, b, edit);
            let about = before.get(conflict as usize - 1).map(|step| &step.known.event.content);
            let about =
                about.map_or(("STUDENT", id.as_str()), |about| (about.entity_type.as_str(), about.entity_id.as_str()));
            resolved(author, about.0, about.1, conflict, (d % 2 == 0).then_some(&pairs))
        }
        27 | 28 => made_by(released(author, pick_suspicious(before, b)), author),
        _ => adopted(author, entity_type, Rule::ALL[usize::from(c) % Rule::ALL.len()]),
    }
}

fn in_a_site(step: Step, number: u8) -> Step {
    match number % 4 {
        0 => step.without_site(),
        1 => step.in_site(2).without_site_code(),
        _ => step,
    }
}

/// Edits mostly build on a version that their writer could have read.
fn based(step: Step, before: &[Step], number: u8) -> Step {
    match number % 3 {
        0 => step,
        _ => step.based_on((before.len() as u64).saturating_sub(u64::from(number % 4))),
    }
}

/// The number of an earlier step of that kind, the latest for 0; any number where there is none.
fn pick(before: &[Step], number: u8, of_kind: impl Fn(&Fact) -> bool) -> u64 {
    nth_last(before, number, |step| of_kind(&step.known.fact))
}

fn pick_suspicious(before: &[Step], number: u8) -> u64 {
    let waits = |fact: &Fact| matches!(fact, Fact::DeliveryValidated(_) | Fact::InvoiceCancelled { .. });
    nth_last(before, number, |step| step.known.objection.is_some() || waits(&step.known.fact))
}

fn nth_last(before: &[Step], number: u8, wanted: impl Fn(&Step) -> bool) -> u64 {
    let found: Vec<u64> = (1..).zip(before).filter(|(_, step)| wanted(step)).map(|(number, _)| number).collect();
    let back = usize::from(number % 4) + 1;
    found.len().checked_sub(back).or(found.len().checked_sub(1)).map_or(u64::from(number) + 1, |index| found[index])
}

fn adopted(node: u8, entity_type: &str, rule: Rule) -> Step {
    let mut rulebook = Rulebook { version: 2, ..Rulebook::default() };
    rulebook.rules.insert(name(entity_type), rule);
    step(node, "RULEBOOK", "r", Fact::RulebookAdopted(rulebook))
}
