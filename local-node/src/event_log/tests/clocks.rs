//! Changes of the machine's clock are in the log, before the records that the clock stamps afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use comptoir_core::clock::{ClockHistory, ClockMark, Corrected};
use comptoir_core::event::{Draft, TimeSource};
use comptoir_core::position::Seq;
use comptoir_core::time::Timestamp;
use comptoir_proto::clock_change::CLOCK_CHANGED;

use super::super::{Environment, Log, Steady};
use super::harness::{self, Node, all, append, block_on, event};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
/// 2026-11-30T10:00:00Z.
const BEGIN: i64 = 1_796_032_800 * SECOND;

/// A till whose machine can be switched off and whose clock can be set.
struct Till {
    node: Node,
    now: Arc<AtomicI64>,
    /// What the wall clock shows less the true time.
    wrong: Arc<AtomicI64>,
    started_at: Arc<AtomicI64>,
    boot: Arc<AtomicU8>,
    sold: u64,
    /// The true time of each sale.
    truly: Vec<Timestamp>,
}

impl Till {
    fn new(node: Node) -> Till {
        let atomic = |value| Arc::new(AtomicI64::new(value));
        let (now, wrong, started_at) = (atomic(BEGIN), atomic(0), atomic(BEGIN));
        Till { node, now, wrong, started_at, boot: Arc::default(), sold: 0, truly: Vec::new() }
    }

    fn open(&self) -> Log {
        let (now, wrong) = (self.now.clone(), self.wrong.clone());
        let (steady_now, started_at, boot) = (self.now.clone(), self.started_at.clone(), self.boot.clone());
        let environment = Environment {
            clock: Arc::new(move || Timestamp(now.load(Ordering::SeqCst) + wrong.load(Ordering::SeqCst))),
            steady: Some(Arc::new(move || Steady {
                boot: [boot.load(Ordering::SeqCst); 16],
                micros: steady_now.load(Ordering::SeqCst) - started_at.load(Ordering::SeqCst),
            })),
            ..self.node.environment()
        };
        let log = Log::open(self.node.config(), environment).expect("the log opens");
        block_on(log.look_at_clock());
        log
    }

    fn pass(&self, micros: i64) {
        self.now.fetch_add(micros, Ordering::SeqCst);
    }

    fn set_clock(&self, wrong: i64) {
        self.wrong.store(wrong, Ordering::SeqCst);
    }

    /// Switches the machine off and on again, with a clock that shows something else then.
    fn off(&self, micros: i64, wrong: i64) {
        self.pass(micros);
        self.set_clock(wrong);
        self.started_at.store(self.now.load(Ordering::SeqCst), Ordering::SeqCst);
        self.boot.fetch_add(1, Ordering::SeqCst);
    }

    fn sell(&mut self, log: &Log, sales: u64) {
        for _ in 0..sales {
            self.pass(60 * SECOND);
            self.sold += 1;
            append(log, vec![Draft { occurred_at: None, ..harness::draft(self.sold) }])
                .expect("a sale is never refused");
            self.truly.push(Timestamp(self.now.load(Ordering::SeqCst)));
        }
    }

    /// The error of each sale's time, as central decides it when everything is pushed now.
    fn off_by(&self, log: &Log) -> Vec<(i64, bool)> {
        block_on(log.look_at_clock());
        let marks = log.clock_marks(log.head().epoch.number, Seq(1)).expect("the marks read");
        let marks: Vec<ClockMark> = marks.iter().map(|mark| mark.read().expect("a mark")).collect();
        let now = self.now.load(Ordering::SeqCst);
        let history = ClockHistory::new(&marks, Some(log.watched_now().0 - now), Timestamp(now));
        let sales = all(log).into_iter().map(|sealed| event(&sealed));
        let sales = sales.filter(|event| event.content.action.as_str() == "SALE_RECORDED");
        let corrected = sales.map(|event| {
            assert_eq!(event.time_source, TimeSource::Node);
            history.corrected(event.seq, event.occurred_at)
        });
        corrected.zip(&self.truly).map(|(Corrected { at, unsure }, truly)| (at.0 - truly.0, unsure)).collect()
    }
}

fn changes(log: &Log) -> usize {
    all(log).iter().filter(|sealed| event(sealed).content.action.as_str() == CLOCK_CHANGED).count()
}

const RIGHT: (i64, bool) = (0, false);

#[test]
fn a_clock_that_nobody_sets_leaves_no_record_over_suspend_and_restart() {
    harness::on_each_store(|node| {
        let mut till = Till::new(node);
        let log = till.open();
        till.sell(&log, 2);
        till.pass(72 * HOUR);
        till.sell(&log, 2);
        log.close();
        drop(log);
        till.pass(HOUR);
        let log = till.open();
        till.sell(&log, 1);
        assert_eq!((changes(&log), till.off_by(&log)), (0, vec![RIGHT; 5]));
    });
}

