//! Projections: a version is rebuilt next to the active one, killed and resumed, compared, switched and dropped; events are
//! parked; the fence stops an old owner.

use std::sync::Arc;

use comptoir_central::projections::compare::compare;
use comptoir_central::projections::rebuild::rebuild;
use comptoir_central::projections::status::{State, parked, status};
use comptoir_central::projections::switch::{drop_version, switch};
use comptoir_central::projections::{PageSize, Projection, ProjectionError, Version};
use comptoir_central::{Central, CentralConfig};
use comptoir_test_support::events::{InvoiceCreation, Sale, TestEvent};
use comptoir_test_support::{SealedLog, TestCentral, TestTenant, get_from};
use serde_json::{Value, json};
use tokio::sync::Notify;
use uuid::Uuid;

/// Small pages, so that a small log has many.
const PAGE: PageSize = PageSize { positions: 7, bytes: 1024 * 1024 };

fn number(projection: Projection, number: i32) -> Version {
    Version { projection, number }
}

/// One of everything, from a shop and from central, including refusals, conflicts and a release. `round` makes the ids
/// unique.
async fn busy_round(company: &TestTenant<'_>, node: &mut SealedLog, round: u32) {
    let id = |name: &str| format!("{name}-{round}");
    // The first push also contains the opening of the epoch.
    let from = if node.seq.0 == 1 { 1 } else { node.seq.0 + 1 };
    let goods = json!({ "lines": [{ "product": "A", "quantity": "3.5", "unit_cost": "1.3333" }, { "product": "B", "quantity": "2", "unit_cost": "7" }] });
    node.seal("RECEPTION", &id("e"), "GOODS_RECEIVED", &goods);
    for sale in 0..6 {
        node.sell(&id(&format!("s{sale}")));
    }
    let mut refund = Sale::default().payload();
    refund["original"] = json!(id("s1"));
    node.seal("SALE", &id("r"), "SALE_REFUNDED", &refund);
    node.seal(
        "STOCK",
        &id("w"),
        "STOCK_WRITTEN_OFF",
        &json!({ "reason": "broken", "lines": [{ "product": "B", "quantity": "0.5" }] }),
    );
    let count = node.seal(
        "STOCK",
        &id("k"),
        "STOCK_COUNTED",
        &json!({ "lines": [{ "product": "A", "quantity": "4" }, { "product": "B", "quantity": "9" }] }),
    );
    node.record(&id("i"), &InvoiceCreation::default());
    node.record(&id("j"), &InvoiceCreation::default());
    node.seal("INVOICE", &id("i"), "INVOICE_CANCELLED", &json!({ "invoice": id("i"), "reason": "twice" }));
    node.seal("CLIENT", "c-1", "CREATE", &json!({ "name": format!("Dupont {round}"), "phone": "01" }));
    node.seal("CLIENT", "c-1", "UPDATE", &json!({ "phone": null, "mail": "d@example.org" }));
    node.seal("STUDENT", &id("p"), "CREATE", &json!({ "mark": 12.50, "class": "4e" }));
    node.seal("PRODUCT", "A", "CREATE", &json!({ "name": "Pomme" }));
    let wrong = node.record(&id("q"), &Sale { total_minor: 511, ..Sale::default() });
    node.seal("SALE", &id("u"), "SALE_RECORDED", &json!({ "nothing": true }));
    node.seal_bytes(b"no record at all".to_vec());
    node.push(company.server, from, node.seq.0).await;

    let post = async |entity_type: &str, entity: &str, action: &str, payload: Value| {
        let event = json!({ "id": Uuid::now_v7(), "entity_type": entity_type, "entity_id": entity, "action": action, "payload": payload });
        let answer = company.post("/api/v1/events", event).await.assert_ok();
        answer["results"][0]["decision"]["position"].as_u64().unwrap()
    };
    let version = post("STUDENT", &id("n"), "CREATE", json!({ "mark": 9 })).await;
    post("STOCK", &id("k"), "STOCK_COUNT_ACCEPTED", json!({ "event_id": count.uuid() })).await;
    post("PRODUCT", &id("P"), "CREATE", json!({ "name": "Poire", "price": "1.20" })).await;
    post(
        "DELIVERY",
        &id("d"),
        "DELIVERY_CREATED",
        json!({ "reference": id("BL"), "client": "Dupont", "qr": id("qr") }),
    )
    .await;
    company.post(&format!("/api/v1/quarantine/{wrong}/release"), "{}").await.assert_ok();

    // The node has not seen either change: it validates a delivery twice and edits a student that central has changed.
    let from = node.seq.0 + 1;
    for _ in 0..2 {
        node.seal(
            "DELIVERY",
            &id("d"),
            "DELIVERY_VALIDATED",
            &json!({ "qr": id("qr"), "validated_at": "2026-03-01T09:00:00Z", "latitude": 48.85, "longitude": 2.35 }),
        );
    }
    let mut stale = node.event("STUDENT", &id("n"), "UPDATE", &json!({ "mark": 10 }));
    stale.content.base_version = Some(version - 1);
    node.seal_event(stale);
    node.push(company.server, from, node.seq.0).await;
}

