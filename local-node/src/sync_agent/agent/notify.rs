use comptoir_core::position::Seq;
use comptoir_proto::sync_v1::RecordResult;
use tokio::time::sleep;

use super::Agent;
use crate::blocking::blocking;
use crate::event_log::{AppendError, KeyChange, LogPosition};
use crate::notifications::{self, NotificationBatch};
use crate::sync_agent::recount;
use crate::sync_agent::transport::Transport;

impl<T: Transport> Agent<T> {
    /// Stores notifications of central's decisions. What a kill or a full disk prevents is done at the next start.
    pub(super) async fn notify(&mut self) {
        let (log, since) = (self.log.clone(), self.notified_through);
        let NotificationBatch { batches, mark, count } =
            match blocking(move || notifications::of_decisions(&log, since)).await {
                Ok(batch) => batch,
                Err(error) => {
                    tracing::error!(%error, "Decisions cannot be read for what they tell: {error}");
                    return;
                }
            };
        if self.store_notifications(batches, count).await {
            self.notified_through = Some(mark);
        }
    }

    /// Compares second decisions of a restored central with the first ones. A verdict never changes: a difference is notified,
    /// and the first decision stays.
    pub(super) async fn compare_second_decisions(&mut self, again: Vec<RecordResult>) {
        let (log, epoch) = (self.log.clone(), self.epoch.number);
        let look = move || {
            let changes = again.into_iter().filter_map(|second| {
                notifications::of_second(&log, LogPosition { epoch, seq: Seq(second.seq) }, second).transpose()
            });
            changes.map(|change| change.map(|change| vec![change])).collect::<Result<Vec<_>, _>>()
        };
        match blocking(look).await {
            Ok(changes) if changes.is_empty() => {}
            Ok(changes) => {
                tracing::error!("Central was restored and decided {} records differently than before", changes.len());
                let count = changes.len() as u64;
                self.store_notifications(changes, count).await;
            }
            Err(error) => tracing::error!(%error, "Second decisions cannot be compared with the first: {error}"),
        }
    }

    async fn store_notifications(&mut self, batches: Vec<Vec<KeyChange>>, count: u64) -> bool {
        // A few at a time, so that no append waits long.
        for some in batches.chunks(8) {
            loop {
                match self.log.put(some.to_vec()).await {
                    Err(AppendError::Busy { retry_after }) => sleep(retry_after).await,
                    Err(error) => {
                        tracing::error!(%error, "Notifications of central's decisions cannot be stored yet: {error}");
                        return false;
                    }
                    Ok(()) => break,
                }
            }
        }
        if count > 0 {
            self.state.send_modify(|state| state.notifications += count);
            recount(&self.log, &self.state).await;
        }
        true
    }
}
