//! `comptoir up`: everything on this machine, for whoever sees it the first time: a private Postgres, central, one shop's node, and one
//! real day of a real shop in it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use comptoir_central::Central;
use comptoir_central::identity::{self, NewTenant};
use comptoir_central::restart::RESTARTS_MAX;
use comptoir_core::id::{NodeId, SiteId, TenantId};
use comptoir_core::money::Currency;
use comptoir_local::config::ApiKey;
use comptoir_local::event_log::Identity;
use comptoir_local::{Node, NodeConfig, SyncConfig};
use comptoir_proto::paths;
use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::central;
use crate::commands::admin::rulebook_of;
use crate::failure::Failure;
use crate::import;
use crate::lang::say;
use crate::output::{Output, Shown};
use crate::process;
use crate::remote::{LOCAL_URL, Remote, RemoteArgs};
use crate::settings::{self, Logs};
use crate::supervise::{CentralPart, NodePart, Supervisor};
use crate::up_file::UpFile;

/// One real day, and how its rows become events.
const SAMPLE: &[u8] = include_bytes!("../../sample/online-retail-2010-12-01.csv.gz");
const SAMPLE_MAPPING: &str = include_str!("../../../docs/examples/online-retail.toml");
/// How long the first figures may take.
const FIGURES_WITHIN: Duration = Duration::from_secs(60);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Where to put it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  comptoir up
  comptoir up --data-dir /var/lib/comptoir --no-sample

Everything it writes is under the data directory; up.json there has the addresses, ids and credentials.")]
pub struct UpArgs {
    /// Everything is written under it
    #[arg(long, env = "DATA_DIR", default_value = "./comptoir-data")]
    data_dir: PathBuf,
    /// Where central listens
    #[arg(long, default_value = "127.0.0.1:7400")]
    central_addr: SocketAddr,
    /// Where the shop's node listens
    #[arg(long, default_value = "127.0.0.1:7401")]
    local_addr: SocketAddr,
    /// Time zone of the company that is made the first time
    #[arg(long, default_value = "Europe/London")]
    zone: String,
    /// Currency of the company that is made the first time
    #[arg(long, default_value = "GBP")]
    currency: String,
    /// The rulebook it begins with; the built-in one otherwise
    #[arg(long, env = "RULEBOOK_FILE")]
    rulebook: Option<PathBuf>,
    /// How often in a row a part that ended by itself is started again before the process ends with exit code 70
    #[arg(long, env = "RESTARTS_MAX", default_value_t = RESTARTS_MAX)]
    restarts_max: u32,
    /// Begin with nothing instead of one real day
    #[arg(long)]
    no_sample: bool,
}

/// Starts everything, shows what there is, and serves until asked to stop.
pub async fn run(args: &UpArgs, output: Output) -> Result<(), Failure> {
    std::fs::create_dir_all(&args.data_dir)
        .map_err(|error| Failure::Unavailable(format!("{}: {error}", args.data_dir.display())))?;
    process::start_logging(&Logs { json: false, level: tracing::Level::WARN });
    process::outlive_file_limits()?;
    let supervisor = Supervisor::new(process::stop_signal()?);
    let stop = supervisor.stop();
    let settings = settings::Central {
        database_url: None,
        rulebook_file: args.rulebook.clone(),
        clock_drift_limit: None,
        restarts_max: Some(args.restarts_max),
    };
    let central = central::start(&args.data_dir, &settings).await?;
    supervisor.end_with_store_of(&central);
    let central_listener = process::listen(args.central_addr).await?;
    let local_listener = process::listen(args.local_addr).await?;
    let mut file = match UpFile::read(&args.data_dir)? {
        Some(file) => file,
        None => first_start(args, &central).await?,
    };
    file.central_url = address(&central_listener)?;
    file.local_url = address(&local_listener)?;
    file.database_url = central.urls().readonly.clone();
    let reader = identity::allow_reader(central.database(), TenantId::new(file.tenant_id), identity::READERS).await;
    reader.map_err(|error| Failure::Refused(error.to_string()))?;
    file.write(&args.data_dir)?;

    // Each with a stop of its own: the node ends first, so that what it still sends finds central there.
    let (stop_central, stop_node) = (watch::Sender::new(false), watch::Sender::new(false));
    let serving_central = supervisor.keep(
        "central",
        args.restarts_max,
        stop_central.subscribe(),
        CentralPart::new(central.clone(), central_listener)?,
    );
    let config = node_config(&args.data_dir, &file)?;
    let node = Node::start(config.clone()).await?;
    let serving_local = supervisor.keep(
        "the node",
        args.restarts_max,
        stop_node.subscribe(),
        NodePart::new(config, node, local_listener)?,
    );

    let shown = tokio::select! {
        shown = show(args, &mut file, output) => shown,
        () = process::stopped(stop.clone()) => Ok(()),
    };
    if shown.is_ok() {
        process::stopped(stop).await;
    }
    stop_node.send_replace(true);
    // A supervising task that panicked has ended too.
    drop(serving_local.await);
    stop_central.send_replace(true);
    drop(serving_central.await);
    central.shutdown().await;
    supervisor.outcome().and(shown)
}

