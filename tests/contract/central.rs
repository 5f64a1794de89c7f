use comptoir_tests::contract::Endpoint;
use comptoir_tests::head_office::RunningCentral;

/// A shop's API access and the central behind it.
struct Shop {
    door: Endpoint,
    _head_office: RunningCentral,
}

impl Shop {
    async fn open() -> Shop {
        let head_office = RunningCentral::open("Épicerie").await;
        Shop { door: head_office.node("till").await, _head_office: head_office }
    }

    fn door(&self) -> &Endpoint {
        &self.door
    }
}

comptoir_tests::keeps_the_contract!(Shop::open);
