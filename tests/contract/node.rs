//! A local node on sled. It sends nothing: the contract is between it and its callers.

use comptoir_test_support::TestNode;
use comptoir_tests::contract::Endpoint;

struct OpenNode {
    door: Endpoint,
    _node: TestNode,
}

impl OpenNode {
    async fn open() -> OpenNode {
        let node = TestNode::start().await;
        OpenNode { door: Endpoint::service(node.router.clone(), None), _node: node }
    }

    fn door(&self) -> &Endpoint {
        &self.door
    }
}

comptoir_tests::keeps_the_contract!(OpenNode::open);
