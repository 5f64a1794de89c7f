//! Tests of the module's promises with a real server.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::cluster::Cluster;
use super::{ADMIN_ROLE, PostgresConfig, PostgresError, RunningServer, scratch};

/// Passes the data directory to the copy of this test that acts as the parent process.
const PARENT: &str = "COMPTOIR_TEST_POSTGRES_PARENT";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_is_there_after_a_stop_a_kill_and_a_stale_pid_file() {
    let (_folder, data_dir) = data_dir();
    let running = scratch(&data_dir).unwrap();
    one_row(&running, "create table kept as select 'yes'::text as kept").await;
    let second = scratch(&data_dir);
    assert!(matches!(second, Err(PostgresError::Locked(_))), "two processes on one directory: {second:?}");
    kill(running.pid().unwrap());
    drop(running);
    // The process id now belongs to another living process.
    fs::write(data_dir.join("pg/postmaster.pid"), format!("{}\n", std::process::id())).unwrap();

    let running = scratch(&data_dir).unwrap();
    assert_eq!(one_row(&running, "select kept from kept").await.as_deref(), Some("yes"));
    assert_eq!(one_row(&running, "select setting from pg_settings where name = 'fsync'").await.as_deref(), Some("on"));
    let pid = running.pid().unwrap();
    running.stop();
    assert!(!alive(pid), "stopped with us");
    fs::write(data_dir.join("pg/postmaster.pid"), "").unwrap();

    let running = scratch(&data_dir).unwrap();
    assert_eq!(one_row(&running, "select kept from kept").await.as_deref(), Some("yes"));
    assert!(data_dir.join("postgres.log").metadata().unwrap().len() > 0, "its log is kept");
}

#[tokio::test]
async fn nobody_reaches_it_over_the_network_or_as_an_unknown_role() {
    let (_folder, data_dir) = data_dir();
    let running = scratch(&data_dir).unwrap();
    assert_eq!(one_row(&running, "show listen_addresses").await.as_deref(), Some(""));
    let stranger = running.connection_string("stranger", "postgres");
    let refused =
        tokio_postgres::connect(&stranger, tokio_postgres::NoTls).await.err().expect("no such role is mapped");
    assert_eq!(
        refused.code(),
        Some(&tokio_postgres::error::SqlState::INVALID_AUTHORIZATION_SPECIFICATION),
        "{refused}"
    );
}

#[test]
fn a_server_that_an_earlier_run_left_behind_is_stopped_before_a_new_one_starts() {
    let (_folder, data_dir) = data_dir();
    scratch(&data_dir).unwrap().stop();
    let cluster = Cluster::prepare(&PostgresConfig::new(&data_dir)).unwrap();
    let mut orphan = cluster.command("postgres").unwrap();
    let orphan = orphan.arg("-D").arg(&cluster.pg).arg("-k").arg(&cluster.run).args(["-h", ""]);
    let mut orphan = orphan.spawn().unwrap();
    wait_for("the orphan's pid file", || cluster.pg.join("postmaster.pid").exists());

    // Its parent must reap it, or it stays a zombie; init does this for an orphan.
    let reaper = std::thread::spawn(move || orphan.wait().unwrap());
    let running = scratch(&data_dir).unwrap();
    reaper.join().unwrap();
    assert!(alive(running.pid().unwrap()));
}

#[test]
fn a_parent_that_is_killed_leaves_no_server_behind() {
    if let Some(data_dir) = std::env::var_os(PARENT) {
        let running = scratch(Path::new(&data_dir)).unwrap();
        println!("\npid {}", running.pid().unwrap());
        loop {
            std::thread::park();
        }
    }
    let (_folder, data_dir) = data_dir();
    let name = "private_postgres::tests::a_parent_that_is_killed_leaves_no_server_behind";
    let mut parent = Command::new(std::env::current_exe().unwrap());
    let parent = parent.args(["--exact", name, "--nocapture"]).env(PARENT, &data_dir).stdout(Stdio::piped());
    let mut parent = parent.spawn().unwrap();
    let lines = BufReader::new(parent.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut pids = lines.filter_map(|line| line.strip_prefix("pid ")?.parse::<i32>().ok());
    let server = pids.next().expect("the parent says its server's pid");
    assert!(alive(server));

    parent.kill().unwrap();
    parent.wait().unwrap();
    wait_for("the server's end", || !alive(server));
}

#[test]
fn a_long_data_directory_gets_a_short_socket() {
    let (_folder, data_dir) = data_dir();
    let long = data_dir.join("d".repeat(120));
    let running = scratch(&long).unwrap();
    assert!(running.socket_dir().as_os_str().len() < 80, "{}", running.socket_dir().display());
    let socket_dir = running.socket_dir().to_owned();
    running.stop();
    fs::remove_dir_all(socket_dir).unwrap();
}

#[test]
fn without_a_server_the_error_names_the_package_to_install() {
    let (_folder, data_dir) = data_dir();
    let config = PostgresConfig { binaries: Some(data_dir.clone()), ..PostgresConfig::new(&data_dir) };
    let error = super::start(&config).expect_err("there is no server in an empty folder");
    assert!(error.to_string().contains("apt-get install postgresql"), "{error}");
}

/// A folder that the server's account can enter, and the folder to remove at the end.
fn data_dir() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let data_dir = folder.path().join("data");
    fs::create_dir(&data_dir).unwrap();
    (folder, data_dir)
}

async fn one_row(running: &RunningServer, sql: &str) -> Option<String> {
    let text = running.connection_string(ADMIN_ROLE, "postgres");
    let (client, connection) = tokio_postgres::connect(&text, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let row = client.query_opt(sql, &[]).await.unwrap();
    let value = row.and_then(|row| row.try_get::<_, Option<String>>(0).ok().flatten());
    drop(client);
    connection.await.unwrap().unwrap();
    value
}

fn kill(pid: i32) {
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

fn alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// Polls until `done`; the time limit makes a defect fail instead of hang.
fn wait_for(what: &str, done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what} did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}
