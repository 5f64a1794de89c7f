use comptoir_tests::contract::Endpoint;
use comptoir_tests::head_office::HeadOffice;

/// A shop's API access and the central behind it.
struct OpenCentral {
    door: Endpoint,
    _head_office: HeadOffice,
}

impl OpenCentral {
    async fn open() -> OpenCentral {
        let head_office = HeadOffice::open("Épicerie").await;
        OpenCentral { door: head_office.node().await, _head_office: head_office }
    }

    fn door(&self) -> &Endpoint {
        &self.door
    }
}

comptoir_tests::keeps_the_contract!(OpenCentral::open);