async fn head(company: &TestTenant<'_>) -> u64 {
    status(company.server.central.database(), company.tenant).await.unwrap().head.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_rebuild_during_sales_continues_and_ends_with_the_same_bytes() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    for round in 0..4 {
        busy_round(&company, &mut node, round).await;
    }
    let (db, tenant) = (server.central.database().clone(), company.tenant);

    // Killed in the middle, while the shop sells.
    let halfway = Arc::new(Notify::new());
    let half_done = Arc::clone(&halfway);
    let mut pages = 0;
    let doomed = rebuild(&db, tenant, &Projection::ALL, PAGE, move |_| {
        pages += 1;
        if pages == 6 {
            half_done.notify_one();
        }
    });
    tokio::select! {
        biased;
        () = halfway.notified() => {}
        built = doomed => panic!("it was to be killed: {built:?}"),
    }
    let reached = status(&db, tenant).await.unwrap();
    let building: Vec<_> = reached.versions.iter().filter(|version| version.state == State::Building).collect();
    assert_eq!(building.len(), Projection::ALL.len());
    let killed_at = building[0].position;
    assert!(killed_at.0 > 0 && killed_at < reached.head, "killed at {killed_at} of {}", reached.head);
    assert!(
        building.iter().all(|version| version.position == killed_at),
        "rows and cursors of one page are one transaction"
    );

    // The rebuild continues where it was killed; meanwhile another round is sold.
    let mut first = None;
    let going_on = rebuild(&db, tenant, &Projection::ALL, PAGE, |reached| {
        first.get_or_insert(reached.position);
    });
    let (built, ()) = tokio::join!(going_on, busy_round(&company, &mut node, 4));
    assert_eq!(first, Some(killed_at));
    let mut built = built.unwrap();
    built.sort();
    let second = |projection| number(projection, 2);
    assert_eq!(built, Projection::ALL.map(second));

    for projection in Projection::ALL {
        let compared = compare(&db, tenant, projection, (1, 2)).await.unwrap();
        assert!(compared.is_equal(), "{projection}: {compared:#?}");
        let rows: u64 = compared.tables.iter().map(|table| table.left.rows).sum();
        assert!(rows > 0, "{projection} has rows");
    }

    // Switched while the shop sells: no event falls between the versions.
    let switching = async {
        for projection in Projection::ALL {
            let switched = switch(&db, tenant, number(projection, 2)).await.unwrap();
            assert_eq!(switched.from, Some(number(projection, 1)));
            assert_eq!(switched.to, number(projection, 2));
        }
    };
    tokio::join!(switching, busy_round(&company, &mut node, 5));
    busy_round(&company, &mut node, 6).await;
    let last = head(&company).await;
    let sales = company.get(&format!("/api/v1/reports/sales?by=month&min_position={last}")).await.assert_ok();
    assert_eq!(sales["rows"][0]["sales"], 7 * 7, "six sales and a released one each round: {sales}");

    // A new version, built in one go and in pages of another size, is equal byte by byte; so is the old one, once it is
    // caught up.
    let fresh = rebuild(&db, tenant, &Projection::ALL, PageSize::REBUILT, |_| {}).await.unwrap();
    assert!(fresh.iter().all(|version| version.number == 3));
    for projection in Projection::ALL {
        let compared = compare(&db, tenant, projection, (2, 3)).await.unwrap();
        assert!(compared.is_equal(), "{projection}: {compared:#?}");
        if projection.is_deciding() {
            let back = compare(&db, tenant, projection, (1, 2)).await.unwrap();
            assert!(back.is_equal(), "{projection}: {back:#?}");
            assert_eq!(back.position.0, last);
        }
    }

    // Switching back, and dropping.
    let refused = drop_version(&db, tenant, number(Projection::Stock, 2)).await;
    assert!(matches!(refused, Err(ProjectionError::Active { .. })), "{refused:?}");
    assert_eq!(switch(&db, tenant, number(Projection::Stock, 1)).await.unwrap().position.0, last);
    drop_version(&db, tenant, number(Projection::Stock, 2)).await.unwrap();
    let gone = drop_version(&db, tenant, number(Projection::Stock, 2)).await;
    assert!(matches!(gone, Err(ProjectionError::NoVersion { .. })), "{gone:?}");
    let rows = "select (select count(*) from stock_item where tenant_id = $1 and version = 2)
                     + (select count(*) from stock_consumed where tenant_id = $1 and version = 2)";
    assert_eq!(company.count(rows).await, 0);
    busy_round(&company, &mut node, 7).await;
    assert!(compare(&db, tenant, Projection::Stock, (1, 3)).await.unwrap().is_equal());
}

