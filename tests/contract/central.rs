use comptoir_tests::contract::Endpoint;
use comptoir_tests::running_central::RunningCentral;

/// A shop's API access and the central behind it.
struct OpenCentral {
    endpoint: Endpoint,
    _running_central: RunningCentral,
}

impl OpenCentral {
    async fn open() -> OpenCentral {
        let running_central = RunningCentral::open("Épicerie").await;
        OpenCentral { endpoint: running_central.node().await, _running_central: running_central }
    }

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

comptoir_tests::keeps_the_contract!(OpenCentral::open);
