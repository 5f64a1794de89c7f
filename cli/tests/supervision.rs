//! A server whose parts fail: they are restarted, or the process ends with exit code 70 so that its own supervisor acts.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use comptoir::exit;
use comptoir_test_support::processes::KilledOnDrop;
use comptoir_test_support::temp_folder;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// Timeout for the slowest step on a busy machine. A test fails after it and measures nothing.
const PATIENCE: Duration = Duration::from_secs(180);

fn start(arguments: &[&str], settings: &[(&str, &str)]) -> KilledOnDrop {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comptoir"));
    command.args(arguments).env_clear().envs(std::env::vars().filter(|(name, _)| name == "PATH"));
    let command = command.envs(settings.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
    KilledOnDrop(command.spawn().unwrap())
}

fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn signal(pid: &str, signal: Signal) {
    let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

fn postmaster(data_dir: &Path) -> Option<String> {
    let file = std::fs::read_to_string(data_dir.join("pg/postmaster.pid")).ok()?;
    file.lines().next().map(str::to_owned)
}

/// Asks until the answer is as wanted.
async fn until<F: Future<Output = reqwest::Result<reqwest::Response>>>(
    mut ask: impl FnMut() -> F,
    wanted: impl Fn(u16, &Value) -> bool,
) -> Value {
    let started = Instant::now();
    let mut last = Value::Null;
    while started.elapsed() < PATIENCE {
        if let Ok(answer) = ask().await {
            let status = answer.status().as_u16();
            last = answer.json().await.unwrap_or_default();
            if wanted(status, &last) {
                return last;
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("that answer never came; the last was {last}")
}

fn client(number: u64) -> Value {
    let id = format!("0199aaaa-0000-7000-8000-{number:012}");
    json!({"id": id, "entity_id": id, "fields": {"name": "Dupont", "note": "x".repeat(2_000)}})
}

/// `comptoir up` on free ports, without the sample.
struct Up {
    process: KilledOnDrop,
    folder: tempfile::TempDir,
    http: reqwest::Client,
    file: Value,
}

impl Up {
    fn start() -> Up {
        let folder = temp_folder();
        let data_dir = folder.path().to_str().unwrap().to_owned();
        let arguments = ["--json", "up", "--no-sample", "--central-addr", "127.0.0.1:0", "--local-addr", "127.0.0.1:0"];
        let mut process = start(&arguments, &[("DATA_DIR", &data_dir)]);
        let mut line = String::new();
        BufReader::new(process.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        // Nobody reads its warnings; a full pipe would hold it up.
        let mut stderr = process.0.stderr.take().unwrap();
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        let file = serde_json::from_slice(&std::fs::read(folder.path().join("up.json")).unwrap()).unwrap();
        Up { process, folder, http: reqwest::Client::new(), file }
    }

    fn url(&self, server: &str, path: &str) -> String {
        format!("{}{path}", self.file[server].as_str().unwrap())
    }

    /// A client for the node.
    fn post(&self, number: u64) -> reqwest::RequestBuilder {
        let post = self.http.post(self.url("local_url", "/api/v1/clients")).json(&client(number));
        post.bearer_auth(self.file["local_key"].as_str().unwrap())
    }

    /// Records a client at the node, as soon as it takes one.
    async fn record(&self, number: u64) {
        let post = || self.post(number).send();
        until(post, |status, _| status < 300).await;
    }

    /// Waits until central shows a client.
    async fn arrives(&self, number: u64) {
        let path = format!("/api/v1/clients/{}", client(number)["id"].as_str().unwrap());
        let token = self.file["admin_token"].as_str().unwrap();
        let get = || self.http.get(self.url("central_url", &path)).bearer_auth(token).send();
        until(get, |status, _| status == 200).await;
    }

    /// Ends it as a person does.
    fn stop(mut self) {
        signal(&self.process.0.id().to_string(), Signal::TERM);
        assert_eq!(self.process.0.wait().unwrap().code(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_restarts_a_killed_postgres_and_events_recorded_meanwhile_arrive() {
    let up = Up::start();
    up.record(1).await;
    up.arrives(1).await;
    let killed = postmaster(up.folder.path()).unwrap();
    signal(&killed, Signal::KILL);
    let ready = || up.http.get(up.url("central_url", "/readyz")).send();
    until(ready, |status, body| status == 503 && body["code"] == "STORE_RESTARTING").await;
    up.record(2).await;
    until(ready, |status, _| status == 200).await;
    assert_ne!(postmaster(up.folder.path()), Some(killed));
    up.arrives(2).await;
    up.stop();
}

/// Every write of the process fails for a while, as on a broken disk, so that its log fails and is opened again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_restarts_a_node_whose_log_failed() {
    let up = Up::start();
    up.record(1).await;
    let pid = up.process.0.id().to_string();
    let limit = |bytes: &str| {
        let mut command = Command::new("prlimit");
        let command = command.args(["--pid", &pid]).arg(format!("--fsize={bytes}:unlimited"));
        assert!(command.status().unwrap().success(), "prlimit is part of util-linux");
    };
    limit("0");
    let post = || up.post(2).send();
    until(post, |status, body| status == 503 && body["code"] == "LOG_READ_ONLY").await;
    limit("unlimited");
    up.record(3).await;
    up.arrives(1).await;
    up.arrives(3).await;
    up.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_central_whose_postgres_fails_for_good_ends_with_70_and_the_reason() {
    let (folder, address) = (temp_folder(), free_address());
    let data_dir = folder.path().to_str().unwrap();
    let settings =
        [("APP_MODE", "central"), ("DATA_DIR", data_dir), ("LISTEN_ADDR", address.as_str()), ("RESTARTS_MAX", "2")];
    let mut central = start(&["serve"], &settings);
    let mut stderr = central.0.stderr.take().unwrap();
    let words = std::thread::spawn(move || {
        let mut words = String::new();
        stderr.read_to_string(&mut words).map(|_| words)
    });
    let http = reqwest::Client::new();
    until(|| http.get(format!("http://{address}/readyz")).send(), |status, _| status == 200).await;
    let control = folder.path().join("pg/global/pg_control");
    std::fs::rename(&control, folder.path().join("pg/global/away")).unwrap();
    signal(&postmaster(folder.path()).unwrap(), Signal::KILL);
    let code = tokio::task::spawn_blocking(move || central.0.wait().unwrap().code()).await.unwrap();
    let words = words.join().unwrap().unwrap();
    assert_eq!(code, Some(i32::from(exit::INTERNAL)), "{words}");
    assert!(words.contains("Postgres does not come back after 2 restarts"), "{words}");
    assert!(words.contains("pg_control"), "the reason is Postgres's own: {words}");
    // Nothing was created in its place, so a person can repair it.
    assert!(!control.exists());
}

/// A server that somebody else administers, and its administrator's login.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_external_server_is_prepared_by_the_command_in_its_error() {
    let (folder, address) = (temp_folder(), free_address());
    let server = comptoir_central::private_postgres::scratch(&folder.path().join("server")).unwrap();
    let admin_url = server.connection_string("comptoir_admin", "postgres");
    let (admin, connection) = tokio_postgres::connect(&admin_url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    std::fs::write(folder.path().join("server/pg/pg_hba.conf"), "local all all trust\n").unwrap();
    admin.batch_execute("select pg_reload_conf()").await.unwrap();
    let url = server.connection_string("shop", "books");
    let migrate = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_comptoir"));
        let output = command.arg("migrate").args(more).env("DATABASE_URL", &url).env("LC_ALL", "C").output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let prepare = ["--create-roles", "--admin-url", &admin_url];

    let (code, words) = migrate(&prepare);
    assert_eq!(code, i32::from(exit::USAGE), "{words}");
    assert!(words.contains("create role \"shop\" login"), "{words}");
    // An existing database is given to its owner; a missing one is created.
    for statement in ["create role shop login", "create database books"] {
        admin.batch_execute(statement).await.unwrap();
    }
    let (code, words) = migrate(&[]);
    assert_eq!(code, i32::from(exit::UNAVAILABLE), "{words}");
    assert!(words.contains("comptoir migrate --create-roles --admin-url"), "{words}");
    for _ in 0..2 {
        let (code, words) = migrate(&prepare);
        assert_eq!(code, i32::from(exit::OK), "{words}");
    }
    let settings = [("APP_MODE", "central"), ("DATABASE_URL", url.as_str()), ("LISTEN_ADDR", address.as_str())];
    let _central = start(&["serve"], &settings);
    let http = reqwest::Client::new();
    until(|| http.get(format!("http://{address}/readyz")).send(), |status, _| status == 200).await;
}
