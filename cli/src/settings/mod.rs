//! Settings of `comptoir serve`: from the environment, else from a TOML file with the same names in lower case. [`VARIABLES`]
//! documents each with its default and its consequence. The node's crate reads its own settings through
//! [`SettingsReader::get`]; this module reads those of the process and of central. All are checked at start.

mod http;
mod reader;

use std::path::PathBuf;
use std::time::Duration;

use comptoir_http_edge::HostNames;

pub use http::{Http, Tls, plain_http_allowed};
pub use reader::{SettingsError, SettingsReader};

/// The documentation of a setting.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Name in the environment.
    pub name: &'static str,
    /// Value when it is absent.
    pub default: &'static str,
    /// Effect.
    pub consequence: &'static str,
}

const fn variable(name: &'static str, default: &'static str, consequence: &'static str) -> Variable {
    Variable { name, default, consequence }
}

/// Every setting.
pub const VARIABLES: &[Variable] = &[
    variable("APP_MODE", "none: it must be said", "local: a shop's node. central: the central node"),
    variable(
        "LISTEN_ADDR",
        "127.0.0.1:7401 (local), 127.0.0.1:7400 (central)",
        "where plain HTTP is answered, for programs on this machine: an address that others reach is refused unless ALLOW_PLAIN_HTTP",
    ),
    variable(
        "TLS_LISTEN_ADDR",
        "none: no TLS",
        "where TLS is answered, such as 0.0.0.0:7443; see [certificates](certificates.md)",
    ),
    variable(
        "TLS_CERT_FILE",
        "local: the certificate that central issues",
        "certificate for TLS_LISTEN_ADDR, with those that lead to its root, in PEM; a changed file is used within seconds",
    ),
    variable(
        "TLS_KEY_FILE",
        "as TLS_CERT_FILE",
        "its private key in PEM; refused if every user of the machine can read it",
    ),
    variable(
        "TLS_NAMES",
        "all that the site may use",
        "local: the names and addresses, separated by commas, for which the node asks central for a certificate",
    ),
    variable(
        "ALLOW_PLAIN_HTTP",
        "false",
        "true: plain HTTP on any address, and to a central elsewhere. Everyone on the way reads keys and events; for a network that is \
         encrypted otherwise, or a proxy on another machine",
    ),
    variable(
        "TRUSTED_ADDRESSES",
        "127.0.0.1,::1",
        "proxies and this machine: no limit per address or credential, and their X-Forwarded-For and X-Forwarded-Proto are believed. \
         none: nobody",
    ),
    variable("CONNECTIONS_MAX", "4096", "open connections; see [limits](limits.md)"),
    variable(
        "CONNECTIONS_PER_ADDRESS_MAX",
        "512",
        "open connections of one address, or of one IPv6 network of 64 bits",
    ),
    variable(
        "REQUESTS_PER_SECOND",
        "500",
        "requests a second of one credential, or of one address without a credential; ten times as many after a pause",
    ),
    variable(
        "ALLOWED_HOSTS",
        "none",
        "host names, separated by commas, that the server answers to besides localhost, loopback addresses (any address if it \
         listens beyond loopback or for TLS) and the names in its certificate; other names are refused, [at a node](node.md#credentials) \
         and [at central](certificates.md#central)",
    ),
    variable(
        "RECEIPT_PRINTER",
        "none: receipts are not printed",
        "local: host and port of a printer that takes ESC/POS over TCP, such as 192.168.1.20:9100",
    ),
    variable("RECEIPT_COLUMNS", "42", "local: characters of a printed line: 42 on paper of 80 mm, 32 on 58 mm"),
    variable("RECEIPT_HEADING", "none", "local: up to 6 lines at the top of a receipt, separated by vertical bars"),
    variable("RECEIPT_LANGUAGE", "fr", "local: the language of printed receipts, fr or en"),
    variable(
        "TILL_SESSIONS",
        "ask",
        "local: ask: the till's screen asks for the opening float before the first sale. off: it sells without sessions. Programs \
         may sell either way",
    ),
    variable("TILL_CURRENCY", "that of the products", "local: the currency of the till, such as EUR"),
    variable("DATA_DIR", "./comptoir-data", "everything this process writes is under it"),
    variable(
        "TENANT_ID",
        "as SYNC_API_KEY says",
        "the company; issued by `comptoir admin node create`, stored at the first start, refused when it is changed later",
    ),
    variable("SITE_ID", "as SYNC_API_KEY says", "the shop; as above"),
    variable("NODE_ID", "as SYNC_API_KEY says", "this node; as above"),
    variable("CENTRAL_API_URL", "none: needed in local mode while SYNC_ENABLED", "where events are pushed to"),
    variable(
        "CENTRAL_CA_FILE",
        "the system's certificate authorities",
        "local: the certificates, in PEM, by one of which central's certificate must be signed; no other is accepted then",
    ),
    variable(
        "SYNC_API_KEY",
        "none: needed in local mode while SYNC_ENABLED",
        "this node's credential at central; issued with its id. Before its first start a node asks central whose the key is",
    ),
    variable(
        "SYNC_API_KEY_FILE",
        "none: SYNC_API_KEY is used",
        "a file with that key, read again before each request to central: a rotated key needs no restart",
    ),
    variable("SYNC_ENABLED", "true", "false: nothing is sent, selling continues and events wait"),
    variable(
        "SYNC_INTERVAL_SECONDS",
        "30",
        "how often the agent looks for work without being woken; appends wake it at once",
    ),
    variable(
        "DATABASE_URL",
        "a private Postgres under DATA_DIR",
        "central: the server to use instead, as a login that may become comptoir's roles; `comptoir migrate --create-roles` prepares the server",
    ),
    variable(
        "RESTARTS_MAX",
        "10",
        "central: how often in a row its private Postgres is started again before the process ends with exit code 70",
    ),
    variable(
        "RULEBOOK_FILE",
        "the built-in rulebook",
        "central: the rules that new tenants start with; those that exist keep theirs",
    ),
    variable(
        "CLOCK_DRIFT_SECONDS",
        "60",
        "central: past which offset a node's clock is shown as drifting; times that it stamped are \
         [corrected](../spec/sync.md#the-nodes-clock) in any case, or flagged where nobody can know them",
    ),
    variable(
        "OFFLINE_GRACE_HOURS",
        "72",
        "central: how long a user may work on a phone or desktop without contact; what is recorded later is quarantined, and the \
         user has to log in again",
    ),
    variable(
        "REPORT_WAIT_MS",
        "5",
        "central: how long a report waits for the latest figures while central is busy, before it shows those of at most two \
         seconds ago; `min_position` waits for one's own write in any case",
    ),
    variable("LOG_FORMAT", "text", "text: lines for people. json: one object a line, for a collector"),
    variable("LOG_LEVEL", "info", "error, warn, info, debug or trace: how much is said"),
];

