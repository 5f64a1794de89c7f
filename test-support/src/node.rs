use std::sync::Arc;

use axum::Router;
use comptoir_core::id::{NodeId, SiteId, TenantId};
use comptoir_local::event_log::Identity;
use comptoir_local::local_keys::{ADMIN_HEADER_FILE, key_in_header_file};
use comptoir_local::{Node, NodeConfig, SyncConfig};
use tempfile::TempDir;

use crate::folder::temp_folder;

/// A local node in the test's process, on sled in a folder of its own. It knows no central and sends nothing.
pub struct TestNode {
    /// The node behind the router.
    pub node: Arc<Node>,
    /// Its API.
    pub router: Router,
    /// The administrator's key.
    pub key: String,
    _folder: TempDir,
}

impl TestNode {
    /// Ids that mean nothing: no central issued them.
    pub const IDENTITY: Identity = Identity {
        tenant: TenantId::from_bytes([1; 16]),
        site: SiteId::from_bytes([2; 16]),
        node: NodeId::from_bytes([3; 16]),
    };

    /// Starts the node on an empty log.
    pub async fn start() -> TestNode {
        let folder = temp_folder();
        let config = NodeConfig::new(folder.path(), TestNode::IDENTITY, SyncConfig::disabled());
        let node = Node::start(config).await.expect("a node starts on an empty folder");
        let key = key_in_header_file(&folder.path().join(ADMIN_HEADER_FILE)).expect("the file can be read");
        let key = key.expect("a node makes a key at its first start");
        TestNode { router: comptoir_local::router(node.clone()), key, node, _folder: folder }
    }
}
