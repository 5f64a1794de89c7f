//! Settings of users without contact with central.

use std::time::Duration;

use super::ConfigError;

/// How long users work on what a node knows of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OfflineConfig {
    /// `OFFLINE_VERIFIER_HOURS`, default 72: so long after the last contact a PIN is enough, and then the password is needed.
    pub verifier_lifetime: Duration,
    /// `OFFLINE_GRACE_HOURS`, default 72: so long after the last contact an access token of central is accepted after its time.
    pub grace: Duration,
    /// `SESSION_IDLE_MINUTES`, default 10: after so long without its user a session is locked.
    pub idle: Duration,
}

const HOUR: u64 = 3_600;
const HOURS_MAX: u64 = 8_760;
const MINUTES_MAX: u64 = 720;

impl Default for OfflineConfig {
    fn default() -> Self {
        OfflineConfig {
            verifier_lifetime: Duration::from_secs(72 * HOUR),
            grace: Duration::from_secs(72 * HOUR),
            idle: Duration::from_secs(10 * 60),
        }
    }
}

impl OfflineConfig {
    pub(super) fn from_settings(get: &dyn Fn(&str) -> Option<String>, wrong: &mut Vec<ConfigError>) -> OfflineConfig {
        let default = OfflineConfig::default();
        let mut read = |setting: &'static str, unit: u64, max: u64, needed: &'static str, default: Duration| {
            let Some(value) = get(setting) else { return default };
            match value.parse::<u64>() {
                Ok(count) if (1..=max).contains(&count) => Duration::from_secs(count * unit),
                _ => {
                    wrong.push(ConfigError::Invalid { setting, value, needed });
                    default
                }
            }
        };
        let hours = "a number of hours from 1 to 8760 is needed";
        OfflineConfig {
            verifier_lifetime: read("OFFLINE_VERIFIER_HOURS", HOUR, HOURS_MAX, hours, default.verifier_lifetime),
            grace: read("OFFLINE_GRACE_HOURS", HOUR, HOURS_MAX, hours, default.grace),
            idle: read(
                "SESSION_IDLE_MINUTES",
                60,
                MINUTES_MAX,
                "a number of minutes from 1 to 720 is needed",
                default.idle,
            ),
        }
    }
}