/// A company, its shop, the shop's node, and their keys.
async fn first_start(args: &UpArgs, central: &Central) -> Result<UpFile, Failure> {
    let currency = Currency::parse(&args.currency)
        .ok_or_else(|| Failure::Usage(format!("{:?} is no currency, such as EUR", args.currency)))?;
    let new = NewTenant {
        name: "Comptoir".to_owned(),
        zone: args.zone.clone(),
        currency,
        rulebook: rulebook_of(args.rulebook.as_deref())?,
    };
    let db = central.database();
    let refused = |error: identity::IdentityError| Failure::Refused(error.to_string());
    let tenant = central.create_tenant(&new).await.map_err(|error| Failure::Refused(error.to_string()))?;
    let site = identity::create_site(db, tenant, "S1", "Boutique 1").await.map_err(refused)?;
    let node = identity::create_node(db, tenant, site, "caisse-1").await.map_err(refused)?;
    let key = identity::issue_node_key(db, tenant, node, "caisse-1").await.map_err(refused)?;
    let token = identity::issue_admin_token(db, tenant, "up").await.map_err(refused)?;
    Ok(UpFile {
        central_url: String::new(),
        local_url: String::new(),
        database_url: String::new(),
        tenant_id: tenant.uuid(),
        site_id: site.uuid(),
        node_id: node.uuid(),
        node_api_key: key.text,
        admin_token: token.text,
        sample_imported: false,
    })
}

fn address(listener: &TcpListener) -> Result<String, Failure> {
    let address = listener.local_addr().map_err(|error| Failure::Internal(format!("no address: {error}")))?;
    Ok(format!("http://{address}"))
}

fn node_config(data_dir: &Path, file: &UpFile) -> Result<NodeConfig, Failure> {
    let identity = Identity {
        tenant: TenantId::new(file.tenant_id),
        site: SiteId::new(file.site_id),
        node: NodeId::new(file.node_id),
    };
    let url = file.central_url.parse();
    let url = url.map_err(|error| Failure::Internal(format!("{}: {error}", file.central_url)))?;
    let key = ApiKey::new(&file.node_api_key).map_err(|error| Failure::Usage(format!("up.json: {error}")))?;
    Ok(NodeConfig::new(data_dir, identity, SyncConfig::to(url, key)))
}

/// The first time, records the sample day; then says where everything is and what it comes to.
async fn show(args: &UpArgs, file: &mut UpFile, output: Output) -> Result<(), Failure> {
    if !args.no_sample && !file.sample_imported {
        import_sample(&args.data_dir, &file.local_url, output).await?;
        file.sample_imported = true;
        file.write(&args.data_dir)?;
    }
    let figures = figures(file).await?;
    output.print(&Everything {
        central_url: file.central_url.clone(),
        local_url: file.local_url.clone(),
        up_file: args.data_dir.join("up.json"),
        figures,
    })
}

