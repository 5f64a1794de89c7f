//! Any sequence of appends, retries, decisions, restarts, power cuts and new epochs keeps the log's promises.

use std::collections::HashMap;

use comptoir_core::chain::{genesis, link};
use comptoir_core::id::EventId;
use comptoir_core::position::Seq;
use proptest::prelude::*;
use proptest::sample::Index;

use super::super::memory::Faults;
use super::super::{Log, State};
use super::harness::*;

#[derive(Clone, Debug)]
enum Step {
    /// A list of new events with payloads of some size.
    Append {
        drafts: usize,
        bytes: usize,
    },
    /// An acknowledged event is sent again.
    Retry(Index),
    /// Central decided up to somewhere.
    Decide(Index),
    Restart,
    /// The power goes while a list is being written: some of what was applied survives.
    PowerCut {
        drafts: usize,
        surviving: usize,
    },
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1..20usize, 0..3_000usize).prop_map(|(drafts, bytes)| Step::Append { drafts, bytes }),
        2 => any::<Index>().prop_map(Step::Retry),
        2 => any::<Index>().prop_map(Step::Decide),
        1 => Just(Step::Restart),
        2 => (1..20usize, 0..4usize).prop_map(|(drafts, surviving)| Step::PowerCut { drafts, surviving }),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..25)
}

/// The answers that callers got, and the drafts without an answer.
#[derive(Default)]
struct Model {
    next: u64,
    bytes: HashMap<u64, usize>,
    acknowledged: Vec<u64>,
}

impl Model {
    fn draft(&self, number: u64) -> comptoir_core::event::Draft {
        draft_of(number, vec![b'x'; self.bytes[&number]])
    }

    fn new_drafts(&mut self, count: usize, bytes: usize) -> Vec<u64> {
        let numbers: Vec<u64> = (self.next..self.next + count as u64).collect();
        self.next += count as u64;
        self.bytes.extend(numbers.iter().map(|number| (*number, bytes)));
        numbers
    }
}

fn run_steps(node: &Node, steps: Vec<Step>) {
    let mut log = node.open();
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Append { drafts, bytes } => {
                let numbers = model.new_drafts(drafts, bytes);
                append(&log, numbers.iter().map(|number| model.draft(*number)).collect()).unwrap();
                model.acknowledged.extend(numbers);
            }
            Step::Retry(index) if !model.acknowledged.is_empty() => {
                let draft = model.draft(*index.get(&model.acknowledged));
                assert!(append(&log, vec![draft]).unwrap()[0].duplicate);
            }
            Step::Retry(_) => {}
            Step::Decide(index) => {
                let (epoch, marks) = (log.head().epoch.number, log.head().marks);
                let up_to = index.index(marks.durable.0 as usize + 1) as u64;
                let decisions = (marks.acked.0 + 1..=up_to).map(|seq| (Seq(seq), seq.to_be_bytes().to_vec())).collect();
                block_on(log.store_decisions(epoch, Seq(up_to), decisions)).unwrap();
            }
            Step::Restart => {
                drop(log);
                log = node.open();
            }
            Step::PowerCut { drafts, surviving } => {
                if let super::super::Backend::Memory(disk) = &node.backend {
                    disk.set_faults(Faults { flushes_fail: true, ..Faults::default() });
                    let numbers = model.new_drafts(drafts, 10);
                    append(&log, numbers.iter().map(|number| model.draft(*number)).collect()).unwrap_err();
                    drop(log);
                    disk.cut_power(surviving);
                } else {
                    drop(log);
                }
                log = node.open();
            }
            Step::Reopen => drop(block_on(log.open_epoch_and_reseal(None, "a test")).unwrap()),
        }
        assert_eq!(log.status().state, State::Open);
        holds(&log, &model);
    }
    drop(log);
    holds(&node.open(), &model);
}

/// Seqs without a hole, chains that verify, every acknowledged event there with its content, and none of them effective twice.
fn holds(log: &Log, model: &Model) {
    let mut newest = HashMap::<EventId, (u32, Seq)>::new();
    for epoch in log.epochs() {
        let mut chain = genesis(identity().tenant, identity().node, epoch);
        for (sealed, expected) in all_of(log, epoch.number).iter().zip(1..) {
            chain = link(chain, &sealed.record);
            assert_eq!((sealed.seq, sealed.chain), (Seq(expected), chain));
            let event = event(sealed);
            assert_eq!((event.seq, event.epoch), (sealed.seq, epoch));
            let before = newest.insert(event.id, (epoch.number, sealed.seq));
            assert!(before.is_none_or(|(before, _)| before < epoch.number), "an id twice in one epoch");
        }
    }
    for number in &model.acknowledged {
        let found = log.find(id(*number)).unwrap().expect("an acknowledged event is there");
        assert_eq!((found.epoch, found.sealed.seq), newest[&id(*number)]);
        assert!(model.draft(*number).same_content(&event(&found.sealed)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_history_in_memory_keeps_the_promises(steps in steps()) {
        run_steps(&Node::in_memory(), steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn any_history_on_sled_keeps_the_promises(steps in steps()) {
        run_steps(&Node::on_sled(), steps);
    }
}

/// Paste here what proptest shrank.
#[test]
fn a_history_that_once_failed() {
    let steps = vec![
        Step::Append { drafts: 3, bytes: 2_000 },
        Step::Reopen,
        Step::PowerCut { drafts: 2, surviving: 1 },
        Step::Append { drafts: 1, bytes: 0 },
        Step::Restart,
    ];
    run_steps(&Node::in_memory(), steps);
}
