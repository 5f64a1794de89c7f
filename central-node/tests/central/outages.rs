//! The database goes away or another transaction holds a lock: nothing is written twice, nothing is lost.

use std::time::Duration;

use comptoir_central::private_postgres::PostgresConfig;
use comptoir_central::{CentralConfig, DatabaseConfig};
use comptoir_core::id::TenantId;
use comptoir_proto::problem::Problem;
use comptoir_proto::sync_v1::PushResponse;
use comptoir_test_support::{SealedLog, TestCentral, TestTenant, connect_postgres, temp_folder, verdicts};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

/// How long a test waits before it fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// Opens a transaction that holds the tenant's lock until it is dropped or rolled back.
async fn hold_lock(server: &TestCentral, tenant: TenantId) -> tokio_postgres::Client {
    let holder = server.admin().await;
    holder.batch_execute("begin").await.unwrap();
    holder.query("select from tenant_head where tenant_id = $1 for update", &[&tenant.uuid()]).await.unwrap();
    holder
}

/// Waits until a backend of the service waits for a lock, then terminates it.
async fn terminate_waiting(server: &TestCentral) {
    let admin = server.admin().await;
    let sql = "select pg_terminate_backend(pid) from pg_stat_activity
               where usename = 'comptoir_service' and wait_event_type = 'Lock'";
    while admin.query(sql, &[]).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
}

async fn stored(company: &TestTenant<'_>) -> i64 {
    company.events().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_push_whose_connection_ends_writes_nothing_and_succeeds_on_another() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell_many(10, |sale| format!("s-{sale}"));
    let holder = hold_lock(&server, company.tenant).await;
    let push = node.push_all(&server);
    let disturb = async {
        terminate_waiting(&server).await;
        assert_eq!(stored(&company).await, 2);
        holder.batch_execute("rollback").await.unwrap();
    };
    let (answer, ()) = tokio::join!(push, disturb);
    assert_eq!(verdicts(&answer), vec!["ACCEPTED"; 11]);
    assert_eq!(stored(&company).await, 2 + 11);
    company.assert_gapless().await;
}

/// A deferred trigger fails the commit itself, after every statement succeeded.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_serialization_failure_at_commit_is_retried() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell("s-1");
    let admin = server.admin().await;
    admin
        .batch_execute(
            "create table failures (id int primary key, left_to_go int);
             insert into failures values (1, 2);
             grant select on failures to comptoir_service;
             create sequence failed;
             grant usage on failed to comptoir_service;
             create function fail_at_commit() returns trigger language plpgsql as $$
             begin
                 -- A sequence is not rolled back, so it counts the attempts.
                 if nextval('failed') <= (select left_to_go from failures) then
                     raise exception 'in the way' using errcode = 'serialization_failure';
                 end if;
                 return null;
             end $$;
             create constraint trigger fail after insert on ingest_batch deferrable initially deferred
                 for each row execute function fail_at_commit();",
        )
        .await
        .unwrap();
    assert_eq!(verdicts(&node.push_all(&server).await), ["ACCEPTED", "ACCEPTED"]);
    assert_eq!(stored(&company).await, 2 + 2);
    company.assert_gapless().await;
}

/// The backend is terminated while it commits, so the client cannot know the outcome. A retry settles it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connection_lost_at_commit_is_an_unknown_outcome_that_a_retry_settles() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell("s-1");
    let admin = server.admin().await;
    admin
        .batch_execute(
            "create function end_at_commit() returns trigger language plpgsql security definer as $$
             begin
                 perform pg_terminate_backend(pg_backend_pid());
                 perform pg_sleep(0.01);
                 return null;
             end $$;
             create constraint trigger ended after insert on ingest_batch deferrable initially deferred
                 for each row execute function end_at_commit();",
        )
        .await
        .unwrap();
    node.try_push(&server, 1, 2)
        .await
        .assert_problem(503, "OUTCOME_UNKNOWN")
        .field("retryable", serde_json::json!(true));
    admin.batch_execute("drop trigger ended on ingest_batch").await.unwrap();
    assert_eq!(verdicts(&node.push_all(&server).await), ["ACCEPTED", "ACCEPTED"]);
    assert_eq!(stored(&company).await, 2 + 2);
    company.assert_gapless().await;
}

