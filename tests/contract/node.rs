use comptoir_test_support::TestNode;
use comptoir_tests::contract::{Endpoint, IMPATIENT};

/// A local node that pushes nothing: the contract is between the node and its callers.
struct OpenNode {
    endpoint: Endpoint,
    _node: TestNode,
}

impl OpenNode {
    async fn open() -> OpenNode {
        let node = TestNode::start().await;
        let impatient = comptoir_local::router_with(node.node.clone(), IMPATIENT);
        let endpoint = Endpoint::service(node.router.clone(), Some(node.key.clone())).with_impatient(impatient);
        OpenNode { endpoint: endpoint.with_json_limit(2 * 1024 * 1024), _node: node }
    }

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

comptoir_tests::keeps_the_contract!(OpenNode::open);
