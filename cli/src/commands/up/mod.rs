//! `comptoir up`: everything on this machine for a first look: a private Postgres, central, one shop's node, and one day of
//! data from a real shop. With `--demo`, a whole company.
//!
//! Order: `up.json` and both ports are checked, Postgres starts, the company is created or found, then central and the node
//! serve. The node reaches central through a relay, which `comptoir demo` disconnects and connects.

mod demo;
mod figures;
mod first_start;
mod opening_stock;
mod products;
mod sample;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use comptoir_central::restart::RESTARTS_MAX;
use comptoir_central::{Central, identity};
use comptoir_core::id::{Name, NodeId, SiteId, TenantId};
use comptoir_http_edge::HostNames;
use comptoir_local::config::ApiKey;
use comptoir_local::event_log::Identity;
use comptoir_local::local_keys::{KeyGrant, key_in_header_file, write_header_file};
use comptoir_local::{DemoLink, Node, NodeConfig, SyncConfig};
use tokio::net::TcpListener;
use tokio::sync::watch;
use uuid::Uuid;

use crate::central;
use crate::demo::{Relay, control};
use crate::failure::Failure;
use crate::first_user::{IssueLinks, print_setup_links};
use crate::output::Output;
use crate::process;
use crate::settings::{self, Logs};
use crate::supervise::{CentralPart, NodePart, Supervisor};
use crate::up_file::{Demo, TILL_HEADER_FILE, UpFile};

/// Timeout for the first figures.
const FIGURES_WITHIN: Duration = Duration::from_secs(60);
const POLL_EVERY: Duration = Duration::from_millis(200);

/// Arguments of `up`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comptoir up
  comptoir up --demo
  comptoir up --data-dir /var/lib/comptoir --no-sample

Everything it writes is under the data directory; up.json there has the addresses, ids and credentials.")]
pub struct UpArgs {
    /// Folder for everything that it writes
    #[arg(long, env = "DATA_DIR", default_value = "./comptoir-data")]
    data_dir: PathBuf,
    /// Address of central
    #[arg(long, default_value = "127.0.0.1:7400")]
    central_addr: SocketAddr,
    /// Address of the shop's node
    #[arg(long, default_value = "127.0.0.1:7401")]
    local_addr: SocketAddr,
    /// Time zone of the company created at the first start
    #[arg(long, default_value = "Europe/London")]
    zone: String,
    /// Currency of the company created at the first start
    #[arg(long, default_value = "GBP")]
    currency: String,
    /// Rulebook file of that company; the built-in rulebook when absent
    #[arg(long, env = "RULEBOOK_FILE")]
    rulebook: Option<PathBuf>,
    /// Restarts in a row of a failed part before the process ends with exit code 70
    #[arg(long, env = "RESTARTS_MAX", default_value_t = RESTARTS_MAX)]
    restarts_max: u32,
    /// Answer plain HTTP on addresses that other machines reach
    #[arg(long, env = "ALLOW_PLAIN_HTTP")]
    allow_plain_http: bool,
    /// Start without the sample day
    #[arg(long)]
    no_sample: bool,
    /// Add two shops, a school, logins, deliveries and open conflicts, all invented; their nodes use the three ports after
    /// --local-addr, or free ones
    #[arg(long)]
    demo: bool,
    /// Whether the till's screen asks for the opening float: ask or off
    #[arg(long, env = "TILL_SESSIONS", default_value = "ask", value_parser = ["ask", "off"])]
    till_sessions: String,
}

/// Both listeners, bound before anything is created, so that a busy port is reported at once.
struct Listeners {
    central: TcpListener,
    local: TcpListener,
    /// Of the demonstration's further sites.
    sites: Vec<TcpListener>,
}

