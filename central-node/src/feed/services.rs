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

/// The services behind pulls and bootstraps.
pub(crate) struct Feed {
    pub(super) database: Database,
    pub(super) clock: Clock,
    pub(super) incarnation: Uuid,
    pub(super) watch: Watch,
    pub(super) contacts: LastContacts,
    pub(super) slots: BootstrapSlots,
    /// Turns true when central is about to stop: waits and streams then end.
    pub(super) stopping: watch::Receiver<bool>,
}

impl Feed {
    /// Starts the task that wakes waiting pulls. The head watch updates the heads in `progress`.
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

    /// The number of waiting pulls in this process.
    pub(crate) fn waiting_pulls(&self) -> usize {
        self.watch.waiting()
    }

    /// The cursor of a reader without rows.
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

    /// Refuses a cursor or mark of another central or another scope.
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
