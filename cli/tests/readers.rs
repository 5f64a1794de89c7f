//! Reading reports with SQL: the login in `up.json` reads its own company, and others only after a grant.

mod running;

use std::path::Path;
use std::process::Command;

use comptoir::exit;
use running::Up;
use serde_json::Value;

fn admin(data_dir: &Path, arguments: &[&str]) -> (u8, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comptoir"));
    let output = command.args(["--json", "admin", "--data-dir"]).arg(data_dir).args(arguments).output().unwrap();
    let shown = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (u8::try_from(output.status.code().unwrap()).unwrap(), shown)
}

/// Lines sold, and how many companies are seen.
async fn read(url: &str) -> (i64, i64) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let sql =
        "select (select count(*) from reporting.sales_lines), (select count(distinct tenant_id) from reporting.sync)";
    let row = client.query_one(sql, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_login_of_up_reads_its_company_and_others_after_a_grant() {
    let up = Up::start();
    let file: Value = serde_json::from_slice(&std::fs::read(up.data_dir.path().join("up.json")).unwrap()).unwrap();
    let url = file["database_url"].as_str().unwrap();
    let grant =
        |tenant: &str, role: &str| admin(up.data_dir.path(), &["reader", "grant", "--tenant", tenant, "--role", role]);
    assert_eq!(read(url).await, (3_108, 1));

    let make = ["tenant", "create", "--name", "Halles", "--zone", "Europe/Paris", "--currency", "EUR"];
    let (_, made) = admin(up.data_dir.path(), &make);
    let tenant = made["tenant_id"].as_str().unwrap();
    assert_eq!(read(url).await.1, 1, "nobody granted it the second company");
    assert_eq!(grant(tenant, "weather").0, exit::REFUSED, "there is no such role");
    assert_eq!(grant(tenant, "comptoir_watcher").0, exit::REFUSED, "that role is no reader");
    for _ in 0..2 {
        assert_eq!(grant(tenant, "comptoir_readonly").0, exit::OK);
    }
    assert_eq!(read(url).await, (3_108, 2));
}
