//! What central is started with.

use std::path::PathBuf;
use std::time::Duration;

use comptoir_core::rulebook::Rulebook;

use crate::clock::Clock;
use crate::database::Urls;
use crate::private_postgres;

/// A site is late when one of its nodes has not pushed for a day and a night.
const LATE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A clock that nobody looks after gains or loses seconds in a month; a minute is a clock that was set wrongly.
const CLOCK_DRIFT_LIMIT: Duration = Duration::from_secs(60);

/// Damage is rare, and a check reads everything: four times a day finds it while a backup from before is still kept.
const CHECK_STORE_EVERY: Duration = Duration::from_secs(6 * 60 * 60);

/// Where the database is.
#[derive(Clone, Debug)]
pub enum DatabaseConfig {
    /// `DATABASE_URL` is absent: a Postgres of our own under the data directory, started and stopped with central.
    Private(private_postgres::PostgresConfig),
    /// A server that somebody else looks after; its roles were made with `database/roles.sql`.
    External(Urls),
}

/// Everything central needs to know at start.
#[derive(Clone, Debug)]
pub struct CentralConfig {
    /// Where the database is.
    pub database: DatabaseConfig,
    /// What a new tenant adopts first: `RULEBOOK_FILE`, or the defaults.
    pub rulebook: Rulebook,
    /// The machine's clock; another one in tests.
    pub clock: Clock,
    /// How long a node may be silent before reports call its site late; a day where nothing is said.
    pub late_after: Duration,
    /// Past which offset a node's clock is said to drift.
    pub clock_drift_limit: Duration,
    /// Whether this process makes the reports' read models follow the log. One that only takes pushes leaves it to another.
    pub follows: bool,
    /// How long the check of the stored log rests between two rounds; the first begins at the start. Absent: this process checks
    /// nothing by itself.
    pub check_store_every: Option<Duration>,
}

impl CentralConfig {
    /// A private Postgres under a data directory, the default rulebook, the machine's clock.
    pub fn private(data_dir: impl Into<PathBuf>) -> CentralConfig {
        CentralConfig {
            database: DatabaseConfig::Private(private_postgres::PostgresConfig::new(data_dir)),
            rulebook: Rulebook::default(),
            clock: Clock::system(),
            late_after: LATE_AFTER,
            clock_drift_limit: CLOCK_DRIFT_LIMIT,
            follows: true,
            check_store_every: Some(CHECK_STORE_EVERY),
        }
    }

    /// A server that somebody else looks after.
    pub fn external(urls: Urls) -> CentralConfig {
        CentralConfig {
            database: DatabaseConfig::External(urls),
            rulebook: Rulebook::default(),
            clock: Clock::system(),
            late_after: LATE_AFTER,
            clock_drift_limit: CLOCK_DRIFT_LIMIT,
            follows: true,
            check_store_every: Some(CHECK_STORE_EVERY),
        }
    }
}
