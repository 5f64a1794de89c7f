//! Processes of the released binary: central with its own Postgres, and nodes, which a test can kill and restart.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use comptoir_local::local_keys::{ADMIN_HEADER_FILE, key_in_header_file};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::log_hygiene::lines_with_secrets;
/// The administrator's key of each running node, by the node's base URL.
static NODE_KEYS: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// The administrator's key of the running node that a URL leads to.
pub fn node_key(url: &str) -> Option<String> {
    let authority = url.strip_prefix("http://")?.split('/').next()?;
    NODE_KEYS.lock().unwrap_or_else(PoisonError::into_inner).get(&format!("http://{authority}")).cloned()
}

/// How long a process may take to answer after its start.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// The path of the binary: next to the running program, or one folder up for a test, which runs in `deps`.
pub fn binary() -> PathBuf {
    let running = std::env::current_exe().expect("a running program has a path");
    let folder = running.parent().expect("a program is in a folder");
    let profile = if folder.ends_with("deps") { folder.parent().expect("deps is in a folder") } else { folder };
    let built = profile.join("comptoir");
    assert!(built.exists(), "{} is missing: cargo build --workspace --bins", built.display());
    built
}

/// The program, with the key of the node at this address, if one runs there.
pub fn command_for(url: &str) -> Command {
    let mut command = Command::new(binary());
    if let Some(key) = node_key(url) {
        command.env("COMPTOIR_TOKEN", key);
    }
    command
}

/// Runs a command to its end, with the key of the node that `--url` names. Returns its stdout as JSON, or its exit code and
/// output.
pub fn run_comptoir(args: &[&str], variables: &[(&str, &str)]) -> Result<Value, (i32, String)> {
    let url = args.iter().position(|arg| *arg == "--url").and_then(|at| args.get(at + 1));
    let mut command = command_for(url.copied().unwrap_or_default());
    command.args(args).arg("--json").envs(variables.iter().copied()).env("LC_ALL", "C");
    let output = command.output().expect("the binary starts");
    let stdout = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        Ok(serde_json::from_str(stdout.trim()).unwrap_or(Value::Null))
    } else {
        let words = format!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
        Err((output.status.code().unwrap_or(-1), words))
    }
}

/// Finds an unused loopback port.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// A child process that is killed on drop, so that a panicking test leaves no process behind.
#[derive(Debug)]
pub struct KilledOnDrop(pub Child);

impl KilledOnDrop {
    /// Sends SIGTERM, as a service manager does. Uses a system call, since a minimal Debian has no `kill` program.
    pub fn terminate(&self) {
        let pid = Pid::from_child(&self.0);
        kill_process(pid, Signal::TERM).expect("our own child can be asked to end");
    }

    /// Sends SIGKILL and waits for the end.
    pub fn kill(&mut self) {
        self.0.kill().expect("our own child can be killed");
        self.0.wait().expect("our own child can be waited for");
    }
}

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        // The test may have ended the process already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running `comptoir serve`.
pub struct RunningServer {
    /// The server's base URL.
    pub url: String,
    variables: Vec<(String, String)>,
    log: PathBuf,
    child: KilledOnDrop,
}

impl RunningServer {
    /// Starts central on a data folder. Its reports always wait for the latest figures, however busy the machine is.
    pub fn central(data_dir: &Path) -> RunningServer {
        RunningServer::start(data_dir, &[("APP_MODE", "central"), ("REPORT_WAIT_MS", "60000")])
    }

    /// Starts central on a data folder, with the default of each setting.
    pub fn central_with_defaults(data_dir: &Path) -> RunningServer {
        RunningServer::start(data_dir, &[("APP_MODE", "central")])
    }

    /// Starts a node on a data folder with the output of `comptoir admin node create`. It polls central's head every second,
    /// so that a test need not wait.
    pub fn node(data_dir: &Path, issued: &Value, central_url: &str) -> RunningServer {
        RunningServer::node_asking_every(1, data_dir, issued, central_url)
    }

    /// As [`RunningServer::node`], with another `SYNC_INTERVAL_SECONDS`.
    pub fn node_asking_every(seconds: u32, data_dir: &Path, issued: &Value, central_url: &str) -> RunningServer {
        let issued = |name: &str| issued[name].as_str().unwrap_or_else(|| panic!("{name} was not issued")).to_owned();
        let names = ["TENANT_ID", "SITE_ID", "NODE_ID", "SYNC_API_KEY"];
        let issued: Vec<(&str, String)> = names.into_iter().map(|name| (name, issued(name))).collect();
        let mut variables: Vec<(&str, &str)> = issued.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let seconds = seconds.to_string();
        let more = [("APP_MODE", "local"), ("CENTRAL_API_URL", central_url), ("SYNC_INTERVAL_SECONDS", &seconds)];
        variables.extend(more);
        RunningServer::start(data_dir, &variables)
    }

    /// As [`RunningServer::node`], with the key in a file.
    pub fn node_with_key_file(data_dir: &Path, issued: &Value, key_file: &Path, central_url: &str) -> RunningServer {
        let issued = |name: &str| issued[name].as_str().unwrap_or_else(|| panic!("{name} was not issued")).to_owned();
        let ids = ["TENANT_ID", "SITE_ID", "NODE_ID"].map(|name| (name, issued(name)));
        let key_file = key_file.display().to_string();
        let mut variables: Vec<(&str, &str)> = ids.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let more = [("APP_MODE", "local"), ("CENTRAL_API_URL", central_url), ("SYNC_INTERVAL_SECONDS", "1")];
        variables.extend(more);
        variables.push(("SYNC_API_KEY_FILE", &key_file));
        RunningServer::start(data_dir, &variables)
    }

