use std::sync::Arc;

use comptoir_core::position::Position;
use comptoir_proto::pull_v1::PullCursor;
use tokio::sync::watch;
use uuid::Uuid;

use super::bootstrap_slots::BootstrapSlots;
use super::contacts::LastContacts;
use super::cursor::FeedError;
use super::scope::Scope;
use super::watch::Watch;
use crate::clock::Clock;
use crate::database::Database;
use crate::projections::progress::Progress;

/// What pulls and first loads are answered with.
pub(crate) struct Feed {
    pub(super) database: Database,
    pub(super) clock: Clock,
    pub(super) incarnation: Uuid,
    pub(super) watch: Watch,
    pub(super) contacts: LastContacts,
    pub(super) slots: BootstrapSlots,
    /// Turns true when central is about to stop: what waits or streams ends then.
    pub(super) stopping: watch::Receiver<bool>,
}

impl Feed {
    /// Starts the task that wakes waiting pulls. `progress` has the heads, kept by the head watch.
    pub(crate) fn start(
        database: Database,
        clock: Clock,
        incarnation: Uuid,
        progress: Arc<Progress>,
        stopping: watch::Receiver<bool>,
    ) -> Feed {
        let watch = Watch::start(database.clone(), progress, stopping.clone());
        let (contacts, slots) = (LastContacts::default(), BootstrapSlots::default());
        Feed { database, clock, incarnation, watch, contacts, slots, stopping }
    }

    /// How many pulls wait in this process.
    pub(crate) fn waiting_pulls(&self) -> usize {
        self.watch.waiting()
    }

    /// The cursor of a reader that has nothing.
    pub(crate) fn first_cursor(&self, scope: Scope) -> PullCursor {
        PullCursor {
            incarnation: self.incarnation,
            scope: scope.name(),
            position: Position::ZERO.0,
            after: None,
            complete_through: None,
            rulebook: None,
            proof: None,
        }
    }

    /// Refuses a cursor or mark that another central made, or that was made for another scope.
    pub(crate) fn check_made_here(&self, scope: Scope, incarnation: Uuid, scope_name: &str) -> Result<(), FeedError> {
        if incarnation != self.incarnation {
            return Err(FeedError::OtherCentral { cursor: incarnation, this: self.incarnation });
        }
        let now = scope.name();
        if scope_name != now {
            return Err(FeedError::OtherScope { cursor: scope_name.to_owned(), now });
        }
        Ok(())
    }
}