/// Starts everything, shows what there is, and serves until asked to stop.
pub async fn serve_everything(args: &UpArgs, output: Output) -> Result<(), Failure> {
    std::fs::create_dir_all(&args.data_dir)
        .map_err(|error| Failure::Unavailable(format!("{}: {error}", args.data_dir.display())))?;
    process::start_logging(&Logs { json: false, level: tracing::Level::WARN });
    process::outlive_file_limits()?;
    process::raise_open_files_limit();
    for (address, option) in [(args.central_addr, "--central-addr"), (args.local_addr, "--local-addr")] {
        settings::plain_http_allowed(address, args.allow_plain_http, option).map_err(Failure::Usage)?;
    }
    let supervisor = Supervisor::new(process::stop_signal()?);
    let file = UpFile::read(&args.data_dir)?;
    let is_demo = args.demo || file.as_ref().is_some_and(|file| file.demo.is_some());
    let listeners = Listeners {
        central: process::listen(args.central_addr, "--central-addr").await?,
        local: process::listen(args.local_addr, "--local-addr").await?,
        sites: if is_demo { demo::listen(args.local_addr).await? } else { Vec::new() },
    };
    let settings = settings::Central {
        database_url: None,
        rulebook_file: args.rulebook.clone(),
        clock_drift_limit: None,
        offline_grace: None,
        report_wait: None,
        restarts_max: Some(args.restarts_max),
        allowed_hosts: Vec::new(),
    };
    let hosts = HostNames { any_address: !args.central_addr.ip().is_loopback(), ..HostNames::default() };
    announce_postgres(&args.data_dir, output);
    let central = central::start(&args.data_dir, &settings, hosts).await?;
    supervisor.end_with_store_of(&central);
    let served = match prepare(args, file, &central, &listeners, output).await {
        Ok(file) => serve(args, file, &central, listeners, &supervisor, output).await,
        Err(failure) => Err(failure),
    };
    central.shutdown().await;
    supervisor.outcome().and(served)?;
    let kept = args.data_dir.display();
    output.note(&format!("\nStopped. What was recorded is kept in {kept}; the same command continues from there."));
    Ok(())
}

fn announce_postgres(data_dir: &Path, output: Output) {
    let folder = data_dir.join("pg");
    let (is_made, folder) = (folder.exists(), folder.display());
    let making = format!("Creating a private Postgres in {folder} ...");
    let starting = format!("Starting the private Postgres in {folder} ...");
    output.note(if is_made { &starting } else { &making });
}

/// The company, and `up.json` with today's addresses.
async fn prepare(
    args: &UpArgs,
    file: Option<UpFile>,
    central: &Central,
    listeners: &Listeners,
    output: Output,
) -> Result<UpFile, Failure> {
    let mut file = first_start::company(args, file, central, output).await?;
    file.central_url = address(&listeners.central)?;
    file.local_url = address(&listeners.local)?;
    file.database_url = central.urls().readonly.clone();
    if !listeners.sites.is_empty() {
        demo::create(&args.data_dir, central, &mut file).await?;
    }
    let reader = identity::allow_reader(central.database(), TenantId::new(file.tenant_id), identity::READERS).await;
    reader.map_err(|error| Failure::Refused(error.to_string()))?;
    file.write(&args.data_dir)?;
    Ok(file)
}

/// Serves central and the node until asked to stop.
async fn serve(
    args: &UpArgs,
    mut file: UpFile,
    central: &Arc<Central>,
    listeners: Listeners,
    supervisor: &Supervisor,
    output: Output,
) -> Result<(), Failure> {
    let stop = supervisor.stop();
    let central_address = local_address(&listeners.central)?;
    let relay = relay(central_address).await?;
    let ids = (file.tenant_id, file.site_id, file.node_id);
    let mut config = node_config(&args.data_dir, ids, &file.node_api_key, &format!("http://{}", relay.address()))?;
    config.hosts.any_address = !args.local_addr.ip().is_loopback();
    config.demo_link = Some(Arc::clone(&relay) as Arc<dyn DemoLink>);
    config.till.asks_for_float = args.till_sessions == "ask";
    let _demo = control::serve(&args.data_dir, relay, file.local_url.clone())
        .map_err(|error| Failure::Unavailable(format!("{}: {error}", args.data_dir.join(control::NAME).display())))?;
    // Each has its own stop signal: the node ends first, while central can still receive its last push.
    let (stop_central, stop_node) = (watch::Sender::new(false), watch::Sender::new(false));
    let serving_central = supervisor.keep(
        "central",
        args.restarts_max,
        stop_central.subscribe(),
        CentralPart::new(central.clone(), listeners.central)?,
    );
    let node = Node::start(config.clone()).await?;
    let keyed = till_key(&args.data_dir, &mut file, &node).await;
    let serving_local = supervisor.keep(
        "the node",
        args.restarts_max,
        stop_node.subscribe(),
        NodePart::new(config, node, listeners.local)?,
    );

    let mut running = Vec::new();
    let sites = async {
        keyed?;
        let central = (file.tenant_id, central_address);
        start_sites(args, &mut file, central, listeners.sites, supervisor, &stop_node, &mut running).await
    };
    let shown = match sites.await {
        Ok(()) => tokio::select! {
            shown = show(args, central, &mut file, &running, output) => shown,
            () = process::stopped(stop.clone()) => Ok(()),
        },
        Err(failure) => Err(failure),
    };
    if shown.is_ok() {
        process::stopped(stop).await;
    }
    stop_node.send_replace(true);
    // A supervising task that panicked has ended too.
    drop(serving_local.await);
    for site in running {
        site.ended().await;
    }
    stop_central.send_replace(true);
    drop(serving_central.await);
    shown
}

