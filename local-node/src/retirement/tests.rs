//! A node is killed at every step of its destruction.

use std::io;
use std::path::Path;

use comptoir_core::id::{NodeId, SiteId, TenantId};
use tempfile::TempDir;

use super::TOMBSTONE_FILE;
use super::destroy::destroy_in_steps;
use crate::config::{NodeConfig, SyncConfig};
use crate::event_log::{Environment, Identity, Log, LogConfig};
use crate::node::{Node, StartError};
use crate::sync_agent::transport::HttpTransport;

fn identity() -> Identity {
    Identity {
        tenant: TenantId::from_bytes([1; 16]),
        site: SiteId::from_bytes([2; 16]),
        node: NodeId::from_bytes([3; 16]),
    }
}

async fn start(dir: &TempDir) -> Result<std::sync::Arc<Node>, StartError> {
    let config = NodeConfig::new(dir.path(), identity(), SyncConfig::disabled());
    Node::start_with(config, Environment::system(), None::<HttpTransport>).await
}

/// A stopped node with files of every kind, and somebody else's.
async fn stopped_node() -> TempDir {
    let dir = TempDir::new().unwrap();
    start(&dir).await.unwrap().shutdown().await;
    for (folder, file) in [("blobs", "abc"), ("tls", "node.pem"), ("pg", "central's")] {
        std::fs::create_dir_all(dir.path().join(folder)).unwrap();
        std::fs::write(dir.path().join(folder).join(file), "x").unwrap();
    }
    for file in ["till.header", "central.json", "central.json.new", "REVOKED.json", "up.json"] {
        std::fs::write(dir.path().join(file), "{}").unwrap();
    }
    dir
}

/// Destroys the node and stops before the nth change of the disk. Answers whether it came to its end.
async fn destroyed_up_to(dir: &TempDir, steps: usize) -> bool {
    let (data_dir, log_dir) = (dir.path().to_owned(), NodeConfig::log_dir(dir.path()));
    let destroyed = tokio::task::spawn_blocking(move || {
        let log = Log::open(LogConfig::new(log_dir, identity()), Environment::system()).unwrap();
        let mut left = steps;
        destroy_in_steps(&data_dir, &log, &mut |_: &Path| {
            left = left.checked_sub(1).ok_or_else(|| io::Error::other("killed"))?;
            Ok(())
        })
        .is_ok()
    });
    destroyed.await.unwrap()
}

fn entries(dir: &TempDir) -> Vec<String> {
    let names = std::fs::read_dir(dir.path()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Point 4: never a half-destroyed folder that starts as an empty new node.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_killed_at_any_step_of_its_destruction_is_whole_or_stays_destroyed() {
    let mut steps = 0;
    loop {
        let dir = stopped_node().await;
        let is_done = destroyed_up_to(&dir, steps).await;
        let restarted = start(&dir).await;
        if steps == 0 {
            let node = restarted.expect("nothing was changed");
            assert!(node.is_revoked() && node.log().head().marks.durable.0 >= 1, "a node with its log, out of use");
            node.shutdown().await;
        } else {
            assert!(matches!(restarted, Err(StartError::Destroyed(_))), "killed before step {steps}");
            assert_eq!(entries(&dir), [TOMBSTONE_FILE, "pg", "up.json"], "killed before step {steps}");
        }
        if is_done {
            break;
        }
        steps += 1;
    }
    assert!(steps >= 9, "{steps} steps");
}

#[tokio::test]
async fn a_tombstone_that_does_not_read_forbids_to_start_all_the_same() {
    let dir = stopped_node().await;
    std::fs::write(dir.path().join(TOMBSTONE_FILE), "{").unwrap();
    assert!(matches!(start(&dir).await, Err(StartError::TombstoneUnreadable { .. })));
    assert!(dir.path().join("node/registered").exists(), "nothing was deleted");
}
