//! `comptoir serve`: one process, central or a shop's node, depending on `APP_MODE`.

use std::path::{Path, PathBuf};

use clap::Args;
use comptoir_http_edge::{CertificateNames, HostNames};
use comptoir_local::sync_agent::identify::identify;
use comptoir_local::sync_agent::transport::HttpTransport;
use comptoir_local::{Node, NodeSettings, refuse_destroyed};

use crate::central;
use crate::failure::Failure;
use crate::first_user::{IssueLinks, print_setup_links};
use crate::output::Output;
use crate::process::{self, Entrance};
use crate::settings::{Central, Http, Logs, Mode, Process, SettingsReader};
use crate::supervise::Supervisor;

/// Arguments of `serve`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  APP_MODE=central DATA_DIR=/var/lib/comptoir comptoir serve
  APP_MODE=local CENTRAL_API_URL=https://central.example SYNC_API_KEY=cpt_... comptoir serve
  comptoir serve --config /etc/comptoir.toml

docs/operating/settings.md has every setting with its default and its effect.")]
pub struct ServeArgs {
    /// A TOML file for settings that the environment lacks
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Serves until Ctrl-C or SIGTERM.
pub async fn serve_until_stopped(args: &ServeArgs) -> Result<(), Failure> {
    let usage = |error: &dyn std::fmt::Display| Failure::Usage(error.to_string());
    let mut reader = SettingsReader::new(std::env::vars(), args.config.as_deref()).map_err(|error| usage(&error))?;
    let (process, logs) = (Process::read(&mut reader), Logs::read(&mut reader));
    let central = match process.as_ref().map(|process| process.mode) {
        Some(Mode::Central) => Central::read(&mut reader),
        _ => None,
    };
    let node = match process.as_ref().map(|process| process.mode) {
        Some(Mode::Local) => node_settings(&mut reader),
        _ => None,
    };
    if let Some(process) = process.as_ref().filter(|process| process.mode == Mode::Local) {
        refuse_destroyed_node(&process.data_dir, node.as_ref()).await?;
    }
    reader.check().map_err(|error| usage(&error))?;
    let (Some(process), Some(logs)) = (process, logs) else {
        return Err(Failure::Internal("settings are invalid, but no error was reported".to_owned()));
    };
    process::start_logging(&logs);
    process::outlive_file_limits()?;
    process::raise_open_files_limit();
    let stop = process::stop_signal()?;
    match (central, node) {
        (Some(central), _) => {
            let names = CertificateNames::default();
            let hosts = HostNames {
                names: central.allowed_hosts.clone(),
                any_address: beyond_loopback(&process.http),
                of_certificate: names.clone(),
            };
            let running = central::start(&process.data_dir, &central, hosts).await?;
            let entrance = Entrance::open(&process.http, None, names).await?;
            // On stderr and not in the log, which is kept and read by others.
            let address = format!("http://{}", process.http.listen);
            print_setup_links(&running, &address, IssueLinks::WhereUnused, Output::new(false)).await?;
            tracing::info!(address = %process.http.listen, "Central listens");
            let supervisor = Supervisor::new(stop);
            supervisor.end_with_store_of(&running);
            let router = comptoir_central::router(running.clone());
            process::serve(entrance, router, supervisor.stop(), || running.end_waits()).await;
            running.shutdown().await;
            supervisor.outcome()?;
        }
        (None, Some(settings)) => {
            let mut config = identify(settings).await?;
            config.hosts.any_address = beyond_loopback(&process.http);
            let names = config.hosts.of_certificate.clone();
            let node = Node::start(config).await?;
            let issued = node.issued_certificate();
            let entrance = Entrance::open(&process.http, Some(issued), names).await?;
            tracing::info!(address = %process.http.listen, "The node listens");
            process::serve(entrance, comptoir_local::router(node.clone()), stop, || node.end_waits()).await;
            node.shutdown().await;
        }
        (None, None) => {
            return Err(Failure::Internal("settings are invalid, but no error was reported".to_owned()));
        }
    }
    Ok(())
}

/// Before anything else is asked or opened: a destroyed node has no key any more, so its settings may be incomplete.
async fn refuse_destroyed_node(data_dir: &Path, settings: Option<&NodeSettings>) -> Result<(), Failure> {
    let transport = settings.and_then(|settings| HttpTransport::new(&settings.sync).ok());
    let key_file = settings.and_then(|settings| settings.sync.api_key_file.as_deref());
    Ok(refuse_destroyed(data_dir, key_file, transport.as_ref()).await?)
}

/// Whether other machines call the server, by its address: no web page can have an address as its name.
fn beyond_loopback(http: &Http) -> bool {
    !http.listen.ip().is_loopback() || http.tls.is_some()
}

/// The settings of a node. `None` after errors, which the reader keeps.
fn node_settings(reader: &mut SettingsReader) -> Option<NodeSettings> {
    let settings = NodeSettings::read(|name| reader.get(name));
    settings.map_err(|errors| errors.iter().for_each(|error| reader.note(error))).ok()
}