    /// Starts a node without a central. The node survives a limit on file sizes, with which a test simulates a full disk.
    pub fn node_alone(data_dir: &Path) -> RunningServer {
        RunningServer::node_with(data_dir, &[("SYNC_ENABLED", "false")])
    }

    /// Starts a node that no central knows, with these settings.
    pub fn node_with(data_dir: &Path, settings: &[(&str, &str)]) -> RunningServer {
        let ids = ["TENANT_ID", "SITE_ID", "NODE_ID"].map(|name| (name, uuid::Uuid::from_u128(7).to_string()));
        let mut variables: Vec<(&str, &str)> = ids.iter().map(|(name, id)| (*name, id.as_str())).collect();
        variables.push(("APP_MODE", "local"));
        variables.extend(settings);
        RunningServer::start(data_dir, &variables)
    }

    /// Starts a server with these settings, on a free loopback port.
    pub fn start(data_dir: &Path, variables: &[(&str, &str)]) -> RunningServer {
        std::fs::create_dir_all(data_dir).expect("the folder can be made");
        let address = format!("127.0.0.1:{}", free_port());
        let mut variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        variables.push(("LISTEN_ADDR".to_owned(), address.clone()));
        variables.push(("DATA_DIR".to_owned(), data_dir.display().to_string()));
        let log = data_dir.with_extension("log");
        let child = spawn(&variables, &log);
        let mut server = RunningServer { url: format!("http://{address}"), variables, log, child };
        server.wait_until_ready();
        let key = key_in_header_file(&data_dir.join(ADMIN_HEADER_FILE)).expect("the file can be read");
        let mut keys = NODE_KEYS.lock().unwrap_or_else(PoisonError::into_inner);
        match key {
            Some(key) => keys.insert(server.url.clone(), key),
            None => keys.remove(&server.url),
        };
        drop(keys);
        server
    }

    /// Kills the server, as a power failure would, and restarts it at the same address.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.child = spawn(&self.variables, &self.log);
        self.wait_until_ready();
    }

    /// Sends SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill();
    }

    /// Sends SIGTERM and waits for the end, by which central has stopped its Postgres.
    pub fn stop(&mut self) {
        self.child.terminate();
        self.child.0.wait().expect("our own child can be waited for");
    }

    /// Restarts the server after [`Self::kill`] or [`Self::stop`].
    pub fn start_again(&mut self) {
        self.child = spawn(&self.variables, &self.log);
        self.wait_until_ready();
    }

    fn wait_until_ready(&mut self) {
        let started = Instant::now();
        let address = self.url.trim_start_matches("http://").to_owned();
        while std::net::TcpStream::connect(&address).is_err() {
            let ended = self.child.0.try_wait().expect("our own child can be asked");
            assert!(ended.is_none(), "it ended ({ended:?}):\n{}", self.words());
            assert!(started.elapsed() < READY_WITHIN, "it does not listen:\n{}", self.words());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The administrator's key of a node.
    pub fn key(&self) -> String {
        node_key(&self.url).expect("the server is a node")
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// The memory that the process has in RAM now, in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the process runs");
        let line =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux shows the resident memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// A counter of `/metrics`; 0 where it is absent.
    pub async fn metric(&self, name: &str) -> u64 {
        let text = reqwest::get(format!("{}/metrics", self.url)).await.expect("the server answers");
        let text = text.text().await.expect("counters are text");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse().expect("a number"))
    }

    /// The output so far.
    pub fn words(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// Settings whose values are secrets.
const SECRET_SETTINGS: [&str; 2] = ["SYNC_API_KEY", "DATABASE_URL"];

impl Drop for RunningServer {
    /// Fails the test of a server that logged a secret.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let secrets = self.variables.iter().filter(|(name, _)| SECRET_SETTINGS.contains(&name.as_str()));
        let secrets: Vec<&str> = secrets.map(|(_, value)| value.as_str()).collect();
        let words = self.words();
        let found = lines_with_secrets(&words, &secrets);
        assert!(found.is_empty(), "the log has secrets:\n{}", found.join("\n"));
    }
}

fn spawn(variables: &[(String, String)], log: &Path) -> KilledOnDrop {
    let log = std::fs::File::options().create(true).append(true).open(log).expect("the log can be written to");
    // A session of its own, as a service manager gives each server: Linux divides processor time among sessions first. The
    // program becomes the server, under the same process id.
    let mut command = Command::new("setsid");
    command.arg(binary()).arg("serve").env_clear().envs(std::env::vars().filter(|(name, _)| name == "PATH"));
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    KilledOnDrop(command.spawn().expect("the binary starts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeping() -> KilledOnDrop {
        KilledOnDrop(Command::new("sleep").arg("600").spawn().unwrap())
    }

    #[test]
    fn a_test_that_panics_leaves_no_process_behind() {
        let (sender, pid) = std::sync::mpsc::channel();
        let panicking = std::thread::spawn(move || {
            let child = sleeping();
            sender.send(child.0.id()).unwrap();
            panic!("as a failed assertion does");
        });
        let process = PathBuf::from(format!("/proc/{}", pid.recv().unwrap()));
        assert!(panicking.join().is_err());
        assert!(!process.exists(), "{} still runs", process.display());
    }

    #[test]
    fn a_child_is_asked_to_end_by_sigterm() {
        use std::os::unix::process::ExitStatusExt as _;
        let mut child = sleeping();
        child.terminate();
        assert_eq!(child.0.wait().unwrap().signal(), Some(15));
    }
}