/// The mode of this process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// A shop's node.
    Local,
    /// The central node.
    Central,
}

/// Settings of both modes.
#[derive(Clone, Debug)]
pub struct Process {
    /// `APP_MODE`. It has no default: a shop's server started as central by accident would collect sales that nobody looks for.
    pub mode: Mode,
    /// Where it listens.
    pub http: Http,
    /// `DATA_DIR`, by default `./comptoir-data`. It contains the log, so its disk is backed up and never shared.
    pub data_dir: PathBuf,
}

/// Settings of central.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Central {
    /// `DATABASE_URL`. `None`: a private Postgres under the data directory.
    pub database_url: Option<Secret>,
    /// `RULEBOOK_FILE`. `None`: the built-in rulebook.
    pub rulebook_file: Option<PathBuf>,
    /// `CLOCK_DRIFT_SECONDS`. `None`: central's own default.
    pub clock_drift_limit: Option<Duration>,
    /// `OFFLINE_GRACE_HOURS`. `None`: central's own default.
    pub offline_grace: Option<Duration>,
    /// `REPORT_WAIT_MS`. `None`: central's own default.
    pub report_wait: Option<Duration>,
    /// `RESTARTS_MAX`. `None`: central's own default.
    pub restarts_max: Option<u32>,
    /// `ALLOWED_HOSTS`: names that the API answers to, besides those of loopback.
    pub allowed_hosts: Vec<String>,
}

