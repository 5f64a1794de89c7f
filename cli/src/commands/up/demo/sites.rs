use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use comptoir_core::id::Name;
use comptoir_local::local_keys::KeyGrant;
use comptoir_local::{DemoLink, Node};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{PLACES, folder};
use crate::commands::up::{UpArgs, address, node_config, relay};
use crate::demo::Relay;
use crate::failure::Failure;
use crate::process;
use crate::supervise::{NodePart, Supervisor};
use crate::up_file::DemoSite;

/// Binds a port for each further site: those after the first shop's, or free ones where these are in use.
pub(in crate::commands::up) async fn listen(first: SocketAddr) -> Result<Vec<TcpListener>, Failure> {
    let mut listeners = Vec::new();
    for number in 1..=PLACES.len() as u16 {
        let port = if first.port() == 0 { 0 } else { first.port().saturating_add(number) };
        listeners.push(match TcpListener::bind((first.ip(), port)).await {
            Ok(listener) => listener,
            Err(_) => process::listen(SocketAddr::new(first.ip(), 0), "--local-addr").await?,
        });
    }
    Ok(listeners)
}

/// A site's node that serves.
pub(in crate::commands::up) struct RunningSite {
    /// The site's code.
    pub(in crate::commands::up) code: &'static str,
    /// Its connection to central.
    pub(in crate::commands::up) link: Arc<Relay>,
    serving: JoinHandle<()>,
}

impl RunningSite {
    /// Starts a site's node, which reaches central through a relay of its own, and completes the site's row for `up.json`.
    pub(in crate::commands::up) async fn start(
        args: &UpArgs,
        site: &mut DemoSite,
        (tenant, central): (uuid::Uuid, SocketAddr),
        listener: TcpListener,
        supervisor: &Supervisor,
        stop: watch::Receiver<bool>,
    ) -> Result<RunningSite, Failure> {
        let place = PLACES.iter().find(|place| place.code == site.code);
        let place =
            place.ok_or_else(|| Failure::Usage(format!("up.json: no demonstration has a site {}", site.code)))?;
        let data_dir = folder(&args.data_dir, &site.code);
        std::fs::create_dir_all(&data_dir)
            .map_err(|error| Failure::Unavailable(format!("{}: {error}", data_dir.display())))?;
        site.url = address(&listener)?;
        let link = relay(central).await?;
        let central_url = format!("http://{}", link.address());
        let mut config = node_config(&data_dir, (tenant, site.site, site.node), &site.central_key, &central_url)?;
        config.hosts.any_address = !args.local_addr.ip().is_loopback();
        config.demo_link = Some(Arc::clone(&link) as Arc<dyn DemoLink>);
        let node = Node::start(config.clone()).await?;
        if let Err(failure) = till_key(&data_dir, site, &node).await {
            node.shutdown().await;
            return Err(failure);
        }
        let part = NodePart::new(config, Arc::clone(&node), listener)?;
        Ok(RunningSite { code: place.code, link, serving: supervisor.keep(place.node, args.restarts_max, stop, part) })
    }

    /// Waits until it has stopped, after its signal to stop.
    pub(in crate::commands::up) async fn ended(self) {
        // A supervising task that panicked has ended too.
        drop(self.serving.await);
    }
}

async fn till_key(data_dir: &Path, site: &mut DemoSite, node: &Node) -> Result<(), Failure> {
    if node.local_keys().caller(&site.till_key).is_some() {
        return Ok(());
    }
    let failed = |error: &dyn std::fmt::Display| Failure::Unavailable(format!("{}: {error}", data_dir.display()));
    let label = Name::new("till").map_err(|error| Failure::Internal(error.to_string()))?;
    let issued = node.local_keys().create(label, KeyGrant::of_till(), None).await;
    site.till_key = issued.map_err(|error| failed(&error))?.text.expose();
    Ok(())
}