#[tokio::test]
async fn a_comparison_names_the_first_row_that_differs() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    busy_round(&company, &mut node, 0).await;
    let (db, tenant) = (server.central.database(), company.tenant);
    rebuild(db, tenant, &[Projection::Stock], PAGE, |_| {}).await.unwrap();
    let tamper =
        "update stock_item set backordered = backordered + 1 where tenant_id = $1 and version = 1 and product = 'B'";
    server.admin().await.execute(tamper, &[&tenant.uuid()]).await.unwrap();
    let compared = compare(db, tenant, Projection::Stock, (1, 2)).await.unwrap();
    assert!(!compared.is_equal());
    let items = &compared.tables[0];
    assert_eq!(items.table, "stock_item");
    assert_eq!(items.left.rows, 2);
    assert_eq!(items.right.rows, 2);
    assert_ne!(items.left.digest, items.right.digest);
    let difference = items.difference.as_ref().unwrap();
    assert_eq!(difference.row, 2);
    assert!(difference.left.as_ref().unwrap().contains(",B,"), "{difference:?}");
    assert_eq!(compared.tables[1].difference, None, "stock_consumed");
}

#[tokio::test]
async fn an_event_that_cannot_be_applied_parks_its_entity_and_nothing_else() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell("s-1");
    node.sell("s-2");
    node.sell("s-3");
    node.seal("SALE", "s-2", "SALE_CANCELLED", &Sale::default().payload());
    let pushed = node.push_all(&server).await;
    let (db, tenant) = (server.central.database(), company.tenant);
    let (bad, waits) = (pushed.results[2].position, pushed.results[4].position);
    // The version that is read has them all.
    company.get(&format!("/api/v1/reports/sales?min_position={waits}")).await.assert_ok();
    // Unreadable bytes in place of a sale, as a disk might produce: no privilege prevents that.
    let admin = server.admin().await;
    let damage = "update event set record = '\\x00' where tenant_id = $1 and position = $2";
    admin.execute(damage, &[&tenant.uuid(), &i64::try_from(bad).unwrap()]).await.unwrap();

    rebuild(db, tenant, &[Projection::Sales], PAGE, |_| {}).await.unwrap();
    let parked = parked(db, tenant, 10).await.unwrap();
    assert_eq!(parked.len(), 2, "{parked:?}");
    for (event, position, reason) in [(&parked[0], bad, "record"), (&parked[1], waits, "earlier event")] {
        assert_eq!(event.position.0, position);
        assert_eq!(event.entity_id, "s-2");
        assert_eq!(event.of.number, 2);
        assert!(event.reason.contains(reason), "{event:?}");
    }
    let built = status(db, tenant).await.unwrap();
    let built = built.versions.iter().find(|version| version.of == number(Projection::Sales, 2)).unwrap();
    assert_eq!(built.parked, 2);
    assert_eq!(built.position.0, waits, "the projection went on");

    switch(db, tenant, number(Projection::Sales, 2)).await.unwrap();
    let report = company.get("/api/v1/reports/sales?by=entity").await.assert_ok();
    assert_eq!(report["parked"], 2, "a report that lacks something says so");
    let keys: Vec<_> = report["rows"].as_array().unwrap().iter().map(|row| &row["key"]).collect();
    assert_eq!(keys, ["s-1", "s-3"]);

    // A deciding projection does not guess: it stops and reports the position.
    let stopped = rebuild(db, tenant, &[Projection::Stock], PAGE, |_| {}).await;
    assert!(matches!(&stopped, Err(ProjectionError::Damaged(finding)) if finding.first == bad), "{stopped:?}");
}

