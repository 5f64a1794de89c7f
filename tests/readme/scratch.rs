//! A clone, as the README's commands need it: a folder with `target/release/comptoir`, in which `comptoir up` runs on free
//! ports.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use comptoir_test_support::processes::{binary, free_port};
use comptoir_test_support::temp_folder;
use serde_json::Value;

const READY_WITHIN: Duration = Duration::from_secs(180);

/// The folder and its running process.
pub(crate) struct Scratch {
    folder: tempfile::TempDir,
    ports: [u16; 2],
    up: Option<Child>,
}

impl Scratch {
    /// A folder in which nothing runs yet.
    pub(crate) fn new() -> Scratch {
        let folder = temp_folder();
        let release = folder.path().join("target/release");
        std::fs::create_dir_all(&release).expect("the folder can be written to");
        std::os::unix::fs::symlink(binary(), release.join("comptoir")).expect("the folder can be written to");
        Scratch { folder, ports: [free_port(), free_port()], up: None }
    }

    /// The data directory of `comptoir up`.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("comptoir-data")
    }

    /// The standard output of `up` since its last start.
    pub(crate) fn stdout(&self) -> String {
        self.read("up.out")
    }

    /// The standard error of `up` since its last start.
    pub(crate) fn stderr(&self) -> String {
        self.read("up.err")
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(file)).unwrap_or_default()
    }

    /// A command in this folder, with no environment but the search path.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("target/release/comptoir");
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env_clear().envs(std::env::vars().filter(|(name, _)| name == "PATH"));
        command
    }

    fn up_command(&self, more: &[&str]) -> Command {
        let [central, local] = self.ports.map(|port| format!("127.0.0.1:{port}"));
        let mut command =
            self.command(&["up", "--data-dir", "./comptoir-data", "--central-addr", &central, "--local-addr", &local]);
        command.args(more);
        command
    }

    /// Starts `comptoir up` and waits until it prints its figures.
    pub(crate) fn start(&mut self, more: &[&str]) {
        let file =
            |name: &str| std::fs::File::create(self.folder.path().join(name)).expect("the folder can be written to");
        let mut command = self.up_command(more);
        let mut up = command.stdout(file("up.out")).stderr(file("up.err")).spawn().expect("the binary starts");
        let started = Instant::now();
        while !self.stdout().contains("Comptoir is running") {
            let ended = up.try_wait().expect("a child can be polled");
            assert!(ended.is_none(), "it ended ({ended:?}): {}", self.stderr());
            assert!(started.elapsed() < READY_WITHIN, "it prints no figures: {}", self.stderr());
            std::thread::sleep(Duration::from_millis(50));
        }
        self.up = Some(up);
    }

    /// Runs a `comptoir up` that ends by itself.
    pub(crate) fn start_fails(&self, more: &[&str]) -> (Option<i32>, String) {
        let output = self.up_command(more).output().expect("the binary starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary starts")
    }

    /// The JSON lines that a command prints.
    pub(crate) fn lines(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.run(&[arguments, &["--json"]].concat());
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {out}{err}");
        out.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    }

    /// Pastes a block into a shell in this folder and returns its output. Each command must succeed.
    pub(crate) fn paste(&self, block: &str) -> String {
        let [central, local] = self.ports.map(|port| format!("127.0.0.1:{port}"));
        let block = block.replace("127.0.0.1:7400", &central).replace("127.0.0.1:7401", &local);
        let mut shell = Command::new("bash");
        shell.args(["-euo", "pipefail", "-c", &block]).current_dir(self.folder.path());
        // Without an address the program uses the default port, which is another one here.
        shell.env("COMPTOIR_URL", format!("http://{local}")).env("LC_ALL", "C").env_remove("DATA_DIR");
        let output = shell.output().expect("bash starts");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{block}\n{out}{err}");
        assert!(out.is_empty() || out.ends_with('\n'), "the prompt would stick to the answer: {out:?}");
        out.into_owned()
    }

    /// Sends Ctrl-C and returns the exit code.
    pub(crate) fn interrupt(&mut self) -> Option<i32> {
        let mut up = self.up.take().expect("it was started");
        let pid = rustix::process::Pid::from_child(&up);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a child can be interrupted");
        up.wait().expect("a child can be waited for").code()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(up) = &mut self.up {
            // It may have ended already. Postgres ends with its parent.
            let _ = up.kill();
            let _ = up.wait();
        }
    }
}