#[test]
fn sales_of_a_till_that_woke_with_a_wrong_clock_are_corrected_once_the_clock_is_set() {
    for wrong in [-BEGIN, -30 * 24 * HOUR, 10 * 365 * 24 * HOUR, -HOUR, HOUR] {
        let mut till = Till::new(Node::in_memory());
        let log = till.open();
        till.sell(&log, 2);
        log.close();
        drop(log);
        till.off(HOUR, wrong);
        let log = till.open();
        till.sell(&log, 3);
        till.pass(HOUR);
        till.set_clock(0);
        till.sell(&log, 2);
        assert_eq!((changes(&log), till.off_by(&log)), (2, vec![RIGHT; 7]), "{wrong}");
        // Nothing hangs on the process: the same after it was started again.
        log.close();
        drop(log);
        assert_eq!(till.off_by(&till.open()), vec![RIGHT; 7], "{wrong}");
    }
}

#[test]
fn a_clock_set_while_the_node_is_stopped_is_a_step_if_the_machine_runs_on() {
    let mut till = Till::new(Node::in_memory());
    let log = till.open();
    till.sell(&log, 1);
    log.close();
    drop(log);
    till.set_clock(-30 * 24 * HOUR);
    let log = till.open();
    till.sell(&log, 1);
    till.set_clock(0);
    assert_eq!((till.off_by(&log), changes(&log)), (vec![RIGHT; 2], 2));
}

#[test]
fn a_machine_off_before_its_clock_was_set_leaves_unsure_sales() {
    for wrong in [-BEGIN, -30 * 24 * HOUR] {
        let mut till = Till::new(Node::in_memory());
        let log = till.open();
        till.sell(&log, 2);
        assert_eq!(log.clock_behind(), None);
        log.close();
        drop(log);
        till.off(HOUR, wrong);
        let log = till.open();
        assert_eq!(log.clock_behind(), till.truly.last().copied(), "an alert is raised");
        till.sell(&log, 3);
        log.close();
        drop(log);
        till.off(9 * HOUR, 0);
        let log = till.open();
        assert_eq!(log.clock_behind(), None);
        till.sell(&log, 1);
        // From the latest time that the log had seen on: an hour early, in their own distances.
        let near = (-HOUR, true);
        assert_eq!(till.off_by(&log), [RIGHT, RIGHT, near, near, near, RIGHT], "{wrong}");
    }
}

#[test]
fn what_central_measured_corrects_a_period_that_ended_with_a_wrong_clock() {
    let mut till = Till::new(Node::in_memory());
    let log = till.open();
    till.sell(&log, 1);
    log.close();
    drop(log);
    till.off(HOUR, -BEGIN);
    let log = till.open();
    till.sell(&log, 2);
    block_on(log.note_measurement(-BEGIN, SECOND));
    assert_eq!(log.clock_behind(), None, "it is known now");
    block_on(log.note_measurement(-BEGIN + 1_000, SECOND));
    till.sell(&log, 1);
    log.close();
    drop(log);
    till.off(9 * HOUR, 0);
    let log = till.open();
    assert_eq!((changes(&log), till.off_by(&log)), (3, vec![RIGHT; 4]));
}

#[test]
fn a_change_stays_with_its_records_in_a_new_epoch() {
    let mut till = Till::new(Node::in_memory());
    let log = till.open();
    till.sell(&log, 2);
    till.set_clock(-BEGIN);
    till.sell(&log, 2);
    till.set_clock(0);
    till.sell(&log, 1);
    block_on(log.open_epoch_and_reseal(None, "a test")).expect("it opens");
    assert_eq!(log.head().epoch.number, 2);
    assert_eq!((changes(&log), till.off_by(&log)), (2, vec![RIGHT; 5]));
}

#[test]
fn a_log_that_takes_no_records_seals_the_change_when_it_does() {
    let mut till = Till::new(Node::in_memory());
    let log = till.open();
    till.sell(&log, 1);
    let free = till.node.free_bytes.swap(0, Ordering::SeqCst);
    till.set_clock(-BEGIN);
    block_on(log.look_at_clock());
    assert_eq!(changes(&log), 0);
    till.node.free_bytes.store(free, Ordering::SeqCst);
    till.sell(&log, 1);
    till.set_clock(0);
    assert_eq!((till.off_by(&log), changes(&log)), (vec![RIGHT; 2], 2));
}

#[test]
fn what_central_holds_is_forgotten_with_the_next_start() {
    let mut till = Till::new(Node::in_memory());
    let log = till.open();
    for _ in 0..5 {
        till.set_clock(-BEGIN);
        till.sell(&log, 1);
        till.set_clock(0);
        till.sell(&log, 1);
    }
    assert_eq!(log.clock_marks(1, Seq(1)).unwrap().len(), 10);
    log.close();
    drop(log);
    till.off(HOUR, 0);
    let log = till.open();
    let head = log.head().marks.durable;
    let decisions = (1..=head.0).map(|seq| (Seq(seq), b"{}".to_vec())).collect();
    block_on(log.store_decisions(1, head, decisions)).expect("decisions are kept");
    log.close();
    drop(log);
    till.off(HOUR, 0);
    let log = till.open();
    let remaining = log.clock_marks(1, Seq(1)).unwrap();
    assert_eq!(remaining.len(), 2, "the start before the first record to send, and the last: {remaining:?}");
}
