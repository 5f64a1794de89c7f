//! `comptoir projections` beside a running central, as an operator uses it.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use comptoir::exit;
use serde_json::Value;

/// `comptoir up`, stopped with the test.
struct Up {
    child: Child,
    data_dir: tempfile::TempDir,
}

impl Drop for Up {
    fn drop(&mut self) {
        // Its Postgres ends with it, by the kernel's signal.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything on free ports, with the sample day in it.
fn up() -> Up {
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

fn projections(data_dir: &Path, arguments: &[&str]) -> (u8, Vec<Value>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comptoir"));
    let output = command.args(["--json", "projections", "--data-dir"]).arg(data_dir).args(arguments).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (u8::try_from(output.status.code().unwrap()).unwrap(), lines)
}

#[test]
fn read_models_are_built_anew_compared_and_switched_while_central_serves() {
    let up = up();
    let run = |arguments: &[&str]| projections(up.data_dir.path(), arguments);

    let (code, compared) = run(&["rebuild", "stock", "sales", "--switch"]);
    assert_eq!(code, exit::OK, "{compared:?}");
    let equal: Vec<_> = compared.iter().filter(|line| line["equal"] == true).map(|line| &line["projection"]).collect();
    assert_eq!(equal, ["stock", "sales"], "{compared:?}");
    let rows = compared.iter().flat_map(|line| line["tables"].as_array().cloned().unwrap_or_default());
    assert!(
        rows.into_iter().any(|table| table["table"] == "sales_line" && table["left_rows"] == 3_108),
        "{compared:?}"
    );

    let active = |status: &[Value], projection: &str| {
        let versions = status[0]["versions"].as_array().unwrap();
        let active = versions.iter().find(|row| row["projection"] == projection && row["state"] == "active");
        active.unwrap()["version"].clone()
    };
    let (code, status) = run(&["status"]);
    assert_eq!((code, active(&status, "stock"), active(&status, "sales")), (exit::OK, 2.into(), 2.into()));

    let (code, back) = run(&["switch", "stock", "1"]);
    assert_eq!((code, &back[0]["from"], &back[0]["to"]), (exit::OK, &2.into(), &1.into()));
    assert_eq!(run(&["drop", "stock", "1"]).0, exit::REFUSED, "what is read is not dropped");
    assert_eq!(run(&["drop", "stock", "2"]).0, exit::OK);
    assert_eq!(run(&["compare", "stock", "1", "2"]).0, exit::REFUSED, "there is no version 2 any more");
    assert_eq!(run(&["rebuild", "weather"]).0, exit::USAGE);
}
