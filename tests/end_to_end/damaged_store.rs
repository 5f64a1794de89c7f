use std::path::Path;

use comptoir_central::private_postgres::connection_string_of;
use comptoir_test_support::RunningTenant;
use comptoir_test_support::processes::{self, RunningServer};
use serde_json::{Value, json};
use uuid::Uuid;

async fn as_role(company: &RunningTenant, role: &str) -> tokio_postgres::Client {
    let url = connection_string_of(&company.path("central"), role, comptoir_central::database::NAME).unwrap();
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn sell(company: &RunningTenant, node: &RunningServer, sales: usize) {
    for sale in 0..sales {
        let payload = json!({"currency": "EUR", "total_minor": 510,
            "lines": [{"product": "P", "quantity": "2", "unit_price": "2.55"}]});
        let body = json!({"id": Uuid::now_v7(), "entity_type": "SALE", "entity_id": format!("s-{sale}"),
            "action": "SALE_RECORDED", "payload": payload});
        let (status, answer) = company.post(&format!("{}/api/v1/events", node.url), &body).await;
        assert_eq!(status, 200, "{answer}");
    }
    company.drained(node).await;
}

/// Exports central's log. Returns the output, or exit code and message, and whether a file was left.
fn export(company: &RunningTenant, name: &str) -> (Result<Value, (i32, String)>, bool) {
    let bundle = company.path(name);
    let out = bundle.display().to_string();
    let args = ["events", "export", "--url", &company.central.url, "--token", &company.token, "--out", &out];
    let ended = processes::run_comptoir(&args, &[]);
    (ended, bundle.exists() || Path::new(&format!("{out}.part")).exists())
}

/// Runs `comptoir admin check` while central runs. Returns exit code and output.
fn check(company: &RunningTenant) -> (i32, String) {
    let data_dir = company.path("central").display().to_string();
    match processes::run_comptoir(&["admin", "check", "--tenant", &company.tenant], &[("DATA_DIR", &data_dir)]) {
        Ok(message) => (0, message.to_string()),
        Err(damaged) => damaged,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_across_deleted_rows_names_them_and_leaves_no_file() {
    let company = RunningTenant::new("Europe/Paris", "EUR");
    let site = company.site("PARIS");
    let node = company.node(&site, "till", &company.central.url);
    sell(&company, &node, 8).await;
    let (ended, file) = export(&company, "before.bundle");
    assert!(ended.is_ok() && file, "{ended:?}");
    let (code, message) = check(&company);
    assert_eq!(code, 0, "{message}");
    assert!(message.contains("\"intact\":true"), "{message}");

    let owner = as_role(&company, "comptoir_owner").await;
    owner.batch_execute(&format!("set app.tenant = '{}'", company.tenant)).await.unwrap();
    assert_eq!(owner.execute("delete from event where position between 6 and 7", &[]).await.unwrap(), 2);
    let (ended, file) = export(&company, "after.bundle");
    let (code, message) = ended.unwrap_err();
    assert_eq!((code, file), (1, false), "{message}");
    for part in ["broke off", "STORE_DAMAGED", "position 6 to 7", "comptoir admin check", "Nothing of it was kept"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let (code, message) = check(&company);
    assert_eq!(code, 1, "{message}");
    assert!(
        message.contains("\"damage\":\"MISSING_POSITIONS\"") && message.contains("\"first\":6,\"last\":7"),
        "{message}"
    );
    let log = company.central.words();
    assert!(log.contains("ERROR") && log.contains("MISSING_POSITIONS"), "the operator's log reports it: {log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_across_an_unreadable_postgres_page_reports_it() {
    let mut company = RunningTenant::new("Europe/Paris", "EUR");
    let site = company.site("PARIS");
    let node = company.node(&site, "till", &company.central.url);
    sell(&company, &node, 60).await;
    let admin = as_role(&company, "comptoir_admin").await;
    let file: String = admin.query_one("select pg_relation_filepath('event')", &[]).await.unwrap().get(0);
    drop(admin);
    company.central.stop();
    let file = company.path("central").join("pg").join(file);
    let mut bytes = std::fs::read(&file).unwrap();
    // In the middle of the third page.
    bytes[2 * 8192 + 4000] ^= 0xff;
    std::fs::write(&file, bytes).unwrap();
    company.central.start_again();

    let (ended, left) = export(&company, "damaged.bundle");
    let (code, message) = ended.unwrap_err();
    assert_eq!((code, left), (1, false), "{message}");
    for part in ["broke off", "STORE_DAMAGED", "UNREADABLE", "XX001"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let (code, message) = check(&company);
    assert_eq!(code, 1, "{message}");
    assert!(message.contains("\"damage\":\"UNREADABLE\""), "{message}");
}
