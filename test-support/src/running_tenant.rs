use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

use crate::client::TestClient;
use crate::folder::temp_folder;
use crate::processes::{self, RunningServer, node_key};

/// How long a test waits before it fails. A busy machine is slow: nothing is measured by it.
pub const TIMEOUT: Duration = Duration::from_secs(300);
/// How often a test that waits looks again.
pub const POLL_EVERY: Duration = Duration::from_millis(50);

/// Central as a process of the shipped binary, with one tenant.
pub struct RunningTenant {
    folder: TempDir,
    /// The central process.
    pub central: RunningServer,
    /// The tenant's id.
    pub tenant: String,
    /// The administrator's token.
    pub token: String,
    /// For every request.
    pub http: TestClient,
}

impl RunningTenant {
    /// Starts central and creates the tenant.
    pub fn new(zone: &str, currency: &str) -> RunningTenant {
        RunningTenant::with(zone, currency, None)
    }

    /// As [`RunningTenant::new`], with the text of a rulebook file.
    pub fn with(zone: &str, currency: &str, rulebook: Option<&str>) -> RunningTenant {
        RunningTenant::on(RunningServer::central, zone, currency, rulebook)
    }

    /// As [`RunningTenant::new`], on a central with the default of each setting.
    pub fn with_defaults(zone: &str, currency: &str) -> RunningTenant {
        RunningTenant::on(RunningServer::central_with_defaults, zone, currency, None)
    }

    /// As [`RunningTenant::new`], on a central with further settings.
    pub fn with_settings(zone: &str, currency: &str, settings: &[(&str, &str)]) -> RunningTenant {
        let settings = [settings, &[("APP_MODE", "central"), ("REPORT_WAIT_MS", "60000")]].concat();
        RunningTenant::on(|data_dir| RunningServer::start(data_dir, &settings), zone, currency, None)
    }

    fn on(start: impl Fn(&Path) -> RunningServer, zone: &str, currency: &str, rulebook: Option<&str>) -> RunningTenant {
        let folder = temp_folder();
        let central = start(&folder.path().join("central"));
        let mut running =
            RunningTenant { folder, central, tenant: String::new(), token: String::new(), http: TestClient::new() };
        (running.tenant, running.token) = running.make_tenant(zone, currency, rulebook);
        running
    }

    /// Creates another tenant: its id and its administrator's token.
    pub fn make_tenant(&self, zone: &str, currency: &str, rulebook: Option<&str>) -> (String, String) {
        let mut create = vec!["tenant", "create", "--name", "Test", "--zone", zone, "--currency", currency];
        let file = self.path("rulebook.toml").display().to_string();
        if let Some(rulebook) = rulebook {
            std::fs::write(&file, rulebook).expect("the folder takes a file");
            create.extend(["--rulebook", &file]);
        }
        let made = self.admin(&create);
        (text(&made["tenant_id"]), text(&made["admin_token"]))
    }

    /// Runs `comptoir admin` on the running central's folder.
    pub fn admin(&self, args: &[&str]) -> Value {
        let data_dir = self.path("central").display().to_string();
        let args: Vec<&str> = std::iter::once("admin").chain(args.iter().copied()).collect();
        processes::run_comptoir(&args, &[("DATA_DIR", &data_dir)])
            .unwrap_or_else(|(code, words)| panic!("exit {code}: {words}"))
    }

    /// A path in the tenant's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Creates a site: its id.
    pub fn site(&self, code: &str) -> String {
        text(&self.admin(&["site", "create", "--tenant", &self.tenant, "--code", code, "--name", code])["site_id"])
    }

    /// Creates a node: what the command printed.
    pub fn issue_node(&self, site: &str, name: &str) -> Value {
        self.admin(&["node", "create", "--tenant", &self.tenant, "--site", site, "--name", name])
    }

    /// Creates a node and starts it; it pushes to `central_url`.
    pub fn node(&self, site: &str, name: &str, central_url: &str) -> RunningServer {
        let issued = self.issue_node(site, name);
        RunningServer::node(&self.path(name), &issued, central_url)
    }

    /// `GET` at central as the administrator: the body of a 200.
    pub async fn ask(&self, path_and_query: &str) -> Value {
        let url = format!("{}{path_and_query}", self.central.url);
        let answer = self.http.get(&url).bearer_auth(&self.token).send().await.expect("central answers");
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        assert_eq!(status, StatusCode::OK, "{path_and_query}: {body}");
        body
    }

    /// Waits until a node has nothing left to send.
    pub async fn drained(&self, node: &RunningServer) {
        let started = std::time::Instant::now();
        loop {
            let queue = self.http.get(format!("{}/api/v1/queue", node.url)).send().await.expect("the node answers");
            let queue: Value = queue.json().await.expect("a queue is JSON");
            if queue["pending"] == 0 {
                return;
            }
            assert!(started.elapsed() < TIMEOUT, "still waiting: {queue}\n{}", node.words());
            tokio::time::sleep(POLL_EVERY).await;
        }
    }

    /// The position of the tenant's last event: the stock report is always complete to it.
    pub async fn head(&self) -> u64 {
        self.ask("/api/v1/reports/stock?product=none").await["complete_through"].as_u64().expect("a position")
    }

    /// A sales report that is complete to the tenant's head.
    pub async fn sales(&self, by: &str) -> Value {
        let head = self.head().await;
        let started = std::time::Instant::now();
        loop {
            let url = format!("{}/api/v1/reports/sales?by={by}&min_position={head}", self.central.url);
            let answer = self.http.get(&url).bearer_auth(&self.token).send().await.expect("central answers");
            let status = answer.status();
            let body: Value = answer.json().await.expect("a report is JSON");
            if status == StatusCode::OK {
                assert!(body["complete_through"].as_u64() >= Some(head), "{by}: complete to less than was asked");
                return body;
            }
            assert_eq!(body["code"], "POSITION_NOT_REACHED", "{body}");
            assert!(started.elapsed() < TIMEOUT, "the projection does not arrive at {head}: {body}");
        }
    }

    /// Posts JSON to a node, or to central as the administrator.
    pub async fn post(&self, url: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.http.post(url).json(body);
        let request = if node_key(url).is_some() { request } else { request.bearer_auth(&self.token) };
        let answer = request.send().await.expect("it answers");
        read(answer).await
    }
}

async fn read(answer: Response) -> (StatusCode, Value) {
    let status = answer.status();
    (status, answer.json().await.unwrap_or_default())
}

/// The text of a JSON string.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text is needed, got {value}")).to_owned()
}
