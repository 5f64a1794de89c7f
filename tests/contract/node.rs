use comptoir_test_support::TestNode;
use comptoir_tests::contract::{Endpoint, IMPATIENT};

/// A local node that pushes nothing: the contract is between the node and its callers.
struct OpenNode {
    door: Endpoint,
    _node: TestNode,
}

impl OpenNode {
    async fn open() -> OpenNode {
        let node = TestNode::start().await;
        let impatient = comptoir_local::router_with(node.node.clone(), IMPATIENT);
        let door = Endpoint::service(node.router.clone(), None).with_impatient(impatient);
        OpenNode { door: door.with_json_limit(2 * 1024 * 1024), _node: node }
    }

    fn door(&self) -> &Endpoint {
        &self.door
    }
}

comptoir_tests::keeps_the_contract!(OpenNode::open);