#[tokio::test]
async fn of_two_owners_of_a_cursor_the_fence_stops_the_first() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let mut node = company.node().await;
    node.sell("s-1");
    let first = node.push_all(&server).await.results.last().unwrap().position;
    let read = async |position: u64, wait: u64| {
        company.get(&format!("/api/v1/reports/sales?min_position={position}&wait={wait}")).await
    };
    read(first, 25).await.assert_ok();
    // Another owner claims the cursor, as another process would, and dies without releasing it.
    let admin = server.admin().await;
    let steal = "update projection_version set owner_epoch = owner_epoch + 1, owner = gen_random_uuid(), owned_until = now() + interval '1 hour'
                 where tenant_id = $1 and projection = 'sales'";
    admin.execute(steal, &[&company.tenant.uuid()]).await.unwrap();
    node.sell("s-2");
    let second = node.push(&server, 3, 3).await.results[0].position;
    // The old owner wrote nothing.
    read(second, 1).await.assert_problem(503, "POSITION_NOT_REACHED").field("complete_through", first);
    assert_eq!(company.count("select count(*) from sales_line where tenant_id = $1").await, 1);
    // Its lease expires, and a new owner claims the cursor.
    admin
        .execute("update projection_version set owned_until = now() where tenant_id = $1", &[&company.tenant.uuid()])
        .await
        .unwrap();
    read(second, 25).await.assert_ok();
    assert_eq!(company.count("select count(*) from sales_line where tenant_id = $1").await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_one_database_count_every_event_once() {
    let server = TestCentral::new().await;
    let company = server.company().await;
    let other = Central::start(CentralConfig::external(server.central.urls().clone())).await.unwrap();
    let other_router = comptoir_central::router(Arc::clone(&other));
    let mut nodes = Vec::new();
    for _ in 0..4 {
        nodes.push(company.node().await);
    }
    let pushes = nodes.iter_mut().enumerate().map(|(shop, node)| {
        let server = &server;
        async move {
            for sale in 0..20 {
                node.sell(&format!("s-{shop}-{sale}"));
                node.push(server, node.seq.0.min(sale + 1).max(1), node.seq.0).await;
            }
        }
    });
    futures_util::future::join_all(pushes).await;
    let last = head(&company).await;
    // The process that received no push returns the same figures.
    let path = format!("/api/v1/reports/sales?by=month&min_position={last}");
    let report = get_from(&other_router, &company.token, &path).await.assert_ok();
    assert_eq!(report["rows"][0]["sales"], 80, "{report}");
    assert_eq!(report["complete_through"], last, "{report}");
    other.shutdown().await;
}