#[tokio::test]
async fn a_recycled_connection_sees_no_row_until_it_names_a_tenant() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    company.node().await.push_all(&server).await;
    let db = server.central.database();
    // The pool hands out the connection used last; each has worked for a tenant.
    for _ in 0..4 {
        let connection = db.service().await.unwrap();
        for table in ["event", "tenant", "api_key", "stock_item", "tenant_head"] {
            let rows = connection.query(&format!("select from {table}"), &[]).await.unwrap();
            assert!(rows.is_empty(), "{table} shows {} rows", rows.len());
        }
    }
    let refused = db.service().await.unwrap().execute("delete from event", &[]).await.unwrap_err();
    assert_eq!(refused.code(), Some(&tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE));
}

#[tokio::test]
async fn central_refuses_to_connect_as_a_role_that_bypasses_row_level_security() {
    let server = TestCentral::new().await;
    for role in ["comptoir_admin", "comptoir_owner", "comptoir_migrator"] {
        let mut urls = server.central.urls().clone();
        urls.service = urls.service.replace("comptoir_service", role);
        let refused = comptoir_central::database::Database::connect(&urls).await.unwrap_err();
        assert!(refused.to_string().contains("row-level security would not hold"), "{role}: {refused}");
    }
    // A reader cannot choose its tenant.
    let company = server.company().await;
    let reader = connect_postgres(&server.central.urls().readonly).await;
    let see = format!("set app.tenant = '{}'", company.tenant);
    reader.batch_execute(&see).await.unwrap();
    assert!(reader.query("select from tenant", &[]).await.unwrap().is_empty());
    comptoir_central::identity::allow_reader(server.central.database(), company.tenant, "comptoir_readonly")
        .await
        .unwrap();
    assert_eq!(reader.query("select from tenant", &[]).await.unwrap().len(), 1);
    assert!(reader.query("select from api_key", &[]).await.is_err(), "and no credential");
}

/// Stopped processes, continued on drop: a failing test must not leave a Postgres that cannot be ended.
struct Frozen(Vec<Pid>);

impl Frozen {
    /// Stops every process of a cluster, the postmaster first.
    fn all_of(server: &TestCentral) -> Frozen {
        let postmaster = server.postmaster();
        let cluster = std::fs::read_link(format!("/proc/{postmaster}/cwd")).unwrap();
        let works_there = |pid: &i32| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == cluster);
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(works_there);
        let frozen = Frozen(pids.filter_map(Pid::from_raw).collect());
        for pid in &frozen.0 {
            // A backend may have ended meanwhile.
            let _ = kill_process(*pid, Signal::STOP);
        }
        frozen
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        for pid in &self.0 {
            let _ = kill_process(*pid, Signal::CONT);
        }
    }
}