/// Starts the nodes of the demonstration's further sites, and writes `up.json` with their addresses and keys.
async fn start_sites(
    args: &UpArgs,
    file: &mut UpFile,
    central: (Uuid, SocketAddr),
    listeners: Vec<TcpListener>,
    supervisor: &Supervisor,
    stop: &watch::Sender<bool>,
    running: &mut Vec<demo::RunningSite>,
) -> Result<(), Failure> {
    let Some(mut demo) = file.demo.clone() else { return Ok(()) };
    for (site, listener) in demo.sites.iter_mut().zip(listeners) {
        running.push(demo::RunningSite::start(args, site, central, listener, supervisor, stop.subscribe()).await?);
    }
    file.demo = Some(demo);
    file.write(&args.data_dir)
}

/// Makes the till program's key at the first start, and again where its key or its file is gone.
async fn till_key(data_dir: &Path, file: &mut UpFile, node: &Node) -> Result<(), Failure> {
    let path = data_dir.join(TILL_HEADER_FILE);
    let failed = |error: &dyn std::fmt::Display| Failure::Unavailable(error.to_string());
    if node.local_keys().caller(&file.local_key).is_none() {
        let label = Name::new("till").map_err(|error| Failure::Internal(error.to_string()))?;
        let issued = node.local_keys().create(label, KeyGrant::of_till(), None).await;
        file.local_key = issued.map_err(|error| failed(&error))?.text.expose();
        file.write(data_dir)?;
    }
    let held = key_in_header_file(&path).map_err(|error| failed(&error))?;
    if held.as_ref() != Some(&file.local_key) {
        write_header_file(&path, &file.local_key).map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// The node reaches central through the relay, so that `comptoir demo` can disconnect them.
async fn relay(central: SocketAddr) -> Result<Arc<Relay>, Failure> {
    let started = Relay::start(central).await;
    let relay = started.map_err(|error| Failure::Unavailable(format!("no loopback port for the node: {error}")))?;
    Ok(Arc::new(relay))
}

fn address(listener: &TcpListener) -> Result<String, Failure> {
    Ok(format!("http://{}", local_address(listener)?))
}

fn local_address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(|error| Failure::Internal(format!("no address: {error}")))
}

/// `tenant`, `site` and `node` say who the node is, `key` is its key at central.
fn node_config(
    data_dir: &Path,
    (tenant, site, node): (Uuid, Uuid, Uuid),
    key: &str,
    central_url: &str,
) -> Result<NodeConfig, Failure> {
    let identity = Identity { tenant: TenantId::new(tenant), site: SiteId::new(site), node: NodeId::new(node) };
    let url = central_url.parse().map_err(|error| Failure::Internal(format!("{central_url}: {error}")))?;
    let key = ApiKey::new(key).map_err(|error| Failure::Usage(format!("up.json: {error}")))?;
    Ok(NodeConfig::new(data_dir, identity, SyncConfig::to(url, key)))
}

/// Records the sample at the first start, then prints addresses and figures.
async fn show(
    args: &UpArgs,
    central: &Central,
    file: &mut UpFile,
    running: &[demo::RunningSite],
    output: Output,
) -> Result<(), Failure> {
    if !args.no_sample && !file.sample_imported {
        sample::record(&args.data_dir, file, output).await?;
        file.sample_imported = true;
        file.write(&args.data_dir)?;
    }
    if let Some(demo) = file.demo.as_ref().filter(|demo| !demo.is_recorded) {
        let link_of = |code: &str| running.iter().find(|site| site.code == code).map(|site| Arc::clone(&site.link));
        demo::record(file, demo, link_of).await?;
        output.note("Recorded the demonstration (invented): deliveries, a school, and two conflicts, for which the school was cut off.");
        file.demo = file.demo.take().map(|demo| Demo { is_recorded: true, ..demo });
        file.write(&args.data_dir)?;
    }
    output.print(&figures::Overview::read(&args.data_dir, file).await?)?;
    print_setup_links(central, &file.central_url, IssueLinks::Everywhere, output).await
}
