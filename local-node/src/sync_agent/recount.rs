use tokio::sync::watch;

use super::state::SyncState;
use crate::blocking::blocking;
use crate::event_log::Log;
use crate::notifications::waiting;

/// Counts the events that wait for a person in the log as it is now. Called wherever the count may have changed, after the change
/// is stored.
pub(crate) async fn recount(log: &Log, state: &watch::Sender<SyncState>) {
    let mut round = 0;
    state.send_if_modified(|state| {
        state.needs_person.begun += 1;
        round = state.needs_person.begun;
        false
    });
    let log = log.clone();
    match blocking(move || waiting(&log)).await {
        Ok(events) => drop(state.send_if_modified(|state| {
            let counted = &mut state.needs_person;
            let newer = round > counted.shown;
            let changed = newer && counted.events != events;
            if newer {
                (counted.shown, counted.events) = (round, events);
            }
            changed
        })),
        Err(error) => tracing::error!(%error, "Cannot count the events that need a person: {error}"),
    }
}
