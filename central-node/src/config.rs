//! The settings that central starts with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use comptoir_core::rulebook::Rulebook;
use comptoir_http_edge::HostNames;

use crate::clock::Clock;
use crate::database::Urls;
use crate::private_postgres;

/// A site is stale when one of its nodes has not pushed for 24 hours.
const STALE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// An unsynchronised clock drifts by seconds in a month; an offset of a minute means that it was set wrongly.
const CLOCK_DRIFT_LIMIT: Duration = Duration::from_secs(60);

/// Of the mobile contract: after 72 hours without contact the user has to log in again.
const OFFLINE_GRACE: Duration = Duration::from_secs(72 * 60 * 60);

/// Longer than almost every report takes while central is idle.
const REPORT_WAIT: Duration = Duration::from_millis(5);

/// A check reads everything and damage is rare. Four checks a day find damage while an earlier backup still exists.
const CHECK_STORE_EVERY: Duration = Duration::from_secs(6 * 60 * 60);

/// Where the database is.
#[derive(Clone, Debug)]
pub enum DatabaseConfig {
    /// `DATABASE_URL` is absent: a private Postgres under the data directory, started and stopped with central.
    Private(private_postgres::PostgresConfig),
    /// A server that its own administrator runs; its roles were created with `database/roles.sql`.
    External(Urls),
}

/// Everything central needs to know at start.
#[derive(Clone, Debug)]
pub struct CentralConfig {
    /// Where the database is.
    pub database: DatabaseConfig,
    /// The host names that the API answers to; by default those of loopback.
    pub hosts: HostNames,
    /// The folder of the certificate authority, whether or not it was created.
    pub ca_folder: Option<PathBuf>,
    /// The first rulebook of a new tenant: `RULEBOOK_FILE`, or the defaults.
    pub rulebook: Rulebook,
    /// The machine's clock; replaced in tests.
    pub clock: Clock,
    /// How long a node may be silent before reports list its site as stale; by default one day.
    pub stale_after: Duration,
    /// How long a report about the present waits for its new answer before it returns one that is at most two seconds old.
    pub report_wait: Duration,
    /// The clock offset from which a node's clock is reported as drifting.
    pub clock_drift_limit: Duration,
    /// How long a device's user may work without contact.
    pub offline_grace: Duration,
    /// Whether this process keeps the reports' read models up to date. A process that only accepts pushes leaves this to
    /// another.
    pub follows: bool,
    /// Pause between two rounds of checking the stored log; the first round begins at start. `None`: this process checks
    /// nothing by itself.
    pub check_store_every: Option<Duration>,
}

impl CentralConfig {
    /// A private Postgres under a data directory, the default rulebook, the machine's clock.
    pub fn private(data_dir: impl Into<PathBuf>) -> CentralConfig {
        let data_dir = data_dir.into();
        CentralConfig {
            ca_folder: Some(CentralConfig::ca_folder_in(&data_dir)),
            database: DatabaseConfig::Private(private_postgres::PostgresConfig::new(data_dir)),
            hosts: HostNames::default(),
            rulebook: Rulebook::default(),
            clock: Clock::system(),
            stale_after: STALE_AFTER,
            report_wait: REPORT_WAIT,
            clock_drift_limit: CLOCK_DRIFT_LIMIT,
            offline_grace: OFFLINE_GRACE,
            follows: true,
            check_store_every: Some(CHECK_STORE_EVERY),
        }
    }

    /// Where the certificate authority is in a data directory.
    pub fn ca_folder_in(data_dir: &Path) -> PathBuf {
        data_dir.join("ca")
    }

    /// Settings for an external server.
    pub fn external(urls: Urls) -> CentralConfig {
        CentralConfig {
            database: DatabaseConfig::External(urls),
            ca_folder: None,
            hosts: HostNames::default(),
            rulebook: Rulebook::default(),
            clock: Clock::system(),
            stale_after: STALE_AFTER,
            report_wait: REPORT_WAIT,
            clock_drift_limit: CLOCK_DRIFT_LIMIT,
            offline_grace: OFFLINE_GRACE,
            follows: true,
            check_store_every: Some(CHECK_STORE_EVERY),
        }
    }
}
