use bytes::Bytes;

use super::{Agent, BLOB_MISSING, BLOB_REFUSED, Step};
use crate::blobs::BlobHash;
use crate::blocking::blocking;
use crate::event_log::{KeyChange, KeySpace};
use crate::sync_agent::push::PushFailure;
use crate::sync_agent::reaction;
use crate::sync_agent::transport::Transport;

impl<T: Transport> Agent<T> {
    /// Uploads a file that central lacks. A file that is lost here or that central refuses raises an alert and delays no event.
    pub(super) async fn send_blob(&mut self, hash: BlobHash) -> Result<(), Step> {
        // Another central may hold fewer files.
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
                // If this is not stored the file is uploaded again, which changes nothing.
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
            _ => Err(self.handle_failure(failure, None).await),
        }
    }
}
