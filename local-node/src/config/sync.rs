//! Settings of the connection to central.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use comptoir_proto::key_text::{KeyKind, KeyText};
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
    /// `SYNC_API_KEY`, or what `SYNC_API_KEY_FILE` contains at start. Required unless `SYNC_ENABLED` is `false`.
    pub api_key: Option<ApiKey>,
    /// `SYNC_API_KEY_FILE`: read again before each request, so that a new key needs no restart.
    pub api_key_file: Option<PathBuf>,
    /// `SYNC_INTERVAL_SECONDS`, default 30: how often an idle node asks for central's status.
    pub interval: Duration,
    /// `CENTRAL_CA_FILE`: the certificates that alone are trusted. `None`: the system's certificate authorities.
    pub central_ca: Option<PathBuf>,
    /// Timeout of a request. A slow line gets smaller batches.
    pub request_timeout: Duration,
}

const INTERVAL: Duration = Duration::from_secs(30);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const INTERVAL_SECONDS_MAX: u64 = 86_400;
/// A key has 125 characters.
const KEY_FILE_BYTES_MAX: u64 = 4_096;

impl SyncConfig {
    /// Settings to send to a central, with the default times.
    pub fn to(central_url: Url, api_key: ApiKey) -> SyncConfig {
        SyncConfig {
            enabled: true,
            central_url: Some(central_url),
            api_key: Some(api_key),
            api_key_file: None,
            interval: INTERVAL,
            central_ca: None,
            request_timeout: REQUEST_TIMEOUT,
        }
    }

    /// Sync disabled: nothing is sent.
    pub fn disabled() -> SyncConfig {
        SyncConfig {
            enabled: false,
            central_url: None,
            api_key: None,
            api_key_file: None,
            interval: INTERVAL,
            central_ca: None,
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
        let allow_plain = switch(get, "ALLOW_PLAIN_HTTP", false).map_err(&mut noted);
        let url = url.and_then(|url| central_url(url, allow_plain == Ok(true))).map_err(&mut noted);
        let central_ca = get("CENTRAL_CA_FILE").map(PathBuf::from);
        let api_key_file = get("SYNC_API_KEY_FILE").map(PathBuf::from);
        let key = match &api_key_file {
            Some(file) => ApiKey::read(file),
            None => required(get, "SYNC_API_KEY", "the node's key, printed by `comptoir admin node create`")
                .and_then(|key| ApiKey::new(&key)),
        };
        let key = key.map_err(&mut noted);
        Some(SyncConfig { interval: interval.ok()?, central_ca, api_key_file, ..SyncConfig::to(url.ok()?, key.ok()?) })
    }
}

fn required(
    get: &dyn Fn(&str) -> Option<String>,
    setting: &'static str,
    needed: &'static str,
) -> Result<String, ConfigError> {
    get(setting).ok_or(ConfigError::Missing { setting, needed })
}

fn central_url(value: String, allow_plain: bool) -> Result<Url, ConfigError> {
    let setting = "CENTRAL_API_URL";
    let url = Url::parse(&value).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    match url {
        None => Err(ConfigError::Invalid { setting, value, needed: "an http or https address is needed" }),
        Some(url) if url.scheme() == "http" && !allow_plain && !is_loopback(&url) => {
            let needed =
                "everyone on the way could read the key and every event: use https, or say ALLOW_PLAIN_HTTP=true";
            Err(ConfigError::Invalid { setting, value, needed })
        }
        Some(url) => Ok(url),
    }
}

/// Whether an address is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
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
    /// Checks that the key is valid in a header, and that central's keys have their checksum: a typo is found at start.
    pub fn new(key: &str) -> Result<ApiKey, ConfigError> {
        let invalid = |needed: &'static str| ConfigError::Invalid {
            setting: "SYNC_API_KEY",
            value: format!("({} characters)", key.chars().count()),
            needed,
        };
        if key.starts_with(KeyKind::ForCentral.prefix()) && KeyText::parse(KeyKind::ForCentral, key).is_err() {
            return Err(invalid("it is no whole key: a character is wrong or missing; copy it again"));
        }
        let header = HeaderValue::from_str(&format!("Bearer {key}"));
        let mut header = header.map_err(|_| invalid("a key has no line break and no control character"))?;
        header.set_sensitive(true);
        Ok(ApiKey(header))
    }

    /// Reads the key in a file; white space around it does not count.
    pub(crate) fn read(file: &Path) -> Result<ApiKey, ConfigError> {
        let invalid = |needed: &'static str| ConfigError::Invalid {
            setting: "SYNC_API_KEY_FILE",
            value: file.display().to_string(),
            needed,
        };
        // A file of another kind, such as a disk's, would not fit into memory.
        let mut text = String::new();
        let opened = std::fs::File::open(file).map_err(|_| invalid("the file cannot be opened"))?;
        let read = opened.take(KEY_FILE_BYTES_MAX).read_to_string(&mut text);
        read.map_err(|_| invalid("the file cannot be read as text"))?;
        match text.trim() {
            "" => Err(invalid("the file is empty")),
            key => ApiKey::new(key).map_err(|_| invalid("the file contains no whole key")),
        }
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