/// Settings of log lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Logs {
    /// `LOG_FORMAT`: one JSON object a line.
    pub json: bool,
    /// `LOG_LEVEL`.
    pub level: tracing::Level,
}

/// A text that `Debug` does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

impl Process {
    /// Reads the settings. `None` after an error, which the reader keeps.
    pub fn read(reader: &mut SettingsReader) -> Option<Process> {
        let mode = reader.required("APP_MODE", "local or central", |text| match text.to_ascii_lowercase().as_str() {
            "local" => Some(Mode::Local),
            "central" => Some(Mode::Central),
            _ => None,
        });
        let http = Http::read(reader, mode);
        let data_dir = reader.or("DATA_DIR", PathBuf::from("./comptoir-data"), "a folder", path);
        Some(Process { mode: mode?, http: http?, data_dir: data_dir? })
    }
}

impl Central {
    /// Reads the settings. `None` after an error, which the reader keeps.
    pub fn read(reader: &mut SettingsReader) -> Option<Central> {
        let database_url =
            reader.optional("DATABASE_URL", "a connection string, such as postgres://user@host/comptoir", secret);
        let rulebook_file = reader.optional("RULEBOOK_FILE", "a file that can be read", |text| {
            std::fs::metadata(text).is_ok_and(|metadata| metadata.is_file()).then(|| PathBuf::from(text))
        });
        let clock_drift_limit = reader.optional("CLOCK_DRIFT_SECONDS", "a number of seconds from 1", |text| {
            text.parse().ok().filter(|seconds| *seconds > 0).map(Duration::from_secs)
        });
        let offline_grace = reader.optional("OFFLINE_GRACE_HOURS", "a number of hours from 1 to 168", |text| {
            text.parse()
                .ok()
                .filter(|hours| (1..=168).contains(hours))
                .map(|hours: u64| Duration::from_secs(hours * 3_600))
        });
        let report_wait = reader.optional("REPORT_WAIT_MS", "a number of milliseconds from 0 to 60000", |text| {
            text.parse().ok().filter(|millis| *millis <= 60_000).map(Duration::from_millis)
        });
        let restarts_max = reader.optional("RESTARTS_MAX", "a number of restarts from 0", parsed);
        let allowed_hosts = reader.or("ALLOWED_HOSTS", Vec::new(), HostNames::NEEDED, HostNames::parse_names);
        Some(Central {
            allowed_hosts: allowed_hosts?,
            restarts_max: restarts_max?,
            database_url: database_url?,
            rulebook_file: rulebook_file?,
            clock_drift_limit: clock_drift_limit?,
            offline_grace: offline_grace?,
            report_wait: report_wait?,
        })
    }
}

impl Logs {
    /// Reads the settings. `None` after an error, which the reader keeps.
    pub fn read(reader: &mut SettingsReader) -> Option<Logs> {
        let json = reader.or("LOG_FORMAT", false, "text or json", |text| match text {
            "text" => Some(false),
            "json" => Some(true),
            _ => None,
        });
        let level = reader.or("LOG_LEVEL", tracing::Level::INFO, "error, warn, info, debug or trace", parsed);
        Some(Logs { json: json?, level: level? })
    }
}

fn parsed<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// A switch in its usual spellings.
fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn path(text: &str) -> Option<PathBuf> {
    Some(PathBuf::from(text))
}

fn secret(text: &str) -> Option<Secret> {
    Some(Secret(text.to_owned()))
}

#[cfg(test)]
mod tests;
