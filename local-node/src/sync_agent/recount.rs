//! How many events wait for a person. Push and pull both change it, each beside the other.

use tokio::sync::watch;

use super::state::SyncState;
use crate::blocking::blocking;
use crate::event_log::Log;
use crate::notifications::waiting;

/// Counts what waits for a person, as it is in the log now. Run wherever that may have changed: what was kept before is in it.
pub(crate) async fn recount(log: &Log, state: &watch::Sender<SyncState>) {
    let mut turn = 0;
    state.send_if_modified(|state| {
        state.needs_person.begun += 1;
        turn = state.needs_person.begun;
        false
    });
    let log = log.clone();
    match blocking(move || waiting(&log)).await {
        Ok(events) => drop(state.send_if_modified(|state| {
            let counted = &mut state.needs_person;
            let newer = turn > counted.shown;
            let changed = newer && counted.events != events;
            if newer {
                (counted.shown, counted.events) = (turn, events);
            }
            changed
        })),
        Err(error) => tracing::error!(%error, "Cannot count the events that need a person: {error}"),
    }
}