async fn import_sample(data_dir: &Path, local_url: &str, output: Output) -> Result<(), Failure> {
    let folder = data_dir.join("sample");
    let (csv, mapping) = (folder.join("online-retail-2010-12-01.csv.gz"), folder.join("online-retail.toml"));
    let wrong = |error: std::io::Error| Failure::Unavailable(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(&folder).map_err(wrong)?;
    std::fs::write(&csv, SAMPLE).map_err(wrong)?;
    std::fs::write(&mapping, SAMPLE_MAPPING).map_err(wrong)?;
    import::run(&import::Options {
        file: csv,
        mapping,
        url: local_url.to_owned(),
        token: None,
        only: None,
        report: None,
        in_flight: 4,
        give_up_after: FIGURES_WITHIN,
        show_progress: output.shows_progress(),
    })
    .await?;
    Ok(())
}

/// Sales by day, once everything that the node recorded has been counted.
async fn figures(file: &UpFile) -> Result<Vec<Value>, Failure> {
    let local = Remote::new(&RemoteArgs { url: file.local_url.clone(), token: None })?;
    let central = Remote::new(&RemoteArgs { url: file.central_url.clone(), token: Some(file.admin_token.clone()) })?;
    let wait = async {
        loop {
            let queue: comptoir_proto::api_v1::QueueDto = local.get(paths::QUEUE, &[]).await?;
            if queue.pending == 0 {
                return Ok::<_, Failure>(());
            }
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        }
    };
    tokio::time::timeout(FIGURES_WITHIN, wait).await.unwrap_or(Ok(()))?;
    // Stock changes as events are taken in, so it is complete to the end; sales follow, and can be waited for.
    let stock: Value = central.get(paths::REPORT_STOCK, &[("product", "85123A")]).await?;
    let position = stock["complete_to"].as_u64().unwrap_or_default().to_string();
    let report: Value = central.get(paths::REPORT_SALES, &[("by", "day"), ("min_position", &position)]).await?;
    Ok(report["rows"].as_array().cloned().unwrap_or_default())
}

/// What there is.
#[derive(Serialize)]
struct Everything {
    central_url: String,
    local_url: String,
    up_file: PathBuf,
    figures: Vec<Value>,
}

impl Shown for Everything {
    fn text(&self) -> String {
        let Everything { central_url, local_url, up_file, figures } = self;
        let day = |row: &Value| {
            let text = |name: &str| row[name].as_str().map_or_else(|| row[name].to_string(), str::to_owned);
            say(
                format!(
                    "  {} : {} ventes, {} retours, {} lignes, {} articles, {} {}",
                    text("key"),
                    text("sales"),
                    text("refunds"),
                    text("lines"),
                    text("quantity"),
                    text("amount"),
                    text("currency")
                ),
                format!(
                    "  {}: {} sales, {} refunds, {} lines, {} pieces, {} {}",
                    text("key"),
                    text("sales"),
                    text("refunds"),
                    text("lines"),
                    text("quantity"),
                    text("amount"),
                    text("currency")
                ),
            )
        };
        let days = figures.iter().map(day).collect::<Vec<_>>().join("\n");
        let up = up_file.display();
        // As it was called here, so that the lines below can be copied.
        let me = std::env::args().next().unwrap_or_else(|| "comptoir".to_owned());
        let at = if *local_url == LOCAL_URL { String::new() } else { format!(" --url {local_url}") };
        say(
            format!(
                "\nComptoir tourne. Ctrl-C l'arrête ; rien de ce qui est enregistré ne se perd.\n\n\
                 Boutique  {local_url}\nCentral   {central_url}\nClés      {up}\n\nVentes par jour, telles que le siège les lit :\n{days}\n\n\
                 À essayer :\n  {me} queue{at}\n  {me} events tail -n 3{at}\n  \
                 {me} events export{at} --out boutique.bundle && {me} audit verify boutique.bundle"
            ),
            format!(
                "\nComptoir is running. Ctrl-C stops it; nothing that was recorded is lost.\n\n\
                 Shop     {local_url}\nCentral  {central_url}\nKeys     {up}\n\nSales by day, as head office reads them:\n{days}\n\n\
                 What to try next:\n  {me} queue{at}\n  {me} events tail -n 3{at}\n  \
                 {me} events export{at} --out shop.bundle && {me} audit verify shop.bundle"
            ),
        )
    }
}
