use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::database::Database;
use crate::projections::progress::Progress;

/// The source of all figures.
pub(crate) struct ReportSource {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    /// The marks of each tenant's projections.
    pub(crate) progress: Arc<Progress>,
    /// A site is stale if one of its nodes has not pushed for longer than this.
    pub(crate) stale_after: Duration,
    /// How long a report about the present waits for its new answer if a recent one is at hand.
    pub(crate) report_wait: Duration,
}
