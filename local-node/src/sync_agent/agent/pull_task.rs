//! What goes with a push: the files that its events name go before it, and what central decided is told to people after it.

use bytes::Bytes;
use comptoir_core::position::Seq;
use comptoir_proto::sync_v1::RecordResult;
use tokio::time::sleep;

use super::{Agent, BLOB_MISSING, BLOB_REFUSED, Step};
use crate::blobs::BlobHash;
use crate::blocking::blocking;
use crate::event_log::{AppendError, KeyChange, KeySpace, LogPosition};
use crate::notifications::{self, NotificationBatch};
use crate::sync_agent::push::PushFailure;
use crate::sync_agent::reaction;
use crate::sync_agent::recount;
use crate::sync_agent::transport::Transport;

impl<T: Transport> Agent<T> {
    /// Sees to it that central has a file. One that is lost here, or that central will not have, holds no event back: a person is told.
    pub(super) async fn bring_blob(&mut self, hash: BlobHash) -> Result<(), Step> {
        // Another central may hold less.
        let central = self.state.borrow().incarnation.unwrap_or_default().into_bytes().to_vec();
        let (log, blobs, known) = (self.log.clone(), self.blobs.clone(), central.clone());
        let read = move || {
            let held = log.get(KeySpace::Blob, hash.as_bytes()).map_err(std::io::Error::other)?;
            if held == Some(known) { Ok(None) } else { blobs.read(hash).map(Some) }
        };
        let bytes = match blocking(read).await {
            Ok(None) => return Ok(()),
            Ok(Some(Some(bytes))) => bytes,
            Ok(Some(None)) => {
                self.raise_alert(BLOB_MISSING, format!("an event names file {hash}, and it is not here"));
                return Ok(());
            }
            Err(error) => {
                self.raise_alert(BLOB_MISSING, format!("file {hash} cannot be read: {error}"));
                return Ok(());
            }
        };
        let (length, bytes) = (bytes.len(), Bytes::from(bytes));
        let failure = match self.answered(length, self.transport.put_blob(hash.to_string(), bytes)).await {
            Ok(answer) if (200..300).contains(&answer.status) => {
                let change = KeyChange::set(KeySpace::Blob, hash.as_bytes().to_vec(), central);
                // Where this is not kept the file is brought again, which changes nothing.
                drop(self.log.put(vec![vec![change]]).await);
                return Ok(());
            }
            Ok(answer) => PushFailure::refused(&answer),
            Err(error) => error.into(),
        };
        match &failure {
            PushFailure::Refused { status: 400 | 404 | 405 | 409 | 413 | 415 | 422, .. } => {
                self.raise_alert(BLOB_REFUSED, format!("file {hash}: {} {failure}", reaction::word(&failure)));
                Ok(())
            }
            _ => Err(self.set_back(failure, None).await),
        }
    }

    /// Keeps what a person should hear of what central decided. What a kill or a full disk leaves out is found at the next start.
    pub(super) async fn notify(&mut self) {
        let (log, since) = (self.log.clone(), self.told);
        let NotificationBatch { batches, mark, count } =
            match blocking(move || notifications::of_decisions(&log, since)).await {
                Ok(told) => told,
                Err(error) => {
                    tracing::error!(%error, "Decisions cannot be read for what they tell: {error}");
                    return;
                }
            };
        if self.store_notifications(batches, count).await {
            self.told = Some(mark);
        }
    }

    /// Looks at second decisions about records that central had answered for before it was put back. A verdict never changes: one that
    /// differs is told to a person, and the first stays.
    pub(super) async fn tell_second(&mut self, again: Vec<RecordResult>) {
        let (log, epoch) = (self.log.clone(), self.epoch.number);
        let look = move || {
            let told = again.into_iter().filter_map(|second| {
                notifications::of_second(&log, LogPosition { epoch, seq: Seq(second.seq) }, second).transpose()
            });
            told.map(|change| change.map(|change| vec![change])).collect::<Result<Vec<_>, _>>()
        };
        match blocking(look).await {
            Ok(told) if told.is_empty() => {}
            Ok(told) => {
                tracing::error!("Central was put back and decided {} records otherwise than before", told.len());
                let count = told.len() as u64;
                self.store_notifications(told, count).await;
            }
            Err(error) => tracing::error!(%error, "Second decisions cannot be compared with the first: {error}"),
        }
    }

    async fn store_notifications(&mut self, batches: Vec<Vec<KeyChange>>, count: u64) -> bool {
        // A handful at a time: no append waits long behind them.
        for some in batches.chunks(8) {
            loop {
                match self.log.put(some.to_vec()).await {
                    Err(AppendError::Busy { retry_after }) => sleep(retry_after).await,
                    Err(error) => {
                        tracing::error!(%error, "What central decided cannot be told to people yet: {error}");
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
