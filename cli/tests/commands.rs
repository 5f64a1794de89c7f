//! The program as a script sees it: its output and its exit codes.

use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use comptoir::exit;
use rustix::process::{Pid, Signal, kill_process};

fn comptoir(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comptoir"));
    command.args(arguments).env_clear().envs(variables.iter().copied()).output().unwrap()
}

fn code(output: &Output) -> u8 {
    u8::try_from(output.status.code().expect("it ends by itself")).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A loopback address where nobody listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn given(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn an_unreachable_node_is_unavailable_with_the_reason_in_json() {
    let output = comptoir(&["--json", "status", "--url", &nobody()], &[]);
    assert_eq!(code(&output), exit::UNAVAILABLE);
    let line: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(line["exit_code"], exit::UNAVAILABLE);
    assert!(line["error"].as_str().unwrap().contains("refused"), "{line}");
    assert!(output.stdout.is_empty());
}

#[test]
fn an_invalid_command_line_ends_with_usage() {
    assert_eq!(code(&comptoir(&["import"], &[])), exit::USAGE);
    assert_eq!(code(&comptoir(&["status", "--url", "shop"], &[])), exit::USAGE);
    assert_eq!(code(&comptoir(&["status", "--url", "ftp://shop"], &[])), exit::USAGE);
    let output = comptoir(&["import", "/no/such/file.csv", "--map", "/no/such/map.toml"], &[]);
    assert_eq!(code(&output), exit::USAGE);
    assert!(stderr(&output).contains("/no/such/map.toml"), "{}", stderr(&output));
}

#[test]
fn an_import_without_a_node_says_how_to_resume() {
    let folder = tempfile::tempdir().unwrap();
    let map = "name = \"n\"\nrows = { group_by = \"id\" }\nfields = { id = { column = \"id\" } }\n\
               [[events]]\nentity_type = \"STUDENT\"\naction = \"CREATE\"\nentity_id = \"id\"\npayload = { id = \"id\" }\n";
    let map = given(folder.path(), "map.toml", map);
    let rows = given(folder.path(), "rows.csv", "id\n1\n");
    let output = comptoir(&["import", &rows, "--map", &map, "--url", &nobody(), "--give-up-after", "0"], &[]);
    assert_eq!(code(&output), exit::UNAVAILABLE);
    assert!(stderr(&output).contains("Start the same command again"), "{}", stderr(&output));
}

#[test]
fn doctor_names_what_is_wrong_in_english_whatever_the_locale() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().to_str().unwrap();
    let path = ("PATH", "/usr/bin:/bin");
    let fine = comptoir(&["doctor", "--data-dir", data_dir], &[path]);
    assert_eq!(code(&fine), exit::OK, "{}", stderr(&fine));
    let wrong = comptoir(&["doctor", "--data-dir", data_dir, "--url", &nobody()], &[path, ("LANG", "fr_FR.UTF-8")]);
    assert_eq!(code(&wrong), exit::FOUND);
    let text = String::from_utf8(wrong.stdout).unwrap();
    assert!(text.contains("WRONG  Node"), "{text}");
}

#[test]
fn help_has_the_exit_codes_and_an_example_for_every_command() {
    let help = |command: &[&str]| {
        let output = comptoir(command, &[]);
        assert_eq!(code(&output), exit::OK);
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(help(&["--help"]).contains("Exit codes:"));
    for command in
        [&["import"][..], &["status"], &["doctor"], &["completions"], &["events", "tail"], &["events", "show"]]
    {
        assert!(help(&[command, &["--help"]].concat()).contains("Example"), "{command:?}");
    }
}

/// A node's process, killed on drop, so that a panicking test leaves none behind.
struct NodeProcess(Child);

impl NodeProcess {
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        // The test may have ended it already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The folder in which a command finds the node's key.
fn of_node(folder: &Path) -> [(&str, &str); 1] {
    [("DATA_DIR", folder.to_str().unwrap())]
}

/// The administrator's key as a header.
fn key_line(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("admin.header")).unwrap().trim_end().to_owned()
}

/// A node without synchronisation, and its log lines.
fn node(folder: &Path, url: &str) -> (NodeProcess, Lines<BufReader<ChildStderr>>) {
    let id = "018f0000-0000-7000-8000-0000000000b1";
    let settings = [
        ("APP_MODE", "local"),
        ("LISTEN_ADDR", url.trim_start_matches("http://")),
        ("DATA_DIR", folder.to_str().unwrap()),
        ("SYNC_ENABLED", "false"),
        ("TENANT_ID", id),
        ("SITE_ID", id),
        ("NODE_ID", id),
    ];
    let mut command = Command::new(env!("CARGO_BIN_EXE_comptoir"));
    let command = command.arg("serve").env_clear().envs(settings).stderr(Stdio::piped());
    let mut node = NodeProcess(command.spawn().unwrap());
    let mut log = BufReader::new(node.0.stderr.take().unwrap()).lines();
    assert!(log.any(|line| line.unwrap().contains("The node listens")));
    (node, log)
}

#[test]
fn a_file_that_cannot_be_written_is_usage_or_unavailable() {
    let (folder, url) = (tempfile::tempdir().unwrap(), nobody());
    let (node, _log) = node(folder.path(), &url);
    let variables = of_node(folder.path());
    let export =
        |out: &Path| comptoir(&["events", "export", "--url", &url, "--out", out.to_str().unwrap()], &variables);
    let nowhere = export(Path::new("/no/such/folder/shop.bundle"));
    let outs = tempfile::tempdir().unwrap();
    let (a_folder, full) = (outs.path().join("folder"), outs.path().join("full.bundle"));
    std::fs::create_dir(&a_folder).unwrap();
    let into_a_folder = export(&a_folder);
    // The temporary file of the export is on a full disk.
    std::os::unix::fs::symlink("/dev/full", outs.path().join("full.bundle.part")).unwrap();
    let without_room = export(&full);
    node.kill();
    assert_eq!(code(&nowhere), exit::USAGE, "{}", stderr(&nowhere));
    assert_eq!(code(&into_a_folder), exit::USAGE, "{}", stderr(&into_a_folder));
    assert_eq!(code(&without_room), exit::UNAVAILABLE, "{}", stderr(&without_room));
    let left: Vec<_> = std::fs::read_dir(outs.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["folder"], "no half of a log stays");
}

/// The payload is nested as deeply as is allowed, and even deeper within a page of events.
#[test]
fn an_event_of_any_depth_is_shown() {
    let (folder, url) = (tempfile::tempdir().unwrap(), nobody());
    let (node, _log) = node(folder.path(), &url);
    let id = "0199aaaa-0000-7000-8000-000000000001";
    let deep = format!("{}{}", "[".repeat(126), "]".repeat(126));
    let draft = |id: &str, action: &str, payload: &str| {
        let about = r#""entity_type":"STUDENT","entity_id":"s-1""#;
        format!(r#"{{"id":"{id}",{about},"action":"{action}","payload":{payload}}}"#)
    };
    let made = draft("0199aaaa-0000-7000-8000-000000000002", "CREATE", "{}");
    let list = format!("[{made},{}]", draft(id, "DELETE", &format!(r#"{{"a":{deep}}}"#)));
    let mut caller = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let head = "POST /api/v1/events HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json";
    let key = key_line(folder.path());
    write!(caller, "{head}\r\n{key}\r\ncontent-length: {}\r\n\r\n{list}", list.len()).unwrap();
    let mut answer = String::new();
    caller.read_to_string(&mut answer).unwrap();
    let shown = [["events", "tail"].as_slice(), &["events", "tail", "--json"], &["events", "show", id]]
        .map(|command| comptoir(&[command, &["--url", &url]].concat(), &of_node(folder.path())));
    node.kill();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for output in shown {
        assert_eq!(code(&output), exit::OK, "{}", stderr(&output));
        assert!(String::from_utf8(output.stdout).unwrap().contains(id));
    }
}

/// An operator needs only one command to see that nothing moves, and why.
#[test]
fn status_tells_people_why_nothing_moves_and_prints_the_queue_as_json() {
    let (folder, url) = (tempfile::tempdir().unwrap(), nobody());
    let (node, _log) = node(folder.path(), &url);
    let person = comptoir(&["status", "--url", &url], &[of_node(folder.path())[0], ("LANG", "fr_FR.UTF-8")]);
    let program = comptoir(&["status", "--url", &url, "--json"], &of_node(folder.path()));
    node.kill();
    let text = String::from_utf8(person.stdout).unwrap();
    assert!(text.contains("off (SYNC_ENABLED=false)\nWhat to do: docs/operating/node.md"), "{text}");
    let line: serde_json::Value = serde_json::from_slice(&program.stdout).unwrap();
    let queue = serde_json::json!({"pending": 0, "oldest_age_seconds": null, "to_review": 0, "last_success_at": null});
    assert_eq!(line, queue);
}

/// A service manager would start it again and again.
#[test]
fn a_changed_node_identity_ends_with_usage() {
    let (folder, url) = (tempfile::tempdir().unwrap(), nobody());
    let (node, _log) = node(folder.path(), &url);
    node.kill();
    let settings = [
        ("APP_MODE", "local"),
        ("DATA_DIR", folder.path().to_str().unwrap()),
        ("SYNC_ENABLED", "false"),
        ("TENANT_ID", "018f0000-0000-7000-8000-0000000000b1"),
        ("SITE_ID", "018f0000-0000-7000-8000-0000000000b1"),
        ("NODE_ID", "018f0000-0000-7000-8000-0000000000b2"),
    ];
    let output = comptoir(&["serve"], &settings);
    assert_eq!(code(&output), exit::USAGE, "{}", stderr(&output));
    assert!(stderr(&output).contains("NODE_ID was 018f0000-0000-7000-8000-0000000000b1"), "{}", stderr(&output));
}

/// A screen that follows a node must not keep it from stopping: its stream never ends by itself.
#[test]
fn a_stopped_node_ends_its_streams_without_cutting_connections() {
    let (folder, url) = (tempfile::tempdir().unwrap(), nobody());
    let (mut node, log) = node(folder.path(), &url);
    let mut screen = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let key = key_line(folder.path());
    write!(screen, "GET /api/v1/stream HTTP/1.1\r\nhost: localhost\r\n{key}\r\n\r\n").unwrap();
    let mut begun = [0; 1];
    screen.read_exact(&mut begun).unwrap();
    kill_process(Pid::from_child(&node.0), Signal::TERM).unwrap();
    let mut rest = String::new();
    screen.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "the stream ends as a stream does: {rest:?}");
    assert_eq!(node.0.wait().unwrap().code(), Some(0));
    let cut: Vec<_> = log.map_while(Result::ok).filter(|line| line.contains("cut off")).collect();
    assert_eq!(cut, Vec::<String>::new());
}

#[test]
fn a_test_that_panics_leaves_no_node_running() {
    let (folder, url) = (tempfile::tempdir().unwrap(), nobody());
    let (path, address) = (folder.path().to_owned(), url.clone());
    let panicking = std::thread::spawn(move || {
        let (_node, _log) = node(&path, &address);
        panic!("as a failed assertion does");
    });
    assert!(panicking.join().is_err());
    assert!(TcpStream::connect(url.trim_start_matches("http://")).is_err(), "the node still listens");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(file.file_name());
        if file.path().is_dir() { copy(&file.path(), &to) } else { std::fs::copy(file.path(), to).map(|_| ()).unwrap() }
    }
}

/// Records this many notes.
fn record(data: &Path, folder: &Path, url: &str, count: usize, name: &str) {
    let rows: String = (0..count).map(|number| format!("{name}{number}\n")).collect();
    let map = "name = \"n\"\nrows = { group_by = \"id\" }\nfields = { id = { column = \"id\" } }\n\
               [[events]]\nentity_type = \"NOTE\"\naction = \"CREATE\"\nentity_id = \"id\"\npayload = { text = \"id\" }\n";
    let (map, rows) = (given(folder, "map.toml", map), given(folder, "rows.csv", &format!("id\n{rows}")));
    let output = comptoir(&["import", &rows, "--map", &map, "--url", url], &of_node(data));
    assert_eq!(code(&output), exit::OK, "{}", stderr(&output));
}

fn stop(mut node: NodeProcess) {
    kill_process(Pid::from_child(&node.0), Signal::TERM).unwrap();
    assert_eq!(node.0.wait().unwrap().code(), Some(0));
}

/// A drive that lost flushed records is detected at the next start, because SIGTERM writes the mark. The rest is never
/// exported as if it were the whole log.
#[test]
fn a_node_whose_drive_lost_records_names_them_and_exports_no_short_log() {
    let (folder, url) = (tempfile::tempdir().unwrap(), nobody());
    let (data, files) = (folder.path().join("data"), tempfile::tempdir().unwrap());
    let (running, _log) = node(&data, &url);
    record(&data, files.path(), &url, 20, "a");
    stop(running);
    let (store, kept) = (data.join("node").join("log"), files.path().join("log"));
    copy(&store, &kept);
    let (running, _log) = node(&data, &url);
    record(&data, files.path(), &url, 10, "b");
    stop(running);
    std::fs::remove_dir_all(&store).unwrap();
    copy(&kept, &store);

    let (running, _log) = node(&data, &url);
    let bundle = files.path().join("shop.bundle");
    let bundle = bundle.to_str().unwrap();
    let refused = comptoir(&["events", "export", "--url", &url, "--out", bundle], &of_node(&data));
    let rescued = comptoir(&["events", "export", "--url", &url, "--incomplete", "--out", bundle], &of_node(&data));
    let verified = comptoir(&["audit", "verify", bundle], &[("LANG", "C")]);
    stop(running);
    assert_eq!(code(&refused), exit::REFUSED, "{}", stderr(&refused));
    assert!(stderr(&refused).contains("LOG_DAMAGED"), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("up to seq 31, found them up to 21"), "{}", stderr(&refused));
    assert_eq!(code(&rescued), exit::FOUND, "{}", stderr(&rescued));
    assert_ne!(code(&verified), exit::OK);
    let text = String::from_utf8(verified.stdout).unwrap();
    assert!(text.contains("seq 22 to 31 are missing"), "{text}");
}

#[test]
fn a_damaged_store_is_reported_with_its_directory_and_the_helping_page() {
    let (folder, url) = (tempfile::tempdir().unwrap(), nobody());
    let (running, _log) = node(folder.path(), &url);
    stop(running);
    let store = folder.path().join("node").join("log");
    let files = std::fs::read_dir(&store).unwrap().map(|file| file.unwrap().path());
    let snapshot = files.into_iter().find(|path| path.to_str().unwrap().contains("snap.")).unwrap();
    let mut bytes = std::fs::read(&snapshot).unwrap();
    bytes[3] ^= 1;
    std::fs::write(&snapshot, bytes).unwrap();
    let id = "018f0000-0000-7000-8000-0000000000b1";
    let settings = [
        ("APP_MODE", "local"),
        ("LISTEN_ADDR", url.trim_start_matches("http://")),
        ("DATA_DIR", folder.path().to_str().unwrap()),
        ("SYNC_ENABLED", "false"),
        ("TENANT_ID", id),
        ("SITE_ID", id),
        ("NODE_ID", id),
    ];
    let output = comptoir(&["serve"], &settings);
    assert_eq!(code(&output), exit::UNAVAILABLE);
    let text = stderr(&output);
    for word in ["LOG_DAMAGED", store.to_str().unwrap(), "is damaged", "docs/operating/node.md"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

/// A server that answers an export with `body` and announces `announced` bytes, and whose readiness reports damage.
fn cut_short(body: Vec<u8>, announced: usize) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for caller in listener.incoming().flatten() {
            let mut request = String::new();
            let mut caller = BufReader::new(caller);
            while caller.read_line(&mut request).is_ok_and(|read| read > 2) {}
            let mut caller = caller.into_inner();
            let answer = match request.contains("/readyz") {
                true => {
                    let problem = r#"{"code":"STORE_DAMAGED","status":503,"title":"t","detail":"rows are gone","retryable":true}"#;
                    let length = problem.len();
                    format!("HTTP/1.1 503 x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{problem}")
                        .into_bytes()
                }
                false => {
                    let head = format!("HTTP/1.1 200 x\r\nconnection: close\r\ncontent-length: {announced}\r\n\r\n");
                    [head.as_bytes(), &body].concat()
                }
            };
            caller.write_all(&answer).unwrap();
        }
    });
    url
}

#[test]
fn a_broken_export_names_the_last_record_and_leaves_no_file() {
    use comptoir_core::chain::ChainHash;
    use comptoir_core::id::{NodeId, TenantId};
    use comptoir_core::position::{Epoch, Seq};
    use comptoir_proto::bundle_v1::{EpochStart, NodeBundleWriter};

    let (tenant, node) = (TenantId::from_bytes([1; 16]), NodeId::from_bytes([2; 16]));
    let mut bundle = NodeBundleWriter::start(Vec::new(), tenant, node).unwrap();
    let chain = ChainHash([0; 32]);
    bundle.epoch(EpochStart { epoch: Epoch { number: 1, id: Default::default() }, after: Seq::ZERO, chain }).unwrap();
    for record in [b"one", b"two"] {
        bundle.record(record, chain).unwrap();
    }
    let mut cut = bundle.finish().unwrap();
    // The end frame is missing.
    cut.truncate(cut.len() - 93);
    let outs = tempfile::tempdir().unwrap();
    for announced in [cut.len(), cut.len() + 1_000] {
        let url = cut_short(cut.clone(), announced);
        let out = outs.path().join("shop.bundle");
        let output = comptoir(&["events", "export", "--url", &url, "--out", out.to_str().unwrap()], &[]);
        let words = stderr(&output);
        assert_eq!(code(&output), exit::FOUND, "{words}");
        for part in ["broke off", "epoch 1, seq 2", "STORE_DAMAGED: rows are gone", "Nothing of it was kept"] {
            assert!(words.contains(part), "{part}: {words}");
        }
        assert_eq!(std::fs::read_dir(outs.path()).unwrap().count(), 0, "nothing is left");
    }
}
