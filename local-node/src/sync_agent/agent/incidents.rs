//! Disagreements between log and central: central behind, ahead, or holding other bytes. Nothing here guesses: missing records
//! are sent again, losses are reported, and no seq is used twice.

use comptoir_core::chain::{genesis, link};
use comptoir_core::position::{Epoch, Seq};

use super::{Agent, CENTRAL_AHEAD, Step};
use crate::blocking::blocking;
use crate::event_log::{EpochHead, Log, State};
use crate::sync_agent::outbox;
use crate::sync_agent::push::CentralStatus;
use crate::sync_agent::transport::Transport;

/// Consecutive mismatches after which this log's chain is checked.
const MISMATCHES_MAX: u32 = 5;
/// Records read at once during that check.
const CHECK_RECORDS: usize = 1_000;
const CHECK_BYTES: usize = 4 * 1024 * 1024;

impl<T: Transport> Agent<T> {
    /// Compares central's head with the log.
    pub(super) async fn compare(&mut self, central: CentralStatus) -> Step {
        let acked = self.acked();
        let Some(head) = central.head else {
            return if acked > Seq::ZERO { self.rewind(Seq(1), "it holds nothing of this node") } else { Step::Next };
        };
        if self.is_ahead(head) {
            return self.ahead(head).await;
        }
        if head.epoch != self.epoch {
            return if acked > Seq::ZERO { self.rewind(Seq(1), "it is in an earlier epoch") } else { Step::Next };
        }
        if head.seq < acked {
            return self.rewind(head.seq.next(), "it ends earlier");
        }
        let (log, epoch) = (self.log.clone(), self.epoch);
        match blocking(move || outbox::chain_at(&log, epoch, head.seq)).await {
            // Sent again, the record shows central the fork; central stores both branches.
            Ok(chain) if chain != head.chain => self.rewind(head.seq, "it holds other bytes there"),
            Ok(_) => Step::Next,
            Err(error) => self.report("LOG_UNREADABLE", error.to_string()),
        }
    }

    /// Sends again from a record that central was assumed to hold.
    fn rewind(&mut self, to: Seq, why: &str) -> Step {
        if to >= self.next {
            return Step::Next;
        }
        let acked = self.acked();
        if to <= acked {
            let detail =
                format!("central had acknowledged up to seq {acked}, and {why}: it is sent again from seq {to}");
            self.raise_alert("CENTRAL_BEHIND", detail);
        }
        self.next = to;
        Step::Next
    }

    /// Whether central holds records that this log lacks.
    pub(super) fn is_ahead(&self, head: EpochHead) -> bool {
        let own = self.log.head();
        let later = head.epoch.number > own.epoch.number;
        let twin = head.epoch.number == own.epoch.number && head.epoch.id != own.epoch.id;
        later || twin || (head.epoch == own.epoch && head.seq > own.marks.durable)
    }

    /// Central holds records that this log has lost, as after a restore. Their seqs are not reused: a new epoch begins, and
    /// events that central never acknowledged are sealed in it again.
    pub(super) async fn ahead(&mut self, head: EpochHead) -> Step {
        let own = self.log.head();
        let detail = format!(
            "central holds seq {} of epoch {} {}, this log ends at seq {} of epoch {} {}",
            head.seq, head.epoch.number, head.epoch.id, own.marks.durable, own.epoch.number, own.epoch.id
        );
        self.raise_alert(CENTRAL_AHEAD, detail);
        // A log that failed its own check is for an operator, and a central that is ahead of a new epoch is wrong.
        if self.opened_epoch || self.log.status().state != State::Open {
            return Step::Stop;
        }
        self.opened_epoch = true;
        let reason = format!(
            "central held seq {} of epoch {}, the log ended at seq {}",
            head.seq, head.epoch.number, own.marks.durable
        );
        match self.log.open_epoch_and_reseal(Some(head), reason).await {
            Ok(epoch) => {
                tracing::warn!("Opened epoch {} and sealed again what central had not acknowledged", epoch.number);
                Step::Next
            }
            Err(error) => self.report("EPOCH_NOT_OPENED", error.to_string()),
        }
    }

    /// Central expects another seq than the first of the batch.
    pub(super) fn gap(&mut self, expected: Seq, sent: Seq) -> Step {
        if expected > self.log.head().marks.durable.next() {
            // Central holds more than this log; its status names the head.
            self.must_ask = true;
            return if std::mem::replace(&mut self.rewound, true) { self.pause(None) } else { Step::Next };
        }
        let earlier = expected < sent;
        if earlier {
            self.rewind(expected, "it lacks records since then");
        }
        // A repeated gap before anything was accepted is not this node's gap and must not cause a storm.
        if earlier && !std::mem::replace(&mut self.rewound, true) { Step::Next } else { self.pause(None) }
    }

    pub(super) async fn mismatch(&mut self, word: String, detail: String) -> Step {
        self.size.halve();
        self.mismatches += 1;
        if self.mismatches < MISMATCHES_MAX {
            return self.pause(None);
        }
        self.mismatches = 0;
        let (log, epoch) = (self.log.clone(), self.epoch);
        match blocking(move || own_chain(&log, epoch)).await {
            Ok(seq) => {
                // This log is intact, so something in between changes the bytes.
                self.report(&word, format!("{detail}; the local chain is intact up to seq {seq}"))
            }
            Err(broken) => {
                self.raise_alert("LOCAL_CHAIN_BROKEN", broken);
                Step::Stop
            }
        }
    }
}

/// Recomputes every link of an epoch. Returns the last seq, or the first break.
fn own_chain(log: &Log, epoch: Epoch) -> Result<Seq, String> {
    let identity = log.identity();
    let (mut seq, mut chain) = (Seq::ZERO, genesis(identity.tenant, identity.node, epoch));
    loop {
        let sealed =
            log.read(epoch.number, seq.next(), CHECK_RECORDS, CHECK_BYTES).map_err(|error| error.to_string())?;
        if sealed.is_empty() {
            return Ok(seq);
        }
        for record in sealed {
            let found = link(chain, &record.record);
            if (record.seq, record.chain) != (seq.next(), found) {
                return Err(format!("seq {}: expected chain {found}, found {}", record.seq, record.chain));
            }
            (seq, chain) = (record.seq, found);
        }
    }
}
