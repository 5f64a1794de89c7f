//! What a node remembers of central between two starts: a small file beside the log, for people's eyes. Nothing is decided by it
//! that the log does not decide again; lost or torn, it is begun anew.

use std::io;
use std::path::Path;

use comptoir_core::position::Seq;
use comptoir_core::time::Timestamp;
use comptoir_proto::sync_v1::{Receipt, RecordResult};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::state::{NeedsPerson, SyncState};
use crate::event_log::{Log, ReadError};
use crate::read_models::discards;

/// The file's content.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Notes {
    incarnation: Option<Uuid>,
    previous_incarnation: Option<Uuid>,
    last_success_at_micros: Option<i64>,
    receipt: Option<Receipt>,
    /// Events for a person, and up to where decisions were counted.
    needs_person: u64,
    counted_epoch: u32,
    counted_seq: u64,
    pulled_at_micros: Option<i64>,
}

impl Notes {
    /// Reads the file. Whatever does not read is as if it had never been written.
    pub(crate) fn load(path: &Path) -> Notes {
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::warn!(path = %path.display(), %error, "Begins the notes on central anew: {error}");
                Notes::default()
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Notes::default(),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "Cannot read the notes on central: {error}");
                Notes::default()
            }
        }
    }

    /// Replaces the file. A reader finds the old one or the new one.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        let beside = path.with_extension("json.new");
        std::fs::write(&beside, serde_json::to_vec_pretty(self).map_err(io::Error::other)?)?;
        std::fs::rename(&beside, path)
    }

    /// What is worth remembering.
    pub(crate) fn of(state: &SyncState) -> Notes {
        Notes {
            incarnation: state.incarnation,
            previous_incarnation: state.previous_incarnation,
            last_success_at_micros: state.last_success_at.map(|at| at.0),
            receipt: state.receipt.clone(),
            needs_person: state.needs_person.events,
            counted_epoch: state.needs_person.epoch,
            counted_seq: state.needs_person.seq.0,
            pulled_at_micros: state.pull.pulled_at.map(|at| at.0),
        }
    }

    /// Puts it back into the state of a node that starts.
    pub(crate) fn recall(self, state: &mut SyncState) {
        state.incarnation = self.incarnation;
        state.previous_incarnation = self.previous_incarnation;
        state.last_success_at = self.last_success_at_micros.map(Timestamp);
        state.receipt = self.receipt;
        state.pull.pulled_at = self.pulled_at_micros.map(Timestamp);
        state.needs_person =
            NeedsPerson { events: self.needs_person, epoch: self.counted_epoch, seq: Seq(self.counted_seq) };
    }
}

/// Counts the decisions that leave something to a person, from where they were counted last to the end.
pub(crate) fn count_needs_person(log: &Log, counted: NeedsPerson) -> Result<NeedsPerson, ReadError> {
    let epochs = log.epochs();
    let known = epochs.iter().any(|epoch| epoch.number == counted.epoch) && counted.seq <= log.acked(counted.epoch)?;
    // A log that was put back from an older copy has fewer decisions than were counted: they are counted from the start.
    let start = if known { counted } else { NeedsPerson::default() };
    let mut count = start;
    for epoch in epochs.iter().map(|epoch| epoch.number).filter(|number| *number >= start.epoch) {
        let from = if epoch == start.epoch { start.seq.next() } else { Seq(1) };
        let acked = log.acked(epoch)?;
        for seq in from.0..=acked.0 {
            let decision = log.decision(epoch, Seq(seq))?;
            let result = decision.and_then(|bytes| serde_json::from_slice::<RecordResult>(&bytes).ok());
            count.events += u64::from(result.is_some_and(|result| needs_person(&result)));
        }
        (count.epoch, count.seq) = (epoch, acked);
    }
    Ok(count)
}

/// Whether a person has to look at what was decided. A second validation was dropped here by itself, and a notification says so.
pub(crate) fn needs_person(result: &RecordResult) -> bool {
    // A verdict that this version does not know may be anything: better shown than hidden.
    !matches!(result.verdict.as_str(), "ACCEPTED" | "SUPERSEDED" | "DUPLICATE") && !discards(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_come_back_as_they_were_and_a_torn_file_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("central.json");
        assert_eq!(Notes::load(&path), Notes::default());
        let notes = Notes { incarnation: Some(Uuid::from_bytes([7; 16])), needs_person: 3, ..Notes::default() };
        notes.save(&path).unwrap();
        assert_eq!(Notes::load(&path), notes);
        std::fs::write(&path, b"{\"incarn").unwrap();
        assert_eq!(Notes::load(&path), Notes::default());
    }
}
