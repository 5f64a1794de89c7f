//! The database goes away, or another transaction is in the way: nothing is written twice, nothing is lost.

use comptoir_core::id::TenantId;

use crate::harness::{Company, Scene, connect, verdicts};

/// Opens a transaction that holds the tenant's lock until it is dropped or rolled back.
async fn hold_lock(scene: &Scene, tenant: TenantId) -> tokio_postgres::Client {
    let holder = scene.admin().await;
    holder.batch_execute("begin").await.unwrap();
    holder.query("select from tenant_head where tenant_id = $1 for update", &[&tenant.uuid()]).await.unwrap();
    holder
}

/// Waits until a backend of the service waits for a lock, and ends it.
async fn terminate_waiting(scene: &Scene) {
    let admin = scene.admin().await;
    let sql = "select pg_terminate_backend(pid) from pg_stat_activity
               where usename = 'comptoir_service' and wait_event_type = 'Lock'";
    while admin.query(sql, &[]).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
}

async fn stored(company: &Company<'_>) -> i64 {
    company.count("select count(*) from event where tenant_id = $1").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connection_ended_within_a_transaction_writes_nothing_and_the_push_succeeds_on_another() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let mut node = company.node().await;
    node.sell_many(10, |sale| format!("s-{sale}"));
    let holder = hold_lock(&scene, company.tenant).await;
    let push = node.push_all(&scene);
    let disturb = async {
        terminate_waiting(&scene).await;
        assert_eq!(stored(&company).await, 2);
        holder.batch_execute("rollback").await.unwrap();
    };
    let (answer, ()) = tokio::join!(push, disturb);
    assert_eq!(verdicts(&answer), vec!["ACCEPTED"; 11]);
    assert_eq!(stored(&company).await, 2 + 11);
    company.assert_gapless().await;
}

/// The database refuses the commit itself, after every statement went well: a deferred trigger fails once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_serialization_failure_at_commit_is_tried_again() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let mut node = company.node().await;
    node.sell("s-1");
    let admin = scene.admin().await;
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
    assert_eq!(verdicts(&node.push_all(&scene).await), ["ACCEPTED", "ACCEPTED"]);
    assert_eq!(stored(&company).await, 2 + 2);
    company.assert_gapless().await;
}

/// The backend is ended while it commits, so the client cannot know. Asked again, central tells.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connection_lost_at_commit_is_an_unknown_outcome_and_asking_again_tells() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    let mut node = company.node().await;
    node.sell("s-1");
    let admin = scene.admin().await;
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
    let (status, problem) = node.send(&scene, &node.request(1, 2)).await;
    assert_eq!((status.as_u16(), problem["code"].as_str()), (503, Some("OUTCOME_UNKNOWN")));
    assert_eq!(problem["retryable"], serde_json::json!(true));
    admin.batch_execute("drop trigger ended on ingest_batch").await.unwrap();
    assert_eq!(verdicts(&node.push_all(&scene).await), ["ACCEPTED", "ACCEPTED"]);
    assert_eq!(stored(&company).await, 2 + 2);
    company.assert_gapless().await;
}

#[tokio::test]
async fn a_recycled_connection_sees_no_row_until_it_names_a_tenant() {
    let scene = Scene::new().await;
    let company = scene.company().await;
    company.node().await.push_all(&scene).await;
    let db = scene.central.database();
    // The pool hands out the connection that was used last; every one of them has worked for a tenant.
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
async fn a_role_that_no_policy_binds_is_not_connected_as() {
    let scene = Scene::new().await;
    for role in ["comptoir_admin", "comptoir_owner", "comptoir_migrator"] {
        let mut urls = scene.central.urls().clone();
        urls.service = urls.service.replace("comptoir_service", role);
        let refused = comptoir_central::database::Database::connect(&urls).await.unwrap_err();
        assert!(refused.to_string().contains("row-level security would not hold"), "{role}: {refused}");
    }
    // A reader cannot choose its tenant.
    let company = scene.company().await;
    let reader = connect(&scene.central.urls().readonly).await;
    let see = format!("set app.tenant = '{}'", company.tenant);
    reader.batch_execute(&see).await.unwrap();
    assert!(reader.query("select from tenant", &[]).await.unwrap().is_empty());
    comptoir_central::identity::allow_reader(scene.central.database(), company.tenant, "comptoir_readonly")
        .await
        .unwrap();
    assert_eq!(reader.query("select from tenant", &[]).await.unwrap().len(), 1);
    assert!(reader.query("select from api_key", &[]).await.is_err(), "and no credential");
}
