//! A running `comptoir up` for tests of other commands.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use comptoir_test_support::processes::KilledOnDrop;
use comptoir_test_support::temp_folder;
use serde_json::Value;

/// Its Postgres ends with it, by the kernel's signal.
pub(crate) struct Up {
    pub(crate) child: KilledOnDrop,
    pub(crate) data_dir: tempfile::TempDir,
}

impl Up {
    /// Everything on free ports, with the sample day in it.
    pub(crate) fn start() -> Up {
        Up::start_in(temp_folder(), &[])
    }

    /// The same in a folder that may have data already, with more options.
    pub(crate) fn start_in(data_dir: tempfile::TempDir, more: &[&str]) -> Up {
        let mut command = Command::new(env!("CARGO_BIN_EXE_comptoir"));
        command.args(["--json", "up", "--central-addr", "127.0.0.1:0", "--local-addr", "127.0.0.1:0", "--data-dir"]);
        let child = command.arg(data_dir.path()).args(more).stdout(Stdio::piped()).spawn().unwrap();
        let mut up = Up { child: KilledOnDrop(child), data_dir };
        let stdout = up.child.0.stdout.take().unwrap();
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let started: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        assert_eq!(started["figures"][0]["lines"], 3_108, "{started}");
        up
    }
}
