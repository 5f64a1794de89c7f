use reqwest::{Client, Method, RequestBuilder};

use crate::processes::node_key;

/// An HTTP client. A request to a node that is a [`RunningServer`](crate::RunningServer) has the administrator's key of that
/// node.
#[derive(Clone, Debug, Default)]
pub struct TestClient(Client);

impl TestClient {
    /// A new client.
    pub fn new() -> TestClient {
        TestClient::default()
    }

    /// `GET`.
    pub fn get(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// `POST`.
    pub fn post(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// Any method.
    pub fn request(&self, method: Method, url: impl AsRef<str>) -> RequestBuilder {
        let request = self.0.request(method, url.as_ref());
        match node_key(url.as_ref()) {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }
}
