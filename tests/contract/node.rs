use comptoir_core::id::{NodeId, SiteId, TenantId};
use comptoir_local::event_log::Identity;
use comptoir_local::{Node, NodeConfig, SyncConfig};
use comptoir_tests::contract::{Endpoint, IMPATIENT};
use tempfile::TempDir;

/// A node in its own directory. It pushes nothing: the contract is between the node and its callers.
struct Shop {
    door: Endpoint,
    _dir: TempDir,
}

impl Shop {
    async fn open() -> Shop {
        let dir = TempDir::new().expect("a directory");
        let identity = Identity {
            tenant: TenantId::from_bytes([1; 16]),
            site: SiteId::from_bytes([2; 16]),
            node: NodeId::from_bytes([3; 16]),
        };
        let node = Node::start(NodeConfig::new(dir.path(), identity, SyncConfig::disabled())).await;
        let node = node.expect("the node starts");
        let impatient = comptoir_local::router_with(node.clone(), IMPATIENT);
        let door = Endpoint::service(comptoir_local::router(node), None).with_impatient(impatient);
        Shop { door: door.with_json_limit(2 * 1024 * 1024), _dir: dir }
    }

    fn door(&self) -> &Endpoint {
        &self.door
    }
}

comptoir_tests::keeps_the_contract!(Shop::open);
