//! Starting central for commands: on a private Postgres, or on the server that `DATABASE_URL` names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use comptoir_central::DatabaseConfig;
use comptoir_central::database::{BootstrapError, Urls};
use comptoir_central::private_postgres;
use comptoir_central::{Central, CentralConfig, CentralError};
use comptoir_core::rulebook::Rulebook;
use comptoir_http_edge::HostNames;
use comptoir_proto::rulebook_file;

use crate::causes::with_causes;
use crate::failure::Failure;
use crate::settings;

/// Starts central to serve under these host names, as the only user of the data directory.
pub async fn start(data_dir: &Path, settings: &settings::Central, hosts: HostNames) -> Result<Arc<Central>, Failure> {
    let mut config = match &settings.database_url {
        Some(url) => CentralConfig::external(urls_of(url.expose())),
        None => {
            let mut postgres = private_postgres::PostgresConfig::new(data_dir);
            postgres.restarts_max = settings.restarts_max.unwrap_or(postgres.restarts_max);
            let database = DatabaseConfig::Private(postgres);
            CentralConfig { database, ..CentralConfig::private(data_dir) }
        }
    };
    config.hosts = hosts;
    config.ca_folder = Some(CentralConfig::ca_folder_in(data_dir));
    config.rulebook = rulebook_of(settings.rulebook_file.as_deref())?;
    config.offline_grace = settings.offline_grace.unwrap_or(config.offline_grace);
    config.clock_drift_limit = settings.clock_drift_limit.unwrap_or(config.clock_drift_limit);
    config.report_wait = settings.report_wait.unwrap_or(config.report_wait);
    Central::start(config).await.map_err(failure)
}

/// The database of a command.
#[derive(Debug, Args)]
pub struct DatabaseArgs {
    /// Central's data directory, with its private Postgres
    #[arg(long, env = "DATA_DIR", default_value = "./comptoir-data", global = true)]
    data_dir: PathBuf,
    /// Use this database instead of the private Postgres
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true)]
    database_url: Option<String>,
}

impl DatabaseArgs {
    /// Central's data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }
}

/// Starts central for one command. If a central already serves this data directory, its database is shared.
pub async fn open_for_command(args: &DatabaseArgs) -> Result<Arc<Central>, Failure> {
    if let Some(url) = &args.database_url {
        let config = CentralConfig { check_store_every: None, ..CentralConfig::external(urls_of(url)) };
        return Central::start(config).await.map_err(failure);
    }
    let data_dir = args.data_dir.as_path();
    if !data_dir.exists() {
        return Err(Failure::Usage(format!("{}: not a data directory of central", data_dir.display())));
    }
    let mut config = CentralConfig { check_store_every: None, ..CentralConfig::private(data_dir) };
    match Central::start(config.clone()).await {
        Err(CentralError::Postgres(private_postgres::PostgresError::Locked(_))) => {
            config.database = DatabaseConfig::External(urls_of_running(data_dir)?);
            Central::start(config).await.map_err(failure)
        }
        started => started.map_err(failure),
    }
}

/// Creates the roles and the database on the server of `DATABASE_URL`, as its superuser.
pub async fn prepare_server(args: &DatabaseArgs, admin_url: &str) -> Result<(), Failure> {
    let needed =
        "--create-roles prepares the server of DATABASE_URL, which is not set; a private Postgres needs no preparation";
    let url = args.database_url.as_ref().ok_or_else(|| Failure::Usage(needed.to_owned()))?;
    comptoir_central::database::prepare_server(admin_url, url).await.map_err(|error| match error {
        BootstrapError::Settings(_) | BootstrapError::Refused(_) => Failure::Usage(error.to_string()),
        _ => Failure::Unavailable(with_causes(&error)),
    })
}

/// Reads a rulebook file, or returns the built-in rulebook.
pub fn rulebook_of(file: Option<&Path>) -> Result<Rulebook, Failure> {
    let Some(path) = file else { return Ok(Rulebook::default()) };
    let usage = |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| usage(&error))?;
    rulebook_file::parse(&text).map_err(|error| usage(&error))
}

fn urls_of_running(data_dir: &Path) -> Result<Urls, Failure> {
    let url = |role: &str| {
        private_postgres::connection_string_of(data_dir, role, comptoir_central::database::NAME)
            .map_err(|error| Failure::Unavailable(error.to_string()))
    };
    Ok(Urls {
        service: url("comptoir_service")?,
        migrator: url("comptoir_migrator")?,
        watcher: url("comptoir_watcher")?,
        readonly: url("comptoir_readonly")?,
    })
}

fn failure(error: CentralError) -> Failure {
    Failure::Unavailable(with_causes(&error))
}

/// One login that may become each role. The role is part of the connection string, so it applies from the first statement.
fn urls_of(url: &str) -> Urls {
    let as_role = |role: &str| {
        let option = format!("-c role={role}");
        match url.split_once("://") {
            Some(_) => {
                let separator = if url.contains('?') { '&' } else { '?' };
                format!("{url}{separator}options={}", option.replace(' ', "%20").replace('=', "%3D"))
            }
            None => format!("{url} options='{option}'"),
        }
    };
    Urls {
        service: as_role("comptoir_service"),
        migrator: as_role("comptoir_migrator"),
        watcher: as_role("comptoir_watcher"),
        readonly: as_role("comptoir_readonly"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_login_becomes_each_role_in_both_forms_of_a_url() {
        let urls = urls_of("postgres://shop@db/comptoir");
        assert_eq!(urls.service, "postgres://shop@db/comptoir?options=-c%20role%3Dcomptoir_service");
        assert_eq!(urls_of("host=db user=shop").watcher, "host=db user=shop options='-c role=comptoir_watcher'");
    }
}
