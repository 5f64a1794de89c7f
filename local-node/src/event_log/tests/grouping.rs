//! Group commit: callers that wait together share a flush, and each one's drafts stay whole.

use std::sync::{Arc, Condvar, Mutex};

use comptoir_core::position::Seq;
use futures_util::future::join_all;
use tokio::task::JoinHandle;

use super::super::memory::Faults;
use super::super::{AppendError, Appended, Environment, Log, LogConfig};
use super::harness::*;

/// Blocks the writer while it is closed: the writer reads the disk's free space before each group.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn set(&self, closed: bool) {
        *self.0.0.lock().unwrap() = closed;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        drop(self.0.1.wait_while(self.0.0.lock().unwrap(), |closed| *closed).unwrap());
    }
}

fn gated(node: &Node, queue_len: usize) -> (Log, Gate) {
    let (gate, free_space) = (Gate::default(), node.environment().free_space);
    let passed = gate.clone();
    let probe = move |path: &std::path::Path| {
        passed.pass();
        free_space(path)
    };
    let environment = Environment { free_space: Arc::new(probe), ..node.environment() };
    let config = LogConfig { queue_len, ..node.config() };
    (Log::open(config, environment).expect("the log opens"), gate)
}

type Answer = JoinHandle<Result<Vec<Appended>, AppendError>>;

/// Starts appends of ten drafts each; all of them wait in the queue or in the writer when this returns.
async fn start(log: &Log, callers: u64) -> Vec<Answer> {
    let lists = (0..callers).map(|caller| (caller * 10..caller * 10 + 10).map(draft).collect());
    let started: Vec<_> = lists
        .map(|drafts| {
            let log = log.clone();
            tokio::spawn(async move { log.append(drafts).await })
        })
        .collect();
    tokio::task::yield_now().await;
    started
}

#[test]
fn callers_that_wait_together_share_one_flush() {
    let node = Node::in_memory();
    let (log, gate) = gated(&node, 1_024);
    let flushes = block_on(async {
        gate.set(true);
        let answers = start(&log, 50).await;
        let before = node.disk().flushes();
        gate.set(false);
        let answers = join_all(answers).await;
        assert!(answers.into_iter().all(|answer| answer.unwrap().is_ok()));
        node.disk().flushes() - before
    });
    // The first caller may have been in a group of its own.
    assert!(flushes <= 2, "{flushes} flushes");
    assert_eq!(ids(&log), (0..500).map(id).collect::<Vec<_>>(), "each list without another's record in between");
}

#[test]
fn a_full_queue_says_so_at_once() {
    let node = Node::in_memory();
    let (log, gate) = gated(&node, 2);
    block_on(async {
        gate.set(true);
        let answers = start(&log, 10).await;
        let busy = log.append(vec![draft(999)]).await;
        assert!(matches!(busy, Err(AppendError::Busy { .. })), "{busy:?}");
        gate.set(false);
        let answers: Vec<_> = join_all(answers).await.into_iter().map(Result::unwrap).collect();
        let taken = answers.iter().filter(|answer| answer.is_ok()).count();
        // Two in the queue, and one more if the writer had taken the first by then.
        assert!((2..=3).contains(&taken), "{taken} were taken");
        assert!(answers.iter().all(|answer| matches!(answer, Ok(_) | Err(AppendError::Busy { .. }))));
    });
    append_each(&log, [1_000]);
}

#[test]
fn a_power_cut_in_a_group_leaves_each_list_whole_or_absent() {
    for surviving in 0..40 {
        let node = Node::in_memory();
        let (log, gate) = gated(&node, 1_024);
        block_on(async {
            gate.set(true);
            let answers = start(&log, 30).await;
            node.disk().set_faults(Faults { flushes_fail: true, ..Faults::default() });
            gate.set(false);
            for answer in join_all(answers).await {
                assert!(matches!(answer.unwrap(), Err(AppendError::ReadOnly { .. })), "nobody hears ok");
            }
        });
        drop((log, gate));
        node.disk().cut_power(surviving);

        let log = node.open();
        let found = ids(&log);
        assert_eq!(found.len() % 10, 0, "{surviving} batches kept: a list was torn");
        assert_eq!(found, (0..found.len() as u64).map(id).collect::<Vec<_>>());
        assert_eq!(append_each(&log, [10_000])[0].seq, Seq(found.len() as u64 + 2));
    }
}

#[test]
fn the_same_draft_from_two_callers_of_one_group_is_sealed_once() {
    let node = Node::in_memory();
    let (log, gate) = gated(&node, 1_024);
    block_on(async {
        gate.set(true);
        let answers: Vec<_> = [start(&log, 1).await, start(&log, 1).await].into_iter().flatten().collect();
        gate.set(false);
        let answers: Vec<_> = join_all(answers).await.into_iter().map(|answer| answer.unwrap().unwrap()).collect();
        let second: Vec<_> = answers[0].iter().map(|first| Appended { duplicate: true, ..*first }).collect();
        assert_eq!(answers[1], second);
    });
    assert_eq!(ids(&log).len(), 10);
}

#[test]
fn an_append_wakes_the_watchers() {
    let node = Node::in_memory();
    let log = node.open();
    let mut watch = log.watch();
    watch.mark_unchanged();
    append_each(&log, [1]);
    assert!(watch.has_changed().unwrap());
    assert_eq!(watch.borrow_and_update().marks.durable, Seq(2));
}
