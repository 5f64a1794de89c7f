//! P2: `POST /api/v1/events` with one event per request on 64 connections, against the same server's `/healthz` and against an
//! outbox on SQLite.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::LazyLock;

use anyhow::Context as _;
use axum::Router;
use comptoir_core::id::{NodeId, SiteId, TenantId};
use comptoir_local::event_log::Identity;
use comptoir_local::local_keys::{ADMIN_HEADER_FILE, key_in_header_file};
use comptoir_local::{Node, NodeConfig, SyncConfig};
use comptoir_proto::paths;
use comptoir_test_support::events::TestEvent as _;
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::append::sale_of_250_bytes;
use crate::connection::{get, post};
use crate::load;
use crate::measure::{Line, interleaved};
use crate::sqlite_outbox;

const CONNECTIONS: usize = 64;
const REQUESTS: usize = 100;
const ROUNDS: usize = 5;
/// Stands for the id in the template of a request.
const ID_PLACE: &str = "{id}";

/// The two lines of P2.
pub(crate) fn lines(runtime: &Runtime, folder: &Path) -> anyhow::Result<Vec<Line>> {
    let identity = Identity {
        tenant: TenantId::new(Uuid::from_u128(1)),
        site: SiteId::new(Uuid::from_u128(2)),
        node: NodeId::new(Uuid::from_u128(3)),
    };
    let config = NodeConfig::new(folder.join("node"), identity, SyncConfig::disabled());
    let node = runtime.block_on(Node::start(config))?;
    let key = key_in_header_file(&folder.join("node").join(ADMIN_HEADER_FILE))?.context("a node makes a key")?;
    let event = move || post(paths::EVENTS, Some(&key), &draft());
    let ours = runtime.block_on(serve(comptoir_local::router(node.clone())))?;
    let outbox = runtime.block_on(serve(sqlite_outbox::router(&folder.join("outbox.sqlite"))?))?;
    let events = || runtime.block_on(load::run_load(ours, CONNECTIONS, REQUESTS, event.clone()));
    let lines = vec![
        interleaved("P2", "POST /api/v1/events, 64 connections : /healthz", 300, ROUNDS, events, || {
            runtime.block_on(load::run_load(ours, CONNECTIONS, REQUESTS, health))
        })?,
        interleaved("P2", "POST /api/v1/events, 64 connections : SQLite outbox", 5000, ROUNDS, events, || {
            runtime.block_on(load::run_load(outbox, CONNECTIONS, REQUESTS / 5, outbox_event))
        })?,
    ];
    runtime.block_on(node.shutdown());
    Ok(lines)
}

/// As the product serves: a connection shares the routes, and does not copy them.
async fn serve(app: Router) -> std::io::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app.into_make_service()).await });
    Ok(address)
}

fn health() -> Vec<u8> {
    get(paths::HEALTHZ, None)
}

fn outbox_event() -> Vec<u8> {
    post("/events", None, &draft())
}

/// The load shares the processors with the server, so a request is a template with a new id.
fn draft() -> String {
    static TEMPLATE: LazyLock<String> = LazyLock::new(|| {
        let mut draft = sale_of_250_bytes().draft(ID_PLACE);
        draft["id"] = ID_PLACE.into();
        draft["user"] = "u-12".into();
        draft.to_string()
    });
    TEMPLATE.replace(ID_PLACE, &Uuid::now_v7().to_string())
}
