//! The agent's notes about central: a small file next to the log, for display after a restart. If it is lost or torn, the notes
//! start empty.

use std::io;
use std::path::Path;

use comptoir_core::time::Timestamp;
use comptoir_proto::sync_v1::SignedHead;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::state::SyncState;

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct AgentNotes {
    incarnation: Option<Uuid>,
    previous_incarnation: Option<Uuid>,
    last_success_at_micros: Option<i64>,
    signed_head: Option<SignedHead>,
    pulled_at_micros: Option<i64>,
}

impl AgentNotes {
    /// Reads the file. Unreadable notes count as absent.
    pub(crate) fn load(path: &Path) -> AgentNotes {
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(path = %path.display(), %error, "The notes on central do not read and start empty: {error}");
                AgentNotes::default()
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => AgentNotes::default(),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "Cannot read the notes on central: {error}");
                AgentNotes::default()
            }
        }
    }

    /// Replaces the file. A reader finds the old one or the new one.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        let temporary = path.with_extension("json.new");
        std::fs::write(&temporary, serde_json::to_vec_pretty(self).map_err(io::Error::other)?)?;
        std::fs::rename(&temporary, path)
    }

    pub(crate) fn of(state: &SyncState) -> AgentNotes {
        AgentNotes {
            incarnation: state.incarnation,
            previous_incarnation: state.previous_incarnation,
            last_success_at_micros: state.last_success_at.map(|at| at.0),
            signed_head: state.signed_head.clone(),
            pulled_at_micros: state.pull.pulled_at.map(|at| at.0),
        }
    }

    /// Restores the notes into the state of a starting node.
    pub(crate) fn recall(self, state: &mut SyncState) {
        state.incarnation = self.incarnation;
        state.previous_incarnation = self.previous_incarnation;
        state.last_success_at = self.last_success_at_micros.map(Timestamp);
        state.signed_head = self.signed_head;
        state.pull.pulled_at = self.pulled_at_micros.map(Timestamp);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_read_back_and_a_torn_file_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("central.json");
        assert_eq!(AgentNotes::load(&path), AgentNotes::default());
        let notes = AgentNotes {
            incarnation: Some(Uuid::from_bytes([7; 16])),
            pulled_at_micros: Some(3),
            ..AgentNotes::default()
        };
        notes.save(&path).unwrap();
        assert_eq!(AgentNotes::load(&path), notes);
        std::fs::write(&path, b"{\"incarn").unwrap();
        assert_eq!(AgentNotes::load(&path), AgentNotes::default());
    }
}
