//! A running `comptoir up` for tests of other commands.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// `comptoir up`, stopped with the test.
pub(crate) struct Up {
    child: Child,
    pub(crate) data_dir: tempfile::TempDir,
}

impl Drop for Up {
    fn drop(&mut self) {
        // Its Postgres ends with it, by the kernel's signal.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Up {
    /// Everything on free ports, with the sample day in it.
    pub(crate) fn start() -> Up {
        let data_dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(data_dir.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_comptoir"));
        command.args(["--json", "up", "--central-addr", "127.0.0.1:0", "--local-addr", "127.0.0.1:0", "--data-dir"]);
        let child = command.arg(data_dir.path()).stdout(Stdio::piped()).spawn().unwrap();
        let mut up = Up { child, data_dir };
        let stdout = up.child.stdout.take().unwrap();
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let started: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        assert_eq!(started["figures"][0]["lines"], 3_108, "{started}");
        up
    }
}
