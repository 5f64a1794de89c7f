//! Requests to read the users from central now: after a failed login, because the user may have got a new password at central a
//! moment ago. Many failed logins make one request, and without a task that reads users nobody waits.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// Failed logins within this time share a request: guessing at a node makes no load at central.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How long a person waits for central's answer.
const WAIT_MAX: Duration = Duration::from_secs(3);

/// Requests by their number, and the last one after which the users were read.
pub(super) struct RefreshRequests {
    asked: watch::Sender<u64>,
    answered: watch::Sender<u64>,
    asked_at: Mutex<Option<Instant>>,
}

impl RefreshRequests {
    pub(super) fn new() -> RefreshRequests {
        let (asked, answered) = (watch::Sender::new(0), watch::Sender::new(0));
        RefreshRequests { asked, answered, asked_at: Mutex::new(None) }
    }

    /// Waits until the users were read, or could not be, after a request that is no older than this call.
    pub(super) async fn ask(&self) {
        if self.asked.receiver_count() == 0 {
            return;
        }
        let since_last = self.asked_at().map_or(ASK_EVERY, |at| at.elapsed());
        sleep(ASK_EVERY.saturating_sub(since_last)).await;
        {
            let mut asked_at = self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
            // Somebody who waited too may have asked meanwhile.
            if asked_at.is_none_or(|at| at.elapsed() >= ASK_EVERY) {
                *asked_at = Some(Instant::now());
                self.asked.send_modify(|number| *number += 1);
            }
        }
        let number = *self.asked.borrow();
        let mut answered = self.answered.subscribe();
        let _in_time = timeout(WAIT_MAX, answered.wait_for(|answered| *answered >= number)).await;
    }

    fn asked_at(&self) -> Option<Instant> {
        *self.asked_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.asked.subscribe()
    }

    pub(super) fn answered(&self, number: u64) {
        self.answered.send_modify(|answered| *answered = number.max(*answered));
    }
}