/// Polls `/readyz` until it answers with this status: its body.
async fn until_ready_says(server: &TestCentral, status: u16, code: Option<&str>) -> serde_json::Value {
    let look = async {
        loop {
            let (answered, body) = server.get_as("", "/readyz").await.into_parts();
            if answered.as_u16() == status && code.is_none_or(|code| body["code"] == code) {
                return body;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, look).await.unwrap_or_else(|_| panic!("/readyz never said {status} {code:?}"))
}

/// Pushes until central takes it, as a node does.
async fn push_until_taken(server: &TestCentral, node: &SealedLog) -> PushResponse {
    let push = async {
        loop {
            let response = node.try_push(server, 1, node.seq.0).await;
            match response.status.as_u16() {
                200 => return response.parse(),
                503 => tokio::time::sleep(Duration::from_millis(50)).await,
                _ => panic!("{response:?}"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, push).await.expect("central takes pushes again")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_killed_postgres_is_restarted_and_pushes_and_reports_go_on() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell_many(10, |sale| format!("s-{sale}"));
    node.push_all(&server).await;
    until_ready_says(&server, 200, None).await;
    for round in 1..=2 {
        let killed = server.postmaster();
        kill_process(Pid::from_raw(killed).unwrap(), Signal::KILL).unwrap();
        let problem = until_ready_says(&server, 503, Some("STORE_RESTARTING")).await;
        assert!((1..=round).contains(&problem["attempt"].as_u64().unwrap()), "{problem}");
        assert_eq!(problem["restarts_max"], 10, "{problem}");
        assert!(problem["next_attempt_in_seconds"].is_u64(), "{problem}");
        assert!(problem["reason"].as_str().unwrap().contains("signal: 9"), "{problem}");
        node.sell_many(10, |sale| format!("s-{round}-{sale}"));
        let verdicts = verdicts(&push_until_taken(&server, &node).await);
        assert_eq!(verdicts, vec!["ACCEPTED"; node.seq.0 as usize]);
        until_ready_says(&server, 200, None).await;
        assert_ne!(server.postmaster(), killed);
        company.assert_gapless().await;
        // Reports go on: their follower has reconnected.
        let head = company.count("select head from tenant_head where tenant_id = $1").await;
        let path = format!("/api/v1/reports/sales?by=day&wait=25&min_position={head}");
        let report = company.get(&path).await.assert_ok();
        assert_eq!(report["rows"][0]["sales"], json!(10 * (round + 1)), "{report}");
    }
    assert_eq!(stored(&company).await, 2 + 1 + 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_cannot_restart_is_given_up_with_a_reason() {
    let folder = temp_folder();
    let postgres = PostgresConfig { sync_initdb: false, restarts_max: 1, ..PostgresConfig::new(folder.path()) };
    let database = DatabaseConfig::Private(postgres);
    let server = TestCentral::start(CentralConfig { database, ..CentralConfig::private(folder.path()) }, folder).await;
    let cluster = std::fs::read_link(format!("/proc/{}/cwd", server.postmaster())).unwrap();
    std::fs::rename(cluster.join("global/pg_control"), cluster.join("global/gone")).unwrap();
    kill_process(Pid::from_raw(server.postmaster()).unwrap(), Signal::KILL).unwrap();
    let reason = tokio::time::timeout(PATIENCE, server.central.store_given_up()).await.unwrap();
    assert!(reason.contains("after 1 restarts") && reason.contains("pg_control"), "{reason}");
    server.get_as("", "/readyz").await.assert_problem(503, "STORE_UNAVAILABLE");
    assert!(!cluster.join("global/pg_control").exists(), "no new cluster was made in the place of the damaged one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hanging_postgres_is_reported_as_not_answering_and_recovers() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell("s-1");
    until_ready_says(&server, 200, None).await;
    let frozen = Frozen::all_of(&server);
    let problem = until_ready_says(&server, 503, Some("STORE_NOT_ANSWERING")).await;
    assert_eq!(problem["retryable"], true, "{problem}");
    drop(frozen);
    until_ready_says(&server, 200, None).await;
    push_until_taken(&server, &node).await;
}

/// `/readyz` has a connection of its own: busy reports and one tenant's lock do not make central unready, a locked table does.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readyz_answers_while_connections_are_busy_and_reports_a_locked_table() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut taken = Vec::new();
    while let Ok(connection) =
        tokio::time::timeout(Duration::from_millis(200), server.central.database().service()).await
    {
        taken.push(connection.unwrap());
    }
    let holder = hold_lock(&server, company.tenant).await;
    until_ready_says(&server, 200, None).await;
    holder.batch_execute("rollback; begin; lock table tenant_head in access exclusive mode").await.unwrap();
    until_ready_says(&server, 503, Some("STORE_NOT_ANSWERING")).await;
    holder.batch_execute("rollback").await.unwrap();
    until_ready_says(&server, 200, None).await;
    assert!(!taken.is_empty());
}

/// Postgres calls some failures to create a file internal errors.
#[tokio::test]
async fn a_full_disk_is_reported_as_such_for_every_sqlstate() {
    let server = TestCentral::new().await;
    let full = "could not create temporary file \"base/pgsql_tmp/pgsql_tmp7.0\": No space left on device";
    for (state, message) in [("53100", "could not extend file"), ("XX000", full)] {
        let raise = format!("do $$ begin raise exception '%', '{message}' using errcode = '{state}'; end $$");
        let connection = server.central.database().service().await.unwrap();
        let error = connection.batch_execute(&raise).await.unwrap_err();
        let problem = Problem::from(comptoir_central::database::StoreError::from(error));
        assert_eq!(problem.code.as_str(), "STORE_FULL", "{problem:?}");
        assert_eq!(problem.status, 507, "{problem:?}");
        assert!(problem.retryable, "later, and not at once");
        assert_eq!(problem.retry_after, Some(15), "later, and not at once");
    }
}
