//! Settings of the connection to central.

use std::fmt;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;

use super::ConfigError;

/// Whether a node sends, to which central, and how often.
#[derive(Clone, Debug)]
pub struct SyncConfig {
    /// `SYNC_ENABLED`, default `true`. With `false` the node records and sends nothing: its events wait.
    pub enabled: bool,
    /// `CENTRAL_API_URL`. Required unless `SYNC_ENABLED` is `false`.
    pub central_url: Option<Url>,
    /// `SYNC_API_KEY`. Required unless `SYNC_ENABLED` is `false`.
    pub api_key: Option<ApiKey>,
    /// `SYNC_INTERVAL_SECONDS`, default 30: how often an idle node asks for central's status.
    pub interval: Duration,
    /// Timeout of a request. A slow line gets smaller batches.
    pub request_timeout: Duration,
}

const INTERVAL: Duration = Duration::from_secs(30);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const INTERVAL_SECONDS_MAX: u64 = 86_400;

impl SyncConfig {
    /// Settings to send to a central, with the default times.
    pub fn to(central_url: Url, api_key: ApiKey) -> SyncConfig {
        SyncConfig {
            enabled: true,
            central_url: Some(central_url),
            api_key: Some(api_key),
            interval: INTERVAL,
            request_timeout: REQUEST_TIMEOUT,
        }
    }

    /// Sync disabled: nothing is sent.
    pub fn disabled() -> SyncConfig {
        SyncConfig {
            enabled: false,
            central_url: None,
            api_key: None,
            interval: INTERVAL,
            request_timeout: REQUEST_TIMEOUT,
        }
    }

    /// `None` after an error, which is added to `wrong`.
    pub(super) fn from_settings(
        get: &dyn Fn(&str) -> Option<String>,
        wrong: &mut Vec<ConfigError>,
    ) -> Option<SyncConfig> {
        let mut noted = |error: ConfigError| wrong.push(error);
        let enabled = switch(get, "SYNC_ENABLED", true).map_err(&mut noted);
        let interval = seconds(get, "SYNC_INTERVAL_SECONDS", INTERVAL).map_err(&mut noted);
        if enabled == Ok(false) {
            return Some(SyncConfig { interval: interval.ok()?, ..SyncConfig::disabled() });
        }
        let url = required(get, "CENTRAL_API_URL", "where central is, or SYNC_ENABLED=false");
        let url = url.and_then(central_url).map_err(&mut noted);
        let key = required(get, "SYNC_API_KEY", "the node's key, printed by `comptoir admin node create`");
        let key = key.and_then(|key| ApiKey::new(&key)).map_err(&mut noted);
        Some(SyncConfig { interval: interval.ok()?, ..SyncConfig::to(url.ok()?, key.ok()?) })
    }
}

fn required(
    get: &dyn Fn(&str) -> Option<String>,
    setting: &'static str,
    needed: &'static str,
) -> Result<String, ConfigError> {
    get(setting).ok_or(ConfigError::Missing { setting, needed })
}

fn central_url(value: String) -> Result<Url, ConfigError> {
    let url = Url::parse(&value).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or(ConfigError::Invalid { setting: "CENTRAL_API_URL", value, needed: "an http or https address is needed" })
}

fn switch(get: &dyn Fn(&str) -> Option<String>, setting: &'static str, default: bool) -> Result<bool, ConfigError> {
    match get(setting) {
        None => Ok(default),
        Some(value) => match value.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(ConfigError::Invalid { setting, value, needed: "true or false is needed" }),
        },
    }
}

fn seconds(
    get: &dyn Fn(&str) -> Option<String>,
    setting: &'static str,
    default: Duration,
) -> Result<Duration, ConfigError> {
    let Some(value) = get(setting) else { return Ok(default) };
    match value.parse() {
        Ok(seconds @ 1..=INTERVAL_SECONDS_MAX) => Ok(Duration::from_secs(seconds)),
        _ => Err(ConfigError::Invalid { setting, value, needed: "a number of seconds from 1 to 86400 is needed" }),
    }
}

/// The node's key at central. It is sent in one header and never shown.
#[derive(Clone)]
pub struct ApiKey(HeaderValue);

impl ApiKey {
    /// Checks that the key is valid in a header.
    pub fn new(key: &str) -> Result<ApiKey, ConfigError> {
        let header = HeaderValue::from_str(&format!("Bearer {key}"));
        let mut header = header.map_err(|_| ConfigError::Invalid {
            setting: "SYNC_API_KEY",
            value: format!("({} characters)", key.chars().count()),
            needed: "a key has no line break and no control character",
        })?;
        header.set_sensitive(true);
        Ok(ApiKey(header))
    }

    /// The `Authorization` header.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(not shown)")
    }
}
