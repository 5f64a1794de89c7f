use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::database::Database;
use crate::projections::progress::Progress;

/// What figures are read from.
pub(crate) struct ReportSource {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    /// How far each tenant's projections have come.
    pub(crate) progress: Arc<Progress>,
    /// A site is late when one of its nodes has not pushed for longer than this.
    pub(crate) late_after: Duration,
}
