//! What a revoked node does by itself, and what the start of a destroyed one does.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use comptoir_proto::node_users_v1::WipeProof;
use tokio::sync::watch;
use tokio::time::sleep;

use super::destroy::{continue_destruction, destroy_data};
use super::revocation::Revocation;
use super::tombstone::Tombstone;
use crate::blocking::blocking;
use crate::event_log::{Log, State};
use crate::sessions::Sessions;
use crate::sync_agent::SyncState;
use crate::sync_agent::transport::Transport;

/// Pause between attempts to destroy the data, or to deliver the proof.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Watches for the revocation of this node, and carries it out.
pub(crate) struct Retirement {
    pub(crate) log: Log,
    pub(crate) data_dir: PathBuf,
    /// A file with the key at central, which goes after the proof is delivered if it is in the data directory.
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) revocation: Arc<Revocation>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) state: watch::Receiver<SyncState>,
}

impl Retirement {
    /// Waits until central takes this node out of use and everything that it recorded has been sent.
    pub(crate) async fn nothing_left_to_send(&self) {
        if !self.revocation.is_revoked() {
            let is_revoked = |state: &SyncState| state.pull.device.is_some_and(|device| !device.is_active);
            let mut state = self.state.clone();
            if state.wait_for(is_revoked).await.is_err() {
                return std::future::pending().await;
            }
            tracing::error!(
                "Central took this node out of use: it records nothing any more, sends what waits, and destroys its data"
            );
            let (revocation, now) = (self.revocation.clone(), self.log.now());
            if let Err(error) = blocking(move || revocation.note(now)).await {
                tracing::error!(%error, "That this node was taken out of use cannot be noted: {error}");
            }
        }
        self.log.retire();
        self.sessions.end_all();
        let mut heads = self.log.watch();
        // This holds the log open.
        drop(heads.wait_for(|head| head.marks.acked == head.marks.durable).await);
        // A damaged log may have lost what was unsent: a person looks first, and `comptoir node wipe` destroys it.
        while self.log.status().state != State::Open {
            sleep(AGAIN_AFTER).await;
        }
    }

    /// Destroys the data and delivers the proof. Everybody else who used the log has ended.
    pub(crate) async fn destroy<T: Transport>(&self, transport: &T) {
        let tombstone = loop {
            let (data_dir, log) = (self.data_dir.clone(), self.log.clone());
            match blocking(move || destroy_data(&data_dir, &log)).await {
                Ok(tombstone) => break tombstone,
                Err(error) => {
                    tracing::error!(%error, "The data of this node cannot be destroyed yet: {error}");
                    sleep(AGAIN_AFTER).await;
                }
            }
        };
        tracing::error!("This node destroyed its data; {} is the proof", tombstone.path.display());
        while !deliver(&self.data_dir, self.key_file.as_deref(), &tombstone.proof, transport).await {
            sleep(AGAIN_AFTER).await;
        }
    }
}

/// At the start of a destroyed node: completes the deletion, and tries once to deliver the proof.
pub(crate) async fn conclude<T: Transport>(
    data_dir: &Path,
    key_file: Option<&Path>,
    mut tombstone: Tombstone,
    transport: Option<&T>,
) -> Tombstone {
    let folder = data_dir.to_owned();
    if let Err(error) = blocking(move || continue_destruction(&folder)).await {
        tracing::error!(%error, "Data of the destroyed node is left: {error}");
    }
    if let Some(transport) = transport.filter(|_| !tombstone.is_acknowledged) {
        tombstone.is_acknowledged = deliver(data_dir, key_file, &tombstone.proof, transport).await;
    }
    tombstone
}

/// Whether central has the proof now.
async fn deliver<T: Transport>(data_dir: &Path, key_file: Option<&Path>, proof: &WipeProof, transport: &T) -> bool {
    let body = Bytes::from(serde_json::to_vec(proof).unwrap_or_default());
    match transport.wiped(body).await {
        Ok(answer) if (200..300).contains(&answer.status) => {}
        Ok(answer) => {
            tracing::warn!(status = answer.status, "Central does not take the proof yet: HTTP {}", answer.status);
            return false;
        }
        Err(error) => {
            tracing::warn!(%error, "The proof is not delivered yet: {error}");
            return false;
        }
    }
    let (folder, key_file) = (data_dir.to_owned(), key_file.map(Path::to_owned));
    let noted = blocking(move || {
        Tombstone::acknowledge(&folder)?;
        // The last secret. A file elsewhere belongs to somebody else.
        match key_file.filter(|file| file.starts_with(&folder)) {
            Some(file) => std::fs::remove_file(file),
            None => Ok(()),
        }
    });
    if let Err(error) = noted.await {
        tracing::warn!(%error, "Central has the proof, and that cannot be noted: {error}");
    }
    tracing::info!("Central has the proof that this node destroyed its data");
    true
}
