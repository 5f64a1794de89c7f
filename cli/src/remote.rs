//! Requests to a node or central over HTTP.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use comptoir_local::local_keys::{ADMIN_HEADER_FILE, key_in_header_file};
use comptoir_proto::paths;
use comptoir_proto::problem::Problem;
use reqwest::{Client, RequestBuilder, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::causes::with_causes;
use crate::failure::Failure;

/// A node's default address.
pub const LOCAL_URL: &str = "http://127.0.0.1:7401";
/// The default data directory.
pub const DATA_DIR: &str = "./comptoir-data";

/// The server to ask, and the credential.
#[derive(Clone, Debug, Args)]
pub struct RemoteArgs {
    /// Address of the node, or of central
    #[arg(long, env = "COMPTOIR_URL", default_value = LOCAL_URL)]
    pub url: String,
    /// Credential. For a node on this machine the default is the administrator's key in DATA_DIR
    #[arg(long, env = "COMPTOIR_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
}

impl RemoteArgs {
    /// The node of a data directory on this machine, with its administrator's key.
    pub fn of_node(url: String, data_dir: &Path) -> RemoteArgs {
        RemoteArgs { url, token: administrators_key(data_dir) }
    }

    /// The credential. The key of `DATA_DIR` is sent to this machine alone.
    pub fn credential(&self) -> Option<String> {
        let is_here = Url::parse(&self.url).is_ok_and(|url| match url.host_str() {
            Some("localhost") => true,
            Some(host) => host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
            None => false,
        });
        let of_data_dir = || {
            let data_dir = std::env::var_os("DATA_DIR").map_or_else(|| PathBuf::from(DATA_DIR), PathBuf::from);
            administrators_key(&data_dir)
        };
        self.token.clone().filter(|token| !token.is_empty()).or_else(|| of_data_dir().filter(|_| is_here))
    }
}

/// `None` if this user may not read it; the server then says what is needed.
fn administrators_key(data_dir: &Path) -> Option<String> {
    key_in_header_file(&data_dir.join(ADMIN_HEADER_FILE)).ok().flatten()
}

/// A client of a node or of central.
pub struct Remote {
    client: Client,
    url: String,
    token: Option<String>,
}

impl Remote {
    /// Builds the client. Nothing is sent yet.
    pub fn new(args: &RemoteArgs) -> Result<Remote, Failure> {
        let client = Client::builder().connect_timeout(Duration::from_secs(5)).read_timeout(Duration::from_secs(60));
        let client = client.build().map_err(|error| Failure::Internal(with_causes(&error)))?;
        Ok(Remote { client, url: args.url.trim_end_matches('/').to_owned(), token: args.credential() })
    }

    /// Sends `GET` and reads the answer as JSON.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Failure> {
        self.read(path, self.open(path, query).await?).await
    }

    /// Sends `GET` and returns the answer's stream.
    pub async fn open(&self, path: &str, query: &[(&str, &str)]) -> Result<Response, Failure> {
        let mut url = Url::parse(&format!("{}{path}", self.url))
            .map_err(|error| Failure::Usage(format!("{:?} is not a URL: {error}", self.url)))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(path, self.client.get(url)).await
    }

    /// Sends `POST` with a JSON body and reads the answer as JSON.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        let request = self.client.post(format!("{}{path}", self.url)).json(body);
        self.read(path, self.send(path, request).await?).await
    }

    /// Sends `DELETE` and reads the answer as JSON.
    pub async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let request = self.client.delete(format!("{}{path}", self.url));
        self.read(path, self.send(path, request).await?).await
    }

    async fn send(&self, path: &str, mut request: RequestBuilder) -> Result<Response, Failure> {
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(|error| match error.is_builder() {
            true => Failure::Usage(format!("{:?} is not a URL: {}", self.url, with_causes(&error))),
            false => self.unreachable(&error),
        })?;
        if response.status().is_success() { Ok(response) } else { Err(self.refusal(path, response).await) }
    }

    async fn read<T: DeserializeOwned>(&self, path: &str, response: Response) -> Result<T, Failure> {
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::Internal(format!("{}{path} sent an answer that this version cannot read: {error}", self.url))
        })
    }

    /// The server's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server's own report of why it is not ready. `None` if it is ready, or does not answer within 5 s.
    pub async fn readiness_problem(&self) -> Option<Problem> {
        let request = self.client.get(format!("{}{}", self.url, paths::READYZ)).timeout(Duration::from_secs(5));
        let response = request.send().await.ok().filter(|response| !response.status().is_success())?;
        serde_json::from_slice(&response.bytes().await.ok()?).ok()
    }

    /// The failure when no answer, or only a part of one, arrived.
    pub fn unreachable(&self, error: &reqwest::Error) -> Failure {
        Failure::Unavailable(format!("{}: {}", self.url, with_causes(error)))
    }

    async fn refusal(&self, path: &str, response: Response) -> Failure {
        let status = response.status();
        let text = response.text().await.unwrap_or_default();
        let problem: Option<Problem> = serde_json::from_str(&text).ok();
        let retryable = problem.as_ref().map_or(status.is_server_error(), |problem| problem.retryable);
        let words = match problem {
            Some(problem) => format!("{} {}: {}", problem.code, problem.title, problem.detail),
            None => text.chars().take(200).collect(),
        };
        let text = format!("{}{path} answered {status}: {words}", self.url);
        if retryable { Failure::Unavailable(text) } else { Failure::Refused(text) }
    }
}
