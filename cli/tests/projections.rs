//! `comptoir projections` while central serves, as an operator uses it.

mod running;

use std::path::Path;
use std::process::Command;

use comptoir::exit;
use running::Up;
use serde_json::Value;

fn projections(data_dir: &Path, arguments: &[&str]) -> (u8, Vec<Value>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comptoir"));
    let output = command.args(["--json", "projections", "--data-dir"]).arg(data_dir).args(arguments).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (u8::try_from(output.status.code().unwrap()).unwrap(), lines)
}

#[test]
fn read_models_are_rebuilt_compared_and_switched_while_central_serves() {
    let up = Up::start();
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
